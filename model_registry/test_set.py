"""The frozen test set: addressed by content, verified before each use, every look counted beforehand."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.datasets import Look, TestSet
from overread.domain.errors import InputError, RuleError
from overread.domain.findings import Label
from overread.domain.identifiers import FindingCode, PatientKey, StudyUid, VersionKey, derived_id
from overread.domain.policies import GatePolicy
from overread.measures.sequential import reuse_alpha
from overread.store.objects import Objects
from overread.store.records import parsed, plain
from overread.store.unit_of_work import UnitOfWork

FORMAT = 1
UnitBox = tuple[float, float, float, float]  # x0, y0, x1, y1, shares of the picture's width and height


class LooksSpentError(RuleError):
    """The test set has been asked as often as its policy allows; the next verdict needs a new one."""

    code = "looks-spent"

    def __init__(self, version: str, looks: int) -> None:
        super().__init__(
            f"test set {version} has had all its {looks} looks; freeze a new one of other patients"
        )
        self.version = version
        self.looks = looks


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
    """Freeze a test set; the same studies again give back what stands.

    Raises
    ------
    InputError
        A study stands twice, a finding contradicts its label, or one of the two classes is missing.
    """
    ordered = sorted(cases, key=lambda case: case.study)
    _check(ordered)
    manifest = {"format": FORMAT, "task": task, "cases": [plain(case) for case in ordered]}
    digest = objects.put(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode())
    latest = work.datasets.test_set()
    if latest is not None and latest.digest == digest:
        return latest
    positives = sum(case.positive for case in ordered)
    frozen = TestSet(
        version=derived_id("test-set", task, digest)[:16],
        digest=digest,
        task=task,
        frozen_at=now,
        n_positive=positives,
        n_negative=len(ordered) - positives,
        looks=policy.looks,
    )
    work.datasets.add_test_set(frozen)
    details = {
        "digest": digest,
        "n_positive": positives,
        "n_negative": frozen.n_negative,
        "looks": policy.looks,
    }
    work.audit.append(
        AuditEvent(
            at=now,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Who asks the test set what: one candidate against production, or a first release against the floors."""

    candidate: VersionKey
    production: VersionKey | None
    by: str
    why: str


def take_look(
    work: UnitOfWork, test_set: TestSet, question: Question, *, policy: GatePolicy, now: datetime
) -> Look:
    """Write the use of a test set into its ledger; commit before anything is scored.

    A run that is taken up again asks the same question and gets its first look back: all that is frozen
    answers the same, so nothing more is spent.

    Raises
    ------
    LooksSpentError
        The test set has no look left.
    """
    taken = work.datasets.looks(test_set.version)
    for look in taken:
        if (look.candidate, look.production) == (question.candidate, question.production):
            return look
    number = len(taken) + 1
    alpha = reuse_alpha(number, alpha=policy.alpha, looks=test_set.looks)
    if alpha <= 0:
        raise LooksSpentError(test_set.version, test_set.looks)
    look = Look(
        id=derived_id("look", test_set.version, str(number)),
        test_set=test_set.version,
        look=number,
        alpha=alpha,
        candidate=question.candidate,
        production=question.production,
        by=question.by,
        at=now,
        why=question.why,
    )
    work.datasets.add_look(look)
    details = {"test_set": look.test_set, "look": number, "alpha": alpha, "candidate": look.candidate}
    work.audit.append(
        AuditEvent(at=now, by=look.by, action="test-set-look", subject=look.id, details=details)
    )
    return look


def looks_left(work: UnitOfWork, test_set: TestSet) -> int:
    """Return how many more questions a test set answers."""
    return max(0, test_set.looks - len(work.datasets.looks(test_set.version)))
