"""Mirrors `serving.security`."""
