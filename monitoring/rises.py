"""Whether readers correct the model more often than before: counts of days, and a test that is asked daily.

Of quiet years at most `FALSE_ALARMS` raise an alarm: each of `LOOKS` looks a year may spend its share
(Bonferroni, whatever the looks have in common). Readers differ, and who reads changes from day to day; so
counts are first divided by how much more the reference's days, or weeks, differ than chance alone has it.
"""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import NamedTuple

from overread.measures.proportion import clopper_pearson
from overread.store.readings import Scanner

FALSE_ALARMS, LOOKS = 0.05, 365
ONE_LOOK = FALSE_ALARMS / LOOKS
PLAINLY = 0.05  # of the one test that says whether a rise is over, and of each that says where it was
WEEK = 7  # days: each weekday once
FEWEST_WEEKS = 4  # of the reference with an answer
FEWEST, FEWEST_BEFORE = 50, 200  # studies
FEWEST_CORRECTED = 5


class Count(NamedTuple):
    """So many corrected of so many answered studies."""

    corrected: int
    answers: int

    @classmethod
    def of(cls, counts: Sequence["Count"]) -> "Count":
        """Return the sum of counts."""
        return cls(sum(each.corrected for each in counts), sum(each.answers for each in counts))


_NONE = Count(0, 0)


def is_higher(recent: Count, before: Count, *, alpha: float, dispersion: float = 1.0) -> bool:
    """Say whether the rate is higher now, one-sided at `alpha`.

    Were both rates alike, the recent studies would have their share of all corrections: the lower exact limit
    of the share they have lies above it. Exact for Poisson counts, a little strict for proportions.

    References
    ----------
    Przyborowski J, Wilenski H. Biometrika 1940; 31: 313-323. Hoeffding W. J Am Stat Assoc 1963; 58: 13-30.
    """
    answers = recent.answers + before.answers
    corrected = floor(recent.corrected / dispersion)
    total = max(corrected, ceil((recent.corrected + before.corrected) / dispersion))
    share = clopper_pearson(corrected, total, level=1 - 2 * alpha)
    return answers > 0 and share.lower > recent.answers / answers


def dispersion(counts: Sequence[Count]) -> float:
    """Return Pearson's statistic over its degrees of freedom, at least 1; 1 chance alone, 4 twice its spread.

    References
    ----------
    McCullagh P, Nelder JA. Generalized Linear Models, 2nd edition, 1989, section 4.5.
    """
    read = [each for each in counts if each.answers]
    corrected, answers = Count.of(read)
    if len(read) == 1 or not 0 < corrected < answers:
        return 1.0
    rate = corrected / answers
    squares = [
        (each.corrected - rate * each.answers) ** 2 / (each.answers * rate * (1 - rate)) for each in read
    ]
    return max(1.0, sum(squares) / (len(read) - 1))


def spread(days: Sequence[Count]) -> float:
    """Return the dispersion of days or of whole weeks, the larger: a roster may change daily or weekly."""
    return max(dispersion(days), dispersion(_weeks(days)))


def has_risen(recent: Sequence[Count], before: Sequence[Count], *, alpha: float) -> bool | None:
    """Say whether the rate of some days is higher than that of the days before; None with too few to say."""
    now, then = Count.of(recent), Count.of(before)
    weeks = sum(week.answers > 0 for week in _weeks(before))
    if now.answers < FEWEST or then.answers < FEWEST_BEFORE or weeks < FEWEST_WEEKS:
        return None
    if now.corrected < FEWEST_CORRECTED or not is_higher(now, then, alpha=alpha):
        return False  # and no dispersion makes it one
    return is_higher(now, then, alpha=alpha, dispersion=spread(before))


def scanner_behind(recent: Mapping[Scanner, Count], before: Mapping[Scanner, Count]) -> Scanner | None:
    """Return the scanner whose rate is higher now while that of all others together is not; None without one.

    Each of m scanners is asked at `PLAINLY` / m, the others at `PLAINLY`.
    """
    asked = [
        scanner
        for scanner, count in recent.items()
        if min(count.answers, before.get(scanner, _NONE).answers) >= FEWEST
    ]
    if not asked:
        return None
    first = max(asked, key=lambda scanner: _surplus(recent[scanner], before[scanner]))
    alone = is_higher(recent[first], before[first], alpha=PLAINLY / len(asked))
    others = [
        Count.of([each for name, each in counts.items() if name != first]) for counts in (recent, before)
    ]
    told_apart = min(count.answers for count in others) >= FEWEST and not is_higher(*others, alpha=PLAINLY)
    return first if alone and told_apart else None


def _surplus(recent: Count, before: Count) -> float:
    return recent.corrected - recent.answers * before.corrected / before.answers


def _weeks(days: Sequence[Count]) -> list[Count]:
    """Return the sums of whole weeks, counted back from the last day."""
    return [Count.of(days[end - WEEK : end]) for end in range(len(days), WEEK - 1, -WEEK)]
