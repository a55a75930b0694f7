"""Tests: The rules, on values alone."""
