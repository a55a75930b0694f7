"""Tests of the statistics against papers, other libraries and brute force."""
