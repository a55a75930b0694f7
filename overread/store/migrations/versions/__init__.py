"""Released migrations, never edited."""
