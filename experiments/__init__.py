"""Comparisons with a table at the end; must not change anything that is in production."""
