"""A synthetic radiology department whose truth is known; must not know learning, the database or the web."""
