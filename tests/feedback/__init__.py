"""Tests: From a pressed button to a label fit to train on."""
