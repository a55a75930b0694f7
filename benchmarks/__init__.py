"""Measures speed against what a user would otherwise run; nothing else imports it, and it tests nothing."""
