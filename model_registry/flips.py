"""Negative flips as reviewers look at them: with the map of the model that called a finding, seen or not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from model_registry.kept_scores import Floats, kept_at, maps_at
from model_registry.test_set import places_of
from overread.domain.audit import AuditEvent
from overread.domain.identifiers import Digest, PersonKey, StudyUid, VersionKey
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork

Comparison = Mapping[str, Any]
Flip = Mapping[str, Any]
_SAYS_FINDING = {"missed": "production", "false_alarm": "candidate"}


def flips_of(comparison: Comparison) -> Sequence[Flip]:
    """Return the flips that a comparison recorded; none of a first release."""
    return comparison.get("flips") or ()


def caller_of(flip: Flip) -> str:
    """Return which part says that there is a finding: of a flip it is always one of the two."""
    return _SAYS_FINDING[flip["kind"]]


def has_maps(work: UnitOfWork, comparison: Comparison) -> bool:
    """Say whether the maps of both models were kept when they were compared."""
    return all(_places(work, comparison, part) is not None for part in _SAYS_FINDING.values())


def flip_map(
    work: UnitOfWork, objects: Objects, comparison: Comparison, *, study: StudyUid, part: str
) -> Floats | None:
    """Return where a part saw a finding in a flip, (h, w); None where it says no finding or kept no map.

    It is the map of the very scores that were compared, whatever the model has said of the study since.

    Raises
    ------
    NotFoundError
        The scores are no longer among the objects, or damaged.
    """
    called = [StudyUid(flip["study"]) for flip in flips_of(comparison) if caller_of(flip) == part]
    places = _places(work, comparison, part)
    if study not in called or places is None:
        return None
    scores, cases = places
    rows = places_of(objects, cases)
    maps: Floats = maps_at(objects, scores, tuple(rows[each] for each in called))[called.index(study)]
    return maps


def _places(work: UnitOfWork, comparison: Comparison, part: str) -> tuple[Digest, Digest] | None:
    """Return where a part's scores and the cases of the test set lie."""
    model = ((comparison.get("evaluations") or {}).get(part) or {}).get("digest")
    asked = (comparison.get("test_set") or {}).get("version")
    cases = next((each.digest for each in work.datasets.test_sets() if each.version == asked), None)
    if model is None or cases is None:
        return None
    scores = kept_at(work, model=Digest(model), dataset=cases)
    return None if scores is None else (scores, cases)


def mark_seen(
    work: UnitOfWork, version: VersionKey, reviewer: PersonKey, studies: Iterable[StudyUid], *, now: datetime
) -> int:
    """Note that a reviewer has looked at some flips; return how many that makes in all.

    Raises
    ------
    NotFoundError
        Nobody has asked to promote this version.
    """
    flips = {flip["study"] for flip in flips_of(work.models.request(version).comparison)}
    known = work.models.seen_flips(version, reviewer)
    fresh = sorted(flips.intersection(studies) - known)
    if fresh:
        work.models.add_seen_flips(version, reviewer, fresh, at=now)
        details = {"version": version, "seen": len(known) + len(fresh), "flips": len(flips)}
        work.audit.append(
            AuditEvent(
                at=now,
                by=reviewer,
                action="flips-seen",
                subject=f"flips:{version}",
                details=details,
            )
        )
    return len(known) + len(fresh)
