"""Tests: What processes are handed."""
