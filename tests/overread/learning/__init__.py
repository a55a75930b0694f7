"""Tests of overread.learning, on toy pictures with a bright square for a finding."""
