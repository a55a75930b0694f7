"""Pages that people use, rendered on the server, whole without script; must not hold rules or sentences."""
