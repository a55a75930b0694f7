"""Production's accuracy from chosen cases: against hand work, and in departments whose truth is known."""

from collections import Counter
from datetime import UTC, date, datetime

import numpy as np
import pytest

from feedback.audits import draw_audits
from monitoring.performance import Gap, Performance, live_performance, performance_of
from overread.domain.findings import Label
from overread.domain.identifiers import VersionKey
from overread.domain.labels import StudyLabel
from overread.domain.lots import LotCount
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from tests.builders import a_label
from tests.feedback.test_audits import SALT, auditing, reported

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING
ONE = VersionKey("1")


def a_count(called: Label, n: int, *, truth: Label | None = None, **more: object) -> LotCount:
    stated: dict[str, object] = {"share": 0.05 if called is NO else 0.0, "drawn": False, "disputed": False}
    return LotCount(called=called, truth=truth, n=n, **stated | more)  # type: ignore[arg-type]  # stated by tests


def of(*counts: LotCount) -> Performance:
    return performance_of(ONE, None, counts)


WORKED = (
    # 1,000 cleared: 20 disputed and settled (15 show something), one of them drawn too; 980 not, 49 audited
    a_count(NO, 14, truth=HAS, disputed=True),
    a_count(NO, 1, truth=HAS, disputed=True, drawn=True),
    a_count(NO, 5, truth=NO, disputed=True),
    a_count(NO, 2, truth=HAS, drawn=True),
    a_count(NO, 47, truth=NO, drawn=True),
    a_count(NO, 931),
    # 200 flagged: 20 disputed and settled (2 show something), 180 believed
    a_count(HAS, 2, truth=HAS, disputed=True),
    a_count(HAS, 18, truth=NO, disputed=True),
    a_count(HAS, 180),
)


def test_each_settled_study_stands_for_as_many_as_its_chance_says() -> None:
    found = of(*WORKED)
    accuracy = found.horvitz_thompson
    assert accuracy is not None
    true_positive, false_negative = 180 + 2, 15 + 2 * 20
    true_negative, false_positive = 5 + 47 * 20, 18
    assert accuracy.sensitivity.estimate == pytest.approx(true_positive / (true_positive + false_negative))
    assert accuracy.specificity.estimate == pytest.approx(true_negative / (true_negative + false_positive))
    assert (found.cleared, found.flagged, found.disputed, found.believed_reports) == (1000, 200, 40, 180)
    assert (found.audits_drawn, found.audits_read, found.gaps) == (49, 49, ())


def test_what_chance_alone_chose_gives_the_pooled_estimate_by_begg_and_greenes() -> None:
    accuracy = of(*WORKED).begg_greenes
    assert accuracy is not None
    miss, positive = 3 / 50, 182 / 200
    assert accuracy.sensitivity.estimate == pytest.approx(200 * positive / (200 * positive + 1000 * miss))
    assert accuracy.specificity.estimate == pytest.approx(
        1000 * (1 - miss) / (1000 * (1 - miss) + 200 * (1 - positive))
    )


def test_the_missed_finding_bound_is_of_audits_alone() -> None:
    missed = of(*WORKED).missed
    assert (missed.estimate, missed.n, missed.lower) == (2 / 49, 49, 0.0)
    # Clopper and Pearson: at the bound, two or fewer misses in 49 have a chance of 5 %
    p = missed.upper
    chance = (1 - p) ** 49 + 49 * p * (1 - p) ** 48 + 49 * 24 * p**2 * (1 - p) ** 47
    assert chance == pytest.approx(0.05)


def test_unread_audits_are_taken_to_be_like_the_read_ones() -> None:
    half_read = [
        *(count for count in WORKED if count not in WORKED[3:5]),
        a_count(NO, 1, truth=HAS, drawn=True),
        a_count(NO, 23, truth=NO, drawn=True),
        a_count(NO, 25, drawn=True),
    ]
    accuracy, found = of(*half_read).horvitz_thompson, of(*half_read)
    assert accuracy is not None
    assert (found.audits_drawn, found.audits_read) == (49, 24)
    missed = 980 / 24
    assert accuracy.sensitivity.estimate == pytest.approx(182 / (182 + 15 + missed))


def test_confirmed_findings_that_lots_may_draw_are_not_believed() -> None:
    audited = [
        *WORKED[:8],
        a_count(HAS, 6, truth=HAS, drawn=True, share=0.05),
        a_count(HAS, 3, truth=NO, drawn=True, share=0.05),
        a_count(HAS, 171, share=0.05),
    ]
    found = of(*audited)
    accuracy = found.horvitz_thompson
    assert accuracy is not None
    assert found.believed_reports == 0
    positive = 2 + 6 * 20
    assert accuracy.sensitivity.estimate == pytest.approx(positive / (positive + 55))


