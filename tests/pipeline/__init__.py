"""Tests of the steps of the loop, on a tiny simulated department and on real radiographs."""
