"""Missed findings among audited studies, in their order: when there are too many to go on without a look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.normal_text import stop
from overread.domain.findings import Label
from overread.domain.identifiers import VersionKey
from overread.domain.lots import StopRule
from overread.domain.tasks import Task
from overread.measures.sequential import cusum, sprt
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class StopVerdict:
    """Where the rule stands after the audits so far; `height` of the cumulative sum runs up to `threshold`.

    `start` is the sequential test's word on how the version began: "accept-h0" it is tolerable, "accept-h1"
    it is not, "continue" there is too little yet. `fired_by` names what fired first: "sprt", "cusum" or None.
    """

    audited: int
    missed: int
    start: str
    log_likelihood_ratio: float
    lower_bound: float
    upper_bound: float
    height: float
    threshold: float
    fired_by: str | None

    @property
    def reason(self) -> str:
        """What the record says when the rule fires; pages have words of their own."""
        return f"stop rule ({self.fired_by}): {self.missed} missed findings in {self.audited} audits"


def judge(missed: Sequence[bool], rule: StopRule) -> StopVerdict:
    """Apply the rule to audits in the order they were settled; True is a missed finding.

    The sequential test asks once how a version began, the cumulative sum for ever whether it has become
    worse. Either switches off, and once it has, further audits of the same sequence take nothing back.
    """
    test = sprt(missed, p0=rule.p0, p1=rule.p1, alpha=rule.alpha, beta=rule.beta)
    chart = cusum(missed, p0=rule.p0, p1=rule.p1, threshold=rule.threshold)
    fired = {chart.first_alarm: "cusum"} if chart.first_alarm is not None else {}
    if test.decision == "accept-h1":
        fired[test.n_used - 1] = "sprt"
    return StopVerdict(
        audited=len(missed),
        missed=sum(missed),
        start=test.decision,
        log_likelihood_ratio=test.log_likelihood_ratio,
        lower_bound=test.lower_bound,
        upper_bound=test.upper_bound,
        height=chart.path[-1] if chart.path else 0.0,
        threshold=rule.threshold,
        fired_by=fired[min(fired)] if fired else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """The sequence that counts now: of which version, since when, and where the rule stands."""

    version: VersionKey
    since: datetime
    verdict: StopVerdict


def watched(work: UnitOfWork, task: Task) -> Watched | None:
    """Return where the rule stands for the version in production; None where there is none.

    The sequence begins anew when a version goes into production, and when somebody has switched the text on
    again: only answers since then count.
    """
    history = work.models.successions(task.name)
    if not history:
        return None
    version, since = history[-1].version, history[-1].at
    latest = work.text_switches.latest(task.name)
    if latest is not None and latest.automatic:
        since = max(since, latest.at)
    outcomes = work.lots.outcomes(version, since=since)
    missed = [found is Label.HAS_FINDING for found in outcomes]
    return Watched(version=version, since=since, verdict=judge(missed, task.audit.stop))


def watch(work: UnitOfWork, task: Task, *, now: datetime) -> Watched | None:
    """Switch the automatic normal text off where the rule has fired and it is on; done twice, it is done."""
    seen = watched(work, task)
    if seen is not None and seen.verdict.fired_by is not None and work.text_switches.automatic(task.name):
        facts = {
            "version": str(seen.version),
            "missed": str(seen.verdict.missed),
            "audited": str(seen.verdict.audited),
        }
        stop(work, task=task.name, reason=seen.verdict.reason, facts=facts, now=now)
    return seen
