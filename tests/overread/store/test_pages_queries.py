"""The count that pages show, on both databases."""

from overread.domain.audit import AuditEvent
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW


def test_the_chains_length_is_its_number_of_rows(work: UnitOfWork) -> None:
    assert work.audit.length() == 0
    for subject in ("first", "second"):
        work.audit.append(AuditEvent(at=NOW, by="rita", action="tested", subject=subject))
    assert work.audit.length() == 2
