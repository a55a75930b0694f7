"""The web process: security, the HTTP interface and inference."""
