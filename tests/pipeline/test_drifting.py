"""A drift check that fails raises an alert; the next one that passes resolves it."""

from overread.domain.alerts import Alert
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


def test_a_check_that_could_not_be_made_resolves_nothing(empty: PipelineServices) -> None:
    _keep(empty, a_verdict(passed=False), b"")
    _keep(empty, a_verdict(passed=None), b"")
    assert len(_alerts(empty, unresolved=True)) == 1
