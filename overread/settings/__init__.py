"""What an installation can set, and the files of clinical choices; must not know stores or services."""
