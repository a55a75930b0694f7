"""Tests of what was trained, how good it is, what is served."""
