"""`overread promote`: asking twice costs nothing."""

import json

import pytest

from cli import learning
from overread.domain.identifiers import VersionKey
from pipeline.services import PipelineServices
from tests.pipeline.conftest import (  # noqa: F401 - fixtures, found by their names
    collection,
    imported,
    school,
    trained,
)


@pytest.mark.slow
def test_a_version_asked_for_before_spends_no_further_look(
    school: PipelineServices,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(learning, "settings", lambda: school.settings)
    learning.promote("1", as_json=True)
    with school.storage.work() as work:
        work.models.put_in_production(
            school.task.name, VersionKey("1"), at=school.now(), by=["ann", "bob"], reason="", rollback=False
        )
        work.commit()
    learning.promote("1", as_json=True)
    learning.promote("1")
    with school.storage.look() as work:
        test_set = work.datasets.test_set()
        assert test_set is not None
        assert len(work.datasets.looks(test_set.version)) == 1
    learning.compare("1", "1", as_json=True)
    first, again, *plain, compared = capsys.readouterr().out.splitlines()
    assert json.loads(first) == json.loads(again)
    assert json.loads(first) == {
        "version": "1",
        "verdict": "INCONCLUSIVE",
        "because_of": "evidence",
        "needed": 2,
    }
    assert "can only reject" in plain[-1]
    answered = json.loads(compared)
    assert "fewer give no verdict" in answered["because_of"]["evidence"]
    assert answered["further_cases"]["evidence"] > 0
