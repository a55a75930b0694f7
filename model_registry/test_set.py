"""The frozen test set: addressed by content, verified before each use; `ledger` counts its looks."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from overread.domain.audit import AuditEvent
from overread.domain.datasets import TestSet
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, FindingCode, PatientKey, StudyUid, derived_id
from overread.domain.policies import GatePolicy
from overread.store.objects import Objects
from overread.store.records import parsed, plain
from overread.store.unit_of_work import UnitOfWork

FORMAT = 1
UnitBox = tuple[float, float, float, float]  # x0, y0, x1, y1, shares of the picture's width and height


@dataclass(frozen=True, kw_only=True, slots=True)
class TestCase:
    """One study of the test set: the truth, where it was marked, and what slices look at."""

    __test__ = False

    study: StudyUid
    patient: PatientKey
    label: Label
    findings: tuple[FindingCode, ...] = ()
    maker: str = ""
    sex: str = ""
    age: int | None = None
    boxes: tuple[UnitBox, ...] = ()

    @property
    def positive(self) -> bool:
        """Whether the truth is a finding."""
        return self.label is Label.HAS_FINDING


def freeze(
    work: UnitOfWork,
    objects: Objects,
    cases: Iterable[TestCase],
    *,
    task: str,
    policy: GatePolicy,
    now: datetime,
) -> TestSet:
    """Freeze the first test set; the same studies again give back what stands.

    Raises
    ------
    InputError
        A study stands twice, a finding contradicts its label, or one of the two classes is missing.
    """
    return keep(work, drafted(objects, cases, task=task, policy=policy, now=now))


def drafted(
    objects: Objects, cases: Iterable[TestCase], *, task: str, policy: GatePolicy, now: datetime
) -> TestSet:
    """Store the cases in one order and return their test set, which counts once it is kept.

    Raises
    ------
    InputError
        A study stands twice, a finding contradicts its label, or one of the two classes is missing.
    """
    ordered = sorted(cases, key=lambda case: case.study)
    _check(ordered)
    manifest = {"format": FORMAT, "task": task, "cases": [plain(case) for case in ordered]}
    digest = objects.put(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode())
    positives = sum(case.positive for case in ordered)
    return TestSet(
        version=derived_id("test-set", task, digest)[:16],
        digest=digest,
        task=task,
        frozen_at=now,
        n_positive=positives,
        n_negative=len(ordered) - positives,
        looks=policy.looks,
    )


def keep(work: UnitOfWork, frozen: TestSet) -> TestSet:
    """Keep a test set, from now on the one that is asked; the same studies as the latest change nothing."""
    latest = work.datasets.test_set()
    if latest is not None and latest.digest == frozen.digest:
        return latest
    work.datasets.add_test_set(frozen)
    details = {
        "digest": frozen.digest,
        "n_positive": frozen.n_positive,
        "n_negative": frozen.n_negative,
        "looks": frozen.looks,
        "parent": frozen.parent,
    }
    work.audit.append(
        AuditEvent(
            at=frozen.frozen_at,
            by="overread",
            action="test-set-frozen",
            subject=f"test-set:{frozen.version}",
            details=details,
        )
    )
    return frozen


def _check(cases: Sequence[TestCase]) -> None:
    if len({case.study for case in cases}) != len(cases):
        raise InputError("a study stands twice in the test set")
    for case in cases:
        if case.findings and not case.positive:
            raise InputError(f"study {case.study} of the test set has findings and the label no_finding")
    if len({case.positive for case in cases}) != len(Label):
        raise InputError("a test set needs studies with and without a finding")


def cases_of(objects: Objects, test_set: TestSet) -> tuple[TestCase, ...]:
    """Return the studies of a test set in frozen order; raise when they are not what was frozen."""
    manifest = json.loads(objects.get(test_set.digest))
    cases = tuple(parsed(TestCase, case) for case in manifest["cases"])
    positives = sum(case.positive for case in cases)
    if (positives, len(cases) - positives) != (test_set.n_positive, test_set.n_negative):
        raise InputError(f"test set {test_set.version} does not hold the studies its row says")
    return cases


@lru_cache(maxsize=2)
def places_of(objects: Objects, digest: Digest) -> Mapping[StudyUid, int]:
    """Return where each study stands in the frozen order of a test set; read once a process."""
    cases = json.loads(objects.get(digest))["cases"]
    return {StudyUid(case["study"]): place for place, case in enumerate(cases)}
