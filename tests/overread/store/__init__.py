"""Tests: The stores, on both databases."""
