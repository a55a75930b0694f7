"""Tests: A study's life."""
