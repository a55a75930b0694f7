"""Programs of other makers against ours; skipped, and said so, where they are not there."""
