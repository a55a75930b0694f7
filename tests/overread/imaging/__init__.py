"""Tests of `overread.imaging`."""
