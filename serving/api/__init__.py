"""The bodies and routes of the public HTTP interface; must not know pages or SQL."""
