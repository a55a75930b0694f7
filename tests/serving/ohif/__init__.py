"""The full viewer as an option, without the viewer itself."""
