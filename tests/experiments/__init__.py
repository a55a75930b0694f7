"""Experiments on a tiny department."""
