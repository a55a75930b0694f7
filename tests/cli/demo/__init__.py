"""The demo's people and pictures."""
