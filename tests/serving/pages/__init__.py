"""Pages by role and language, and what their forms do to the database."""
