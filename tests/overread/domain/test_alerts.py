"""An alert is open until it is resolved, once, with a reason."""

import pytest

from overread.domain.alerts import Alert, AlreadyResolvedError, Urgency
from overread.domain.errors import InputError
from overread.domain.identifiers import PersonKey
from tests.builders import NOW

OLGA, RUTH = PersonKey("olga"), PersonKey("ruth")


def an_alert() -> Alert:
    return Alert(id="a" * 20, kind="drift", urgency=Urgency.WARNING, raised_at=NOW, facts={})


def test_a_resolved_alert_says_who_when_and_why() -> None:
    over = an_alert().resolved(by=OLGA, reason=" the scanner was repaired ", at=NOW)
    assert (over.resolved_by, over.resolved_at, over.resolution) == (OLGA, NOW, "the scanner was repaired")


def test_an_alert_is_resolved_once() -> None:
    over = an_alert().resolved(by=OLGA, reason="repaired", at=NOW)
    with pytest.raises(AlreadyResolvedError, match="olga has resolved"):
        over.resolved(by=RUTH, reason="repaired", at=NOW)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nobody_resolves_an_alert_without_a_reason(reason: str) -> None:
    with pytest.raises(InputError, match="with a reason"):
        an_alert().resolved(by=OLGA, reason=reason, at=NOW)
