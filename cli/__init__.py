"""The `overread` command, one file a noun; must not hold a rule, and `--help` loads nothing heavy."""
