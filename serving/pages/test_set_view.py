"""What the review page shows of the test set: how often it may still be asked, and its bridge to the last."""

import json
from typing import Any

from model_registry.ledger import looks_left
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from serving.pages.visits import Visit


def test_set_view(work: UnitOfWork, objects: Objects, visit: Visit) -> dict[str, Any] | None:
    """Return the facts of the latest test set; None while none is frozen."""
    known = work.datasets.test_set()
    if known is None:
        return None
    return {
        "version": known.version,
        "at": visit.formats.instant(known.frozen_at),
        "positive": known.n_positive,
        "negative": known.n_negative,
        "looks": known.looks,
        "left": looks_left(work, known),
        "parent": known.parent,
        "bridge": [] if known.bridge is None else _rows(json.loads(objects.get(known.bridge))),
        "unbridged": known.unbridged,
    }


def _rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one line for each number of each model: on the old set, on the new one, and the difference."""
    return [
        {
            "part": part,
            "version": crossed["version"],
            "what": name,
            "old": crossed["old"][name]["estimate"],
            "new": crossed["new"][name]["estimate"],
            "difference": difference,
        }
        for part, crossed in sorted(record["models"].items(), reverse=True)  # production, then the anchor
        for name, difference in sorted(crossed["difference"].items(), reverse=True)
    ]
