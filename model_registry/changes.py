"""What one model version changed, by which protocol, with which impact, who decided, and what followed.

Only what is recorded is told, as JSON values: what is not there is None, and is named under `missing`. No
study is named; people are, as the record names them, with the reasons they gave for a model.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from model_registry.aftermath import afterwards, events
from model_registry.recording import Json, recorded
from overread.domain.audit import names_a_study
from overread.domain.change_control import changed_features, shift, update_kind
from overread.domain.datasets import DatasetVersion, Look, TestSet
from overread.domain.errors import NotFoundError
from overread.domain.models import ModelVersion
from overread.domain.promotion import NEEDED, PromotionRequest
from overread.store.records import plain
from overread.store.unit_of_work import UnitOfWork

Record = dict[str, Json]
Composed = Callable[[DatasetVersion, DatasetVersion | None], object]
"""Counts what a dataset is made of, against an earlier one; None where nothing can be counted."""

BASELINES = ("production", "anchor")
_TO_ANCHOR = "anchor."  # how the names of checks against the first release begin


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What the database has of one version; `before` is what it was compared with, or was trained from."""

    model: ModelVersion
    before: ModelVersion | None
    anchor: ModelVersion | None
    request: PromotionRequest | None
    look: Look | None
    test_set: TestSet | None

    @property
    def comparison(self) -> Mapping[str, Any]:
        """The record of the comparison; empty where there is none."""
        return {} if self.request is None else self.request.comparison


def change_of(work: UnitOfWork, version: str, *, task: str, composed: Composed) -> Record:
    """Return the change record of a version.

    Raises
    ------
    NotFoundError
        No such version is registered.
    """
    known = _known(work, work.models.get(version))
    change: Record = {
        "version": known.model.version,
        "name": known.model.name,
        "state": known.model.state.value,
        "modification": _modification(known),
        "learning": _learning(work, known, composed),
        "lineage": _lineage(known),
        "protocol": _protocol(known),
        "impact": {**_impact(known), "shadows": _shadows(work, known.model)},
        "baselines": _baselines(known),
        "decision": _decision(known.request),
        "afterwards": afterwards(work, known.model, task),
        "events": events(work, known.model.version),
    }
    return {**change, "missing": list(_missing(known, change))}


def _known(work: UnitOfWork, model: ModelVersion) -> _Known:
    versions = {str(each.version): each for each in work.models.all()}
    request = _request(work, model.version)
    comparison: Mapping[str, Any] = {} if request is None else request.comparison
    before = versions.get(comparison.get("production") or model.lineage.parent or "")
    asked = None if request is None else request.ledger.get("test_set")
    looks = [
        (test_set, look)
        for test_set in work.datasets.test_sets()
        for look in work.datasets.looks(test_set.version)
        if look.candidate == model.version and asked in {None, test_set.version}
    ]
    test_set, look = looks[-1] if looks else (None, None)
    return _Known(
        model=model,
        before=before,
        anchor=versions.get(comparison.get("anchor") or ""),
        request=request,
        look=look,
        test_set=test_set,
    )


def _request(work: UnitOfWork, version: str) -> PromotionRequest | None:
    try:
        return work.models.request(version)
    except NotFoundError:
        return None


def _modification(known: _Known) -> Record:
    model, before = known.model, known.before
    return {
        "model": _features(model),
        "before": None if before is None else {"version": before.version, **_features(before)},
        "outside": [] if before is None else list(changed_features(model, before)),
        "update_kind": update_kind(model, before).value,
    }


def _features(model: ModelVersion) -> Record:
    return {
        "architecture": model.architecture,
        "image_size": model.image_size,
        "findings": list(model.findings),
        "threshold": model.threshold,
        "package": model.digest,
        "signed_by": None if model.signature is None else model.signature.public,
        "trained_at": plain(model.trained_at),
    }


def _learning(work: UnitOfWork, known: _Known, composed: Composed) -> Record:
    """Return the data it learned from, and those of the version before."""
    now = _dataset(work, known.model)
    then = None if known.before is None else _dataset(work, known.before)
    return {
        "dataset": None if now is None else plain(now),
        "before": None if then is None else plain(then),
        "composition": None if now is None else recorded(composed(now, then)),
    }


def _dataset(work: UnitOfWork, model: ModelVersion) -> DatasetVersion | None:
    try:
        return work.datasets.get(model.lineage.dataset_version)
    except NotFoundError:
        return None


def _lineage(known: _Known) -> Record:
    more = {} if known.request is None else dict(known.request.lineage)
    kept = {name: more.get(name) for name in ("comparison_run", "model_card")}
    return {**plain(known.model.lineage), **_recorded(kept)}


