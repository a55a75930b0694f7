"""How long a case was open on a page."""

from datetime import datetime

LONGEST_READ = 86_400  # seconds


def seconds_since(opened: str, now: datetime) -> float | None:
    """Return how long a case was open on the page; None where the page does not say."""
    try:
        seconds = (now - datetime.fromisoformat(opened)).total_seconds()
    except (ValueError, TypeError):
        return None
    return seconds if 0 <= seconds <= LONGEST_READ else None
