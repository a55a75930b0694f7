"""The tables, one file a subject; must not know domain rules."""
