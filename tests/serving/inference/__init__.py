"""Mirrors `serving.inference`."""
