"""The command, as a person meets it: in a folder and a home of its own."""
