"""A study's life, whichever way it came in; must not know feedback, models, HTTP or flows."""
