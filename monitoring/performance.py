"""Live performance from late labels, corrected for how they were chosen.

Readers dispute what looks wrong, so the settled cases are not production's cases: among them both models and
readers look worse, or better, than they are. Each estimate here weighs a settled case by the chance it had to
be settled, which the lots of the random audits hold (docs/explanation/audits.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import numpy as np

from overread.domain.estimates import Estimate
from overread.domain.findings import Label
from overread.domain.identifiers import VersionKey
from overread.domain.lots import LotCount
from overread.measures.audit import begg_greenes, horvitz_thompson, missed_finding_bound
from overread.store.unit_of_work import UnitOfWork

MONTHS = 12


class Gap(StrEnum):
    """Studies of which not one has been settled, so that nothing can be said of the whole."""

    CLEARED = "cleared"  # called no finding and not disputed: no audit has been read
    FLAGGED = "flagged"  # called a finding and not disputed: no audit has been read
    DISPUTED = "disputed"  # no dispute about one of the two calls has been settled
    EMPTY = "empty"  # the model has called only one way, or nothing at all


class Way(StrEnum):
    """How it comes that a study is read blind, or is not."""

    DISPUTED = "disputed"
    LOT = "lot"
    REPORT = "report"  # called a finding, signed so, and by the plan never drawn: the report is believed
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """Sensitivity and specificity of all answers, by one estimator."""

    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Performance:
    """One version's answers in one month, or in all (`month` None), and what the settled ones say of them.

    `audits_drawn` and `audits_read` count audits of undisputed studies called no finding; `missed` is the
    share of the read ones that show something. `believed_reports` counts the studies called a finding whose
    signed report stands for the truth. Both accuracies are None where `gaps` says what is missing.
    """

    version: VersionKey
    month: date | None
    flagged: int
    cleared: int
    disputed: int
    audits_drawn: int
    audits_read: int
    missed: Estimate
    believed_reports: int
    horvitz_thompson: Accuracy | None
    begg_greenes: Accuracy | None
    gaps: tuple[Gap, ...]


def live_performance(work: UnitOfWork, version: VersionKey, *, months: int = MONTHS) -> list[Performance]:
    """Return a version's performance over all its answers, then by month (UTC), the latest first.

    Months without an answer are left out.
    """
    span = work.lots.span(version)
    if span is None:
        return []
    first, last = span
    found = [performance_of(version, None, work.lots.counts(version))]
    month = _month(last)
    for _ in range(months):
        if month < _month(first):
            break
        counts = work.lots.counts(version, since=month, until=_next(month))
        if counts:
            found.append(performance_of(version, month.date(), counts))
        month = _month(month - timedelta(days=1))
    return found


def performance_of(version: VersionKey, month: date | None, counts: Sequence[LotCount]) -> Performance:
    """Return what the settled among some answers say of all of them."""
    cells = [
        Cell(called=called, way=way, counts=kept)
        for called in Label
        for way in Way
        if (kept := [count for count in counts if (count.called, way_of(count)) == (called, way)])
    ]
    flagged = _sum(count for count in counts if count.called is Label.HAS_FINDING)
    cleared = _sum(count for count in counts if count.called is Label.NO_FINDING)
    gaps = [cell.gap for cell in cells if not cell.settled]
    if not (flagged and cleared):
        gaps.append(Gap.EMPTY)
    audits = next((cell for cell in cells if (cell.called, cell.way) == (Label.NO_FINDING, Way.LOT)), None)
    read = 0 if audits is None else _sum(audits.settled)
    missed = 0 if audits is None else _sum(c for c in audits.settled if c.truth is Label.HAS_FINDING)
    return Performance(
        version=version,
        month=month,
        flagged=flagged,
        cleared=cleared,
        disputed=_sum(count for count in counts if count.disputed),
        audits_drawn=0 if audits is None else _sum(audits.selected),
        audits_read=read,
        missed=missed_finding_bound(missed, read),
        believed_reports=sum(_sum(cell.counts) for cell in cells if cell.way is Way.REPORT),
        horvitz_thompson=None if gaps else _horvitz_thompson(cells),
        begg_greenes=None if gaps else _begg_greenes(counts),
        gaps=tuple(dict.fromkeys(gaps)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """The studies that were called one way and come to be read blind in one way."""

    called: Label
    way: Way
    counts: Sequence[LotCount]

    @property
    def selected(self) -> list[LotCount]:
        """Return those that were to be settled."""
        if self.way is Way.LOT:
            return [count for count in self.counts if count.drawn]
        return [] if self.way is Way.NEVER else list(self.counts)

    @property
    def settled(self) -> list[LotCount]:
        """Return those whose truth is known; of believed reports it is what they say."""
        if self.way is Way.REPORT:
            return [replace(count, truth=Label.HAS_FINDING) for count in self.counts]
        return [count for count in self.selected if count.truth is not None]

    @property
    def response(self) -> float:
        """Return the share of the selected that is settled; the others are taken to be like them."""
        return _sum(self.settled) / _sum(self.selected)

    @property
    def gap(self) -> Gap:
        """Return what is not known where nothing is settled."""
        if self.way is Way.DISPUTED:
            return Gap.DISPUTED
        return Gap.FLAGGED if self.called is Label.HAS_FINDING else Gap.CLEARED


def way_of(count: LotCount) -> Way:
    """Return how studies of one kind come to be read blind."""
    if count.disputed:
        return Way.DISPUTED
    if count.share > 0:
        return Way.LOT
    return Way.REPORT if count.called is Label.HAS_FINDING else Way.NEVER


def _horvitz_thompson(cells: Sequence[Cell]) -> Accuracy:
    """Weigh every settled study by its chance: 1 if disputed or believed, else its lot's, times the response.

    Lots are independent, so there are no strata: how many studies of a kind came is by chance, too. With the
    cells as strata, limits of sensitivity covered the truth in 88 % of simulated departments, without in 94.
    """
    rows = [
        (count, cell.response * (count.share if cell.way is Way.LOT else 1.0))
        for cell in cells
        for count in cell.settled
    ]
    times = [count.n for count, _ in rows]
    found = horvitz_thompson(
        np.repeat([count.truth is Label.HAS_FINDING for count, _ in rows], times),
        np.repeat([count.called is Label.HAS_FINDING for count, _ in rows], times),
        np.repeat([chance for _, chance in rows], times),
    )
    return Accuracy(sensitivity=found.sensitivity, specificity=found.specificity)


def _begg_greenes(counts: Sequence[LotCount]) -> Accuracy:
    """Take what was drawn, disputed or not, as each call's verified part: chance alone chose it.

    Where no lot can draw a study called a finding, its verified part is the settled disputes and as large a
    share of the believed reports.
    """
    arms = {label: [count for count in counts if count.called is label] for label in Label}
    flagged, cleared = arms[Label.HAS_FINDING], arms[Label.NO_FINDING]
    negative = _truths(count for count in cleared if count.drawn)
    if any(count.share > 0 for count in flagged):
        positive = _truths(count for count in flagged if count.drawn)
    else:
        disputed = [count for count in flagged if count.disputed]
        positive = _truths(disputed)
        response = sum(positive) / _sum(disputed) if disputed else 1.0
        believed = round(response * _sum(count for count in flagged if not count.disputed))
        positive = (positive[0] + believed, positive[1])
    found = begg_greenes(
        flagged=_sum(flagged),
        flagged_diseased=positive[0],
        flagged_healthy=positive[1],
        cleared=_sum(cleared),
        cleared_diseased=negative[0],
        cleared_healthy=negative[1],
    )
    return Accuracy(sensitivity=found.sensitivity, specificity=found.specificity)


def _truths(counts: Iterable[LotCount]) -> tuple[int, int]:
    """Count the settled that show something, and those that do not."""
    kept = list(counts)
    return (
        _sum(count for count in kept if count.truth is Label.HAS_FINDING),
        _sum(count for count in kept if count.truth is Label.NO_FINDING),
    )


def _sum(counts: Iterable[LotCount]) -> int:
    return sum(count.n for count in counts)


def _month(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(month: datetime) -> datetime:
    return _month(month + timedelta(days=31))
