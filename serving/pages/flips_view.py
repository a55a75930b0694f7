"""Negative flips as tiles: production on the left, the candidate on the right, seen or not yet."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from model_registry.flips import caller_of, flips_of, has_maps
from overread.domain.people import Permission, Person
from overread.domain.promotion import PromotionRequest
from overread.store.unit_of_work import UnitOfWork
from serving.api.shapes import finite
from serving.pages.visits import Visit

Record = Mapping[str, Any]
Shows = Literal["all", "missed", "false_alarm", "unseen"]
FIRST = 12
LONGEST = 320  # side of a thumbnail in pixels: twice what a tile gives it, for dense screens


def flips_view(
    visit: Visit, work: UnitOfWork, person: Person, request: PromotionRequest, *, shows: Shows | None
) -> dict[str, Any]:
    """Count the flips for everybody, and show single ones to those who may see studies of the test set."""
    comparison: Record = finite(request.comparison)
    flips = flips_of(comparison)
    open_to = visit.web.shows_test_cases(person)
    seen = work.models.seen_flips(request.version, person.key)
    tiles = _tiles(visit, request, comparison, seen) if open_to else []
    chosen = _chosen(tiles, shows)
    first = chosen[:FIRST] if shows is None else chosen
    missed = sum(flip.get("kind") == "missed" for flip in flips)
    counts = {"all": len(flips), "missed": missed, "false_alarm": len(flips) - missed}
    marks = person.may(Permission.DECIDE)
    if marks:
        counts["unseen"] = len(flips) - len(seen)
    return {
        "open": open_to,
        "marks": marks,
        "seen": seen_words(visit, len(seen), len(flips)),
        "tiles": first,
        "more": len(chosen) - len(first),
        "count": counts,
        "shows": shows or "all",
        "maps": has_maps(work, comparison),
        "longest": LONGEST,
    }


def seen_words(visit: Visit, seen: int, flips: int) -> str:
    """Return how many of the flips a reviewer has looked at, and what is left to do, in words."""
    key = "candidates.seen" if seen >= flips else "candidates.seen_some"
    return visit.words.text(key, seen=seen, n=flips)


def _chosen(tiles: Sequence[dict[str, Any]], shows: Shows | None) -> Sequence[dict[str, Any]]:
    if shows == "unseen":
        return [tile for tile in tiles if not tile["seen"]]
    return [tile for tile in tiles if shows in {None, "all", tile["kind"]}]


def _tiles(
    visit: Visit, request: PromotionRequest, comparison: Record, seen: Collection[str]
) -> Sequence[dict[str, Any]]:
    flips = flips_of(comparison)
    return [
        {
            "number": number,
            "study": flip["study"],
            "image": f"/api/v1/studies/{flip['study']}/image.png",
            "kind": flip["kind"],
            "what": _truth(visit, flip),
            "seen": flip["study"] in seen,
            "models": [_model(request, comparison, flip, part) for part in ("production", "candidate")],
        }
        for number, flip in enumerate(flips, start=1)
    ]


def _model(request: PromotionRequest, comparison: Record, flip: Record, part: str) -> dict[str, Any]:
    called = caller_of(flip) == part
    return {
        "part": part,
        "version": comparison.get(part) or request.version,
        "probability": flip.get(part),
        "called": called,
        "map": f"/api/v1/candidates/{request.version}/flips/{flip['study']}/{part}.png" if called else None,
    }


def _truth(visit: Visit, flip: Record) -> str:
    """Return what is true of a flip: the findings by name, or that there is one, or none."""
    names = [visit.finding_name(str(code)) for code in flip.get("findings") or []]
    empty = visit.words.text("label.has_finding" if flip["kind"] == "missed" else "label.no_finding")
    return visit.words.text("list.comma").join(names) or empty
