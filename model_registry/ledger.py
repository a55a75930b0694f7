"""The ledger of a test set: every use is a row before anything is scored, and verdicts are few."""

from dataclasses import dataclass
from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.datasets import Look, Purpose, TestSet, Use
from overread.domain.errors import RuleError
from overread.domain.identifiers import VersionKey, derived_id
from overread.domain.policies import GatePolicy
from overread.measures.sequential import reuse_alpha
from overread.store.unit_of_work import UnitOfWork


class LooksSpentError(RuleError):
    """The test set has been asked as often as its policy allows; the next verdict needs a new one."""

    code = "looks-spent"

    def __init__(self, version: str, looks: int) -> None:
        super().__init__(
            f"test set {version} has had all its {looks} looks; refresh it with new patients: "
            "overread dataset refresh-test-set"
        )
        self.version = version
        self.looks = looks


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
    details = {
        "test_set": look.test_set,
        "look": number,
        "alpha": alpha,
        "candidate": look.candidate,
        "production": look.production,
        "why": look.why,
    }
    work.audit.append(
        AuditEvent(at=now, by=look.by, action="test-set-look", subject=look.id, details=details)
    )
    return look


def looks_left(work: UnitOfWork, test_set: TestSet) -> int:
    """Return how many more questions a test set answers."""
    return max(0, test_set.looks - len(work.datasets.looks(test_set.version)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """Who scores a model on the test set, what for and why, where no verdict is asked."""

    purpose: Purpose
    model: VersionKey
    by: str
    why: str


def note_use(work: UnitOfWork, test_set: TestSet, occasion: Occasion, *, now: datetime) -> Use:
    """Write that a model is scored on a test set without a verdict; noted before, the first row stands.

    The numbers must not choose a candidate: production and the first release alone are scored so.
    """
    row = derived_id("use", test_set.version, occasion.purpose, occasion.model)
    for known in work.datasets.uses(test_set.version):
        if known.id == row:
            return known
    use = Use(
        id=row,
        test_set=test_set.version,
        purpose=occasion.purpose,
        model=occasion.model,
        by=occasion.by,
        at=now,
        why=occasion.why,
    )
    work.datasets.add_use(use)
    details = {"test_set": use.test_set, "purpose": use.purpose, "model": use.model, "why": use.why}
    work.audit.append(AuditEvent(at=now, by=use.by, action="test-set-use", subject=use.id, details=details))
    return use
