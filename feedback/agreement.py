"""How far the first two blinded readers agree, with its interval."""

from feedback.labels import first_reads
from overread.domain.adjudication import CaseState
from overread.domain.estimates import Estimate
from overread.measures.agreement import cohen_kappa
from overread.store.unit_of_work import UnitOfWork


def two_reader_agreement(work: UnitOfWork) -> Estimate:
    """Return Cohen's kappa of every case with two first reads; NaN where it is not defined, `n` always."""
    cases = [*work.cases.in_state(CaseState.CLOSED), *work.cases.in_state(CaseState.OPEN)]
    return cohen_kappa(*first_reads(cases))
