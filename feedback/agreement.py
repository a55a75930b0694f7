"""How far the first two blinded readers agree, with its interval."""

from overread.domain.estimates import Estimate
from overread.measures.agreement import cohen_kappa
from overread.store.unit_of_work import UnitOfWork


def two_reader_agreement(work: UnitOfWork) -> Estimate:
    """Return Cohen's kappa of every case with two first reads; NaN where it is not defined, `n` always."""
    first: list[str] = []
    second: list[str] = []
    for one, other, n in work.cases.count_first_reads():
        first += [one] * n
        second += [other] * n
    return cohen_kappa(first, second)
