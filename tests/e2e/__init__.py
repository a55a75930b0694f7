"""The real loop, from command to page."""
