"""Killed at any step, nothing accepted is lost and the same command goes on."""
