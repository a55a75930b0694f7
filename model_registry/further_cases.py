"""How many more cases an undecided check needs: what to do about INCONCLUSIVE."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from model_registry.comparison import Pairs
from overread.measures.power import sample_size_noninferiority
from overread.measures.promotion import Check

POWER = 0.9  # the chance that so many cases would be enough, if what was observed is true
_FLOOR = "floor."
_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True, slots=True)
class Further:
    """`cases` more of those that the check counts; None where no number would do, and `why` in a word.

    "loss": what was observed is itself at or beyond the limit. "undefined": there is no limit to narrow.
    """

    cases: int | None = None
    why: str = ""


def further_cases(check: Check, counted: Pairs | None, *, missing: int = 0) -> Further | None:
    """Return what a required and undecided check needs; None for any other check.

    Planned with the difference and discordance that were observed, at the check's own alpha; `evidence`
    needs the studies that are `missing` from the smallest set that gets a verdict.
    """
    if check.role != "required" or check.status != "inconclusive":
        return None
    if check.name == "evidence":
        return Further(cases=missing)
    if math.isnan(check.estimate) or math.isnan(check.lower):
        return Further(why="undefined")
    room = check.estimate - check.margin if check.name.startswith(_FLOOR) else check.estimate + check.margin
    if room <= 0:
        return Further(why="loss")
    if check.method == "tango" and counted is not None:
        total = _pairs_needed(check, counted)
    else:
        total = _narrowed(check, room)
    return Further(cases=max(total - check.n, 1))


def _pairs_needed(check: Check, counted: Pairs) -> int:
    alpha = (1 - check.level) / 2
    planned = sample_size_noninferiority(
        discordance=(counted.gained + counted.lost) / counted.n,
        difference=(counted.gained - counted.lost) / counted.n,
        margin=check.margin,
        alpha=alpha,
        power=POWER,
    )
    # Tango's limit of pairs that never differ is -z^2 / (n + z^2): no fewer can pass.
    identical = math.floor(_NORMAL.inv_cdf(1 - alpha) ** 2 * (1 / check.margin - 1)) + 1
    return max(planned, identical)


def _narrowed(check: Check, room: float) -> int:
    """Return the cases that narrow a limit by the root of their number until it leaves room for the power."""
    alpha = (1 - check.level) / 2
    error = (check.estimate - check.lower) / _NORMAL.inv_cdf(1 - alpha)
    reach = (_NORMAL.inv_cdf(1 - alpha) + _NORMAL.inv_cdf(POWER)) * error
    return math.ceil(check.n * (reach / room) ** 2)
