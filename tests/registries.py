"""A small registry whose story is known: a first version, its successor, and the way back."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bootstrap.storage import Storage
from model_registry.promotion import ask, review, roll_back
from monitoring.alerts import raise_once
from overread.domain.alerts import Urgency
from overread.domain.audit import AuditEvent
from overread.domain.datasets import DatasetVersion, Look, TestSet
from overread.domain.identifiers import Digest, PersonKey, VersionKey
from overread.domain.models import Lineage
from overread.domain.shadows import Ending, Shadow, ShadowEnd
from overread.store.monitoring import DriftCheck
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_digest, a_model, a_request, a_review, a_verdict, uid

TASK = "cxr-binary"
HOUR = timedelta(hours=1)
STUDY = str(uid(7))
POLICY = {"name": "cxr-binary", "alpha": 0.025, "looks": 5, "sensitivity_margin": 0.03}


def a_check(name: str, status: str = "pass", **more: Any) -> dict[str, Any]:
    """Return a check as the gate records it."""
    return {
        "name": name,
        "role": "required",
        "status": status,
        "estimate": 0.024,
        "lower": 0.009,
        "upper": 0.039,
        "level": 0.99,
        "method": "tango",
        "n": 600,
        "margin": 0.03,
        "gained": 41,
        "lost": 17,
    } | more


def a_comparison(**more: Any) -> dict[str, Any]:
    """Return the record of version 2 against version 1; it names a study, as flips do."""
    flip = {"study": STUDY, "kind": "missed", "findings": ["nodule"], "production": 0.6, "candidate": 0.4}
    shown = {"estimate": 0.8, "lower": 0.75, "upper": 0.85}
    evaluation = {"n": 1200, "auc": shown, "sensitivity": shown, "specificity": shown, "brier": shown}
    return {
        "verdict": "PROMOTE",
        "reasons": [],
        "policy": "cxr-binary",
        "policy_values": POLICY,
        "test_set": {"version": "t1", "n": 1200, "n_positive": 600, "n_negative": 600},
        "candidate": "2",
        "production": "1",
        "anchor": "1",
        "checks": [
            a_check("evidence", estimate=None, lower=None, upper=None, margin=None, gained=None, lost=None),
            a_check("sensitivity"),
            a_check("anchor.sensitivity", lower=-0.02, estimate=-0.01, upper=-0.001),
            a_check("slice:sex=F:sensitivity", status="inconclusive"),
            a_check("a-later-check", lower=None, estimate=None, upper=None, method="new", gained=None),
        ],
        "by_finding": [{"code": "nodule", **a_check("finding:nodule")}],
        "slices": [],
        "flips": [flip, flip | {"kind": "false_alarm"}],
        "localisation": {"candidate": None},
        "evaluations": {part: {"version": who, **evaluation} for part, who in (("candidate", "2"),)},
        "baseline": None,
        "looked_at": [STUDY],
        "scores": {STUDY: 0.4, "n": 1},
    } | more


def keep_registry(storage: Storage) -> None:
    """Release version 1, then version 2, which is rolled back two hours later; version 3 waits, unasked."""
    with storage.work() as work:
        _data(work, storage)
        _first(work)
        _second(work, storage)
        work.models.add(a_model("3", trained_at=NOW + 9 * HOUR))
        work.audit.append(
            AuditEvent(at=NOW, by="dora", action="instance-received", subject=STUDY, study=STUDY)
        )
        work.commit()


def _data(work: UnitOfWork, storage: Storage) -> None:
    rows = [{"study": str(number), "label": "no_finding", "split": "train"} for number in range(4)]
    labelled = [row | {"grade": "report", "correction": False} for row in rows]
    corrected = [*labelled[1:], labelled[0] | {"label": "has_finding", "grade": "double", "correction": True}]
    parent = None
    for version, manifest in (("d1", labelled), ("d2", corrected)):
        recipe = {"corrections": True, "registered": True, "unadjudicated": False}
        kept = {"task": TASK, "recipe": recipe, "rows": manifest}
        work.datasets.add(
            DatasetVersion(
                version=version,
                digest=storage.objects.put(json.dumps(kept).encode()),
                task=TASK,
                created_at=NOW,
                counts={"train.no_finding": 4 if parent is None else 3},
                corrections=0 if parent is None else 1,
                parent=parent,
            )
        )
        parent = version
    work.datasets.add_test_set(
        TestSet(
            version="t1",
            digest=a_digest("d"),
            task=TASK,
            frozen_at=NOW,
            n_positive=600,
            n_negative=600,
            looks=5,
        )
    )


def _first(work: UnitOfWork) -> None:
    work.models.add(a_model("1"))
    ask(work, a_request("1", drift=None, comparison={"production": None, "verdict": "PROMOTE"}))
    _approved(work, "1", hours=1)


def _second(work: UnitOfWork, storage: Storage) -> None:
    lineage = Lineage(dataset_version="d2", parent=VersionKey("1"), corrections=1, code="abc", run="run-2")
    work.models.add(
        a_model("2", lineage=lineage, threshold=0.6, trained_at=NOW + 2 * HOUR, digest=a_digest("e"))
    )
    work.datasets.add_look(
        Look(
            id="look-1",
            test_set="t1",
            look=1,
            alpha=0.005,
            candidate=VersionKey("2"),
            production=VersionKey("1"),
            by="olga",
            at=NOW + 2 * HOUR,
            why="trained on corrections",
            verdict="PROMOTE",
        )
    )
    _shadowed(work)
    card: Digest = storage.objects.put(b"<!doctype html><title>Model card</title>")
    ask(
        work,
        a_request(
            "2",
            comparison=a_comparison(),
            ledger={"look": 1, "looks": 5, "alpha": 0.005, "test_set": "t1"},
            lineage={"comparison_run": "run-c", "model_card": card},
        ),
    )
    _approved(work, "2", hours=3)
    raise_once(work, "drift", Urgency.WARNING, {"columns": "noise"}, now=NOW + 4 * HOUR)
    work.monitoring.add_check(DriftCheck(id="check-1", at=NOW + 4 * HOUR, verdict=a_verdict(passed=False)))
    roll_back(work, task=TASK, by="olga", reason="missed strands", now=NOW + 5 * HOUR)


def _shadowed(work: UnitOfWork) -> None:
    """Let version 2 run beside version 1 until somebody stops it."""
    at = NOW + 2 * HOUR
    shadow = Shadow(
        id="shadow-1",
        task=TASK,
        candidate=VersionKey("2"),
        candidate_digest=a_digest("e"),
        production=VersionKey("1"),
        production_digest=a_digest("c"),
        registered_by=PersonKey("olga"),
        registered_at=at,
        why="a new scanner",
        policy="cxr-binary",
        margins={"sensitivity": 0.03},
        studies=100,
    )
    work.shadows.add(shadow)
    work.shadows.add_end(
        shadow.id, ShadowEnd(at=at, by=PersonKey("olga"), how=Ending.STOPPED, reason="seen enough")
    )


def _approved(work: UnitOfWork, version: str, *, hours: int) -> None:
    for minute, reviewer in enumerate(("ruth", "rolf")):
        at = NOW + hours * HOUR + timedelta(minutes=minute)
        given = a_review(reviewer, id=f"{version}-{reviewer}", at=at)
        review(work, VersionKey(version), replace(given, reviewer=PersonKey(reviewer)), task=TASK)
