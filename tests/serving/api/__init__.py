"""Mirrors `serving.api`."""
