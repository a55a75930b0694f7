"""Settings to wired services, one file a kind of process; must not know routes, flows' order or commands."""
