"""Tests of the simulated department."""
