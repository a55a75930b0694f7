"""What was worked out before, in files of the cache folder; any of them may be deleted at any time."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def remembered(place: Path) -> dict[str, Any] | None:
    """Return what a file holds; None where it is not there or is damaged."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def remember(place: Path, content: Mapping[str, object]) -> None:
    """Replace a file whole: another process reads the old content or the new."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(place)