@pytest.mark.parametrize(
    ("counts", "gaps"),
    [
        ((), (Gap.EMPTY,)),
        (WORKED[6:], (Gap.EMPTY,)),
        ((*WORKED[:3], *WORKED[5:]), (Gap.CLEARED,)),
        ((a_count(NO, 9, share=0.0), *WORKED[6:]), (Gap.CLEARED,)),
        ((*WORKED[:8], a_count(HAS, 180, share=0.05)), (Gap.FLAGGED,)),
        ((*WORKED[3:], a_count(NO, 20, disputed=True)), (Gap.DISPUTED,)),
    ],
)
def test_where_a_part_has_nothing_settled_there_is_no_number_but_its_name(
    counts: tuple[LotCount, ...], gaps: tuple[Gap, ...]
) -> None:
    found = of(*counts)
    assert (found.gaps, found.horvitz_thompson, found.begg_greenes) == (gaps, None, None)


def a_department(rng: np.random.Generator, n: int = 3000) -> Counter[tuple[Label, float, bool, bool, bool]]:
    """Draw answers of a model with sensitivity .7 and specificity .9, its readers' disputes, and lots."""
    sick = rng.random(n) < 0.2
    called = rng.random(n) < np.where(sick, 0.7, 0.1)
    noticed = rng.random(n) < np.where(sick != called, 0.6, 0.02)
    share = np.where(called, 0.2, 0.1)
    drawn = rng.random(n) < share
    rows = zip(called.tolist(), share.tolist(), drawn.tolist(), noticed.tolist(), sick.tolist(), strict=True)
    return Counter((HAS if flag else NO, chance, lot, seen, ill) for flag, chance, lot, seen, ill in rows)


def settled(department: Counter[tuple[Label, float, bool, bool, bool]]) -> list[LotCount]:
    """Return what is known of it: the truth of disputed and drawn studies alone."""
    return [
        LotCount(
            called=called,
            share=share,
            drawn=drawn,
            disputed=disputed,
            truth=(HAS if sick else NO) if disputed or drawn else None,
            n=n,
        )
        for (called, share, drawn, disputed, sick), n in department.items()
    ]


def test_limits_cover_the_truth_where_naive_counting_is_far_off() -> None:
    rng = np.random.default_rng(20)
    covered, naive = Counter[str](), []
    for _ in range(200):
        counts = settled(a_department(rng))
        found = of(*counts)
        for name, accuracy in (("survey", found.horvitz_thompson), ("pooled", found.begg_greenes)):
            assert accuracy is not None
            covered[f"{name} sensitivity"] += accuracy.sensitivity.lower <= 0.7 <= accuracy.sensitivity.upper
            covered[f"{name} specificity"] += accuracy.specificity.lower <= 0.9 <= accuracy.specificity.upper
        sick = [count for count in counts if count.truth is HAS]
        naive.append(sum(c.n for c in sick if c.called is HAS) / sum(c.n for c in sick))
    assert abs(np.mean(naive) - 0.7) > 0.1
    assert min(covered.values()) >= 0.91 * 200, covered
    assert len(covered) == 4


def test_by_month_and_in_all_from_lots_and_closed_cases(work: UnitOfWork, task: Task) -> None:
    marked = auditing(task, 1.0)
    for number in range(3):
        reported(work, number)
    reported(work, 3, at=datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
    reported(work, 9, called=HAS)
    cases = {case.study: case.id for case in draw_audits(work, task=marked, salt=SALT, now=datetime.now(UTC))}
    for number, (study, case) in enumerate(sorted(cases.items())):
        label = HAS if number == 0 else NO
        work.labels.add(_settled(number, study, case, label))
    everything, march, january = live_performance(work, ONE)
    assert [each.month for each in (everything, march, january)] == [None, date(2026, 3, 1), date(2026, 1, 1)]
    assert (everything.cleared, march.cleared, january.cleared) == (4, 3, 1)
    assert (march.audits_read, march.missed.n) == (3, 3)
    assert march.missed.estimate == pytest.approx(1 / 3)
    assert everything.horvitz_thompson is not None
    assert everything.horvitz_thompson.sensitivity.estimate == pytest.approx(1 / 2)
    assert january.gaps == (Gap.EMPTY,)
    assert live_performance(work, VersionKey("2")) == []


def _settled(number: int, study: str, case: str, label: Label) -> StudyLabel:
    return a_label(number, id=f"settled-{number}", study=study, case=case, label=label)


def test_what_an_audit_found_counts_and_not_what_a_later_case_of_the_study_said(
    work: UnitOfWork, task: Task
) -> None:
    reported(work, 1)
    (case,) = draw_audits(work, task=auditing(task, 1.0), salt=SALT, now=datetime.now(UTC))
    work.labels.add(_settled(1, case.study, case.id, HAS))
    work.labels.add(_settled(2, case.study, "another", NO))
    (count,) = work.lots.counts(ONE)
    assert (count.truth, count.n) == (HAS, 1)
