"""Alembic environment and versions; must not know domain rules."""
