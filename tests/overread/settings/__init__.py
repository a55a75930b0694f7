"""Tests of settings, tasks and policies."""
