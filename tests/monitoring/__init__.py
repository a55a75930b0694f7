"""Tests of what watches production."""
