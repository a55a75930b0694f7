"""A drift check that fails raises an alert; the next one that passes resolves it."""

from dataclasses import replace

from monitoring.alerts import resolve
from overread.domain.alerts import Alert
from overread.domain.identifiers import PersonKey
from pipeline.drifting import _keep
from pipeline.services import PipelineServices
from tests.builders import a_verdict


def _alerts(services: PipelineServices, *, unresolved: bool) -> list[Alert]:
    with services.storage.look() as work:
        return work.monitoring.alerts(unresolved=unresolved)


def test_a_failed_check_raises_one_alert_and_a_passed_one_resolves_it(empty: PipelineServices) -> None:
    for _ in range(2):
        _keep(empty, a_verdict(passed=False), b"")
    (raised,) = _alerts(empty, unresolved=True)
    passed = _keep(empty, a_verdict(passed=True), b"")
    (over,) = _alerts(empty, unresolved=False)
    assert (over.id, over.resolved_at, over.resolved_by) == (raised.id, passed.at, "overread")


def test_what_a_person_resolved_is_raised_again_only_where_other_columns_drift(
    empty: PipelineServices,
) -> None:
    failed = a_verdict(passed=False)
    _keep(empty, failed, b"")
    (raised,) = _alerts(empty, unresolved=True)
    with empty.storage.work() as work:
        resolve(work, raised.id, by=PersonKey("olga"), reason="a new plate", now=empty.now())
        work.commit()
    _keep(empty, failed, b"")
    assert _alerts(empty, unresolved=True) == []
    (measure,) = (each for each in failed.measures if each.drifted)
    _keep(empty, replace(failed, measures=(replace(measure, column="mean_grey"),)), b"")
    (worse,) = _alerts(empty, unresolved=True)
    assert worse.facts["columns"] == "mean_grey"


def test_a_check_that_could_not_be_made_resolves_nothing(empty: PipelineServices) -> None:
    _keep(empty, a_verdict(passed=False), b"")
    _keep(empty, a_verdict(passed=None), b"")
    assert len(_alerts(empty, unresolved=True)) == 1
