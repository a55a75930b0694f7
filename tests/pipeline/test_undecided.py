"""The operator hears, once, of cases that no senior may decide."""

from overread.domain.adjudication import Stage
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from pipeline.services import PipelineServices
from pipeline.undecided import tell_of_undecidable
from tests.builders import NOW, a_case, a_read, keep_predicted

SVEN = PersonKey("sven")


def test_a_case_whose_only_senior_raised_it_is_an_alert_until_another_comes(empty: PipelineServices) -> None:
    assert tell_of_undecidable(empty) == 0
    with empty.storage.work() as work:
        keep_predicted(work)
        work.people.add(SVEN, Role.SENIOR, password=None, at=NOW)
        work.cases.add(a_case(barred=frozenset({SVEN})))
        for reader, stage, label in (
            ("remy", Stage.FIRST, Label.HAS_FINDING),
            ("rosa", Stage.SECOND, Label.NO_FINDING),
        ):
            work.cases.add_read(a_read(reader, stage=stage, label=label))
        work.commit()
    assert [tell_of_undecidable(empty) for _ in range(2)] == [1, 1]
    with empty.storage.look() as work:
        (alert,) = work.monitoring.alerts(unresolved=True)
    assert (alert.kind, alert.facts) == ("senior", {"cases": "1"})
    with empty.storage.work() as work:
        work.people.add(PersonKey("selma"), Role.SENIOR, password=None, at=NOW)
        work.commit()
    assert tell_of_undecidable(empty) == 0
    with empty.storage.look() as work:
        (over,) = work.monitoring.alerts()
    assert (over.id, over.resolved_by, over.resolution) == (alert.id, "overread", "condition-gone")