def _protocol(known: _Known) -> Record:
    comparison, ledger = known.comparison, {} if known.request is None else known.request.ledger
    values = comparison.get("policy_values")
    return {
        "policy": comparison.get("policy"),
        "policy_values": recorded(values),
        "policy_digest": None if values is None else _digest(values),
        "ledger": _recorded(ledger) or None,
        "look": None if known.look is None else plain(known.look),
        "test_set": None if known.test_set is None else plain(known.test_set),
    }


def _digest(values: object) -> str:
    """Return the SHA-256 of a policy's values as canonical JSON."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _impact(known: _Known) -> Record:
    """Return the comparison as it was recorded, flips as counts, and the drift check beside it."""
    request = known.request
    comparison = {name: each for name, each in known.comparison.items() if name != "policy_values"}
    flips: Iterable[Mapping[str, Any]] = comparison.pop("flips", None) or []
    return {
        "comparison": _without_studies(comparison) or None,
        "flips": _recorded(Counter(str(each.get("kind")) for each in flips)) if comparison else None,
        "drift": None if request is None or request.drift is None else _without_studies(plain(request.drift)),
    }


def _shadows(work: UnitOfWork, model: ModelVersion) -> list[Json]:
    """Return how a version ran in shadow; what it showed is not for everybody who may read this."""
    told: list[Json] = []
    for shadow in work.shadows.all(candidate=model.version):
        answered, failed = work.shadows.count(shadow.id)
        registered = {
            "at": shadow.registered_at,
            "by": shadow.registered_by,
            "why": shadow.why,
            "production": shadow.production,
            "studies": shadow.studies,
            "until": shadow.until,
        }
        ended = None if shadow.end is None else plain(shadow.end)
        told.append({**plain(registered), "answered": answered, "failed": failed, "ended": ended})
    return told


def _without_studies(value: Any) -> Any:
    """Return a record without anything in it that names a study, whatever the gate comes to record."""
    if isinstance(value, Mapping):
        kept = {name: each for name, each in value.items() if not names_a_study(name)}
        return {name: _without_studies(each) for name, each in kept.items()}
    if isinstance(value, list | tuple):
        return [_without_studies(each) for each in value]
    return None if names_a_study(value) else value


def _baselines(known: _Known) -> Record:
    """Return the two comparisons: with the version before, and with the first one released here."""
    found: Record = {}
    for part in BASELINES:
        other = known.before if part == "production" else known.anchor
        if known.comparison.get(part) is None or other is None:
            found[part] = None
            continue
        found[part] = {
            "version": other.version,
            "update_kind": update_kind(known.model, other).value,
            "checks": [
                {**_recorded(check), "shift": shift(check)}
                for check in known.comparison.get("checks") or []
                if _measured_against(check, part)
            ],
        }
    return found


def _measured_against(check: Mapping[str, Any], part: str) -> bool:
    """Say whether a check holds the candidate, on the whole test set, against one of the baselines."""
    name = str(check.get("name"))
    to_anchor = name.startswith(_TO_ANCHOR)
    return check.get("margin") is not None and ":" not in name and to_anchor == (part == "anchor")


def _decision(request: PromotionRequest | None) -> Record | None:
    if request is None:
        return None
    return {
        "requested_by": request.requested_by,
        "requested_at": plain(request.created_at),
        "verdict": request.verdict,
        "state": request.state.value,
        "needed": NEEDED,
        "reviews": [plain(review) for review in request.reviews],
    }


def _missing(known: _Known, change: Mapping[str, Any]) -> Iterable[str]:
    """Name what a complete record would have and this one has not."""
    learning, protocol, impact = change["learning"], change["protocol"], change["impact"]
    comparison = impact["comparison"] or {}
    compared = known.request is not None
    wanted = {
        "request": compared,
        "signature": known.model.signature is not None,
        "composition": learning["composition"] is not None,
        "look": known.look is not None,
        "policy_values": protocol["policy_values"] is not None or not compared,
        "comparison": bool(comparison) or not compared,
        "model_card": change["lineage"]["model_card"] is not None or not compared,
        "localisation": bool((comparison.get("localisation") or {}).get("candidate")) or not compared,
        "drift": impact["drift"] is not None or known.request is None or not known.request.needs_drift_check,
        "reviews": known.request is None or bool(known.request.reviews),
    }
    return (name for name, there in wanted.items() if not there)


def _recorded(values: Mapping[str, object]) -> dict[str, Json]:
    """Return a mapping as JSON values."""
    return {str(name): recorded(each) for name, each in values.items()}
