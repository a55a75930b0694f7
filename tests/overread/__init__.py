"""Tests of the package overread."""
