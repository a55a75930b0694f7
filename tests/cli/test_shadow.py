"""`overread shadow`: registered, shown and stopped by who has the data folder."""

import json
from datetime import UTC, datetime

from bootstrap.storage import TASK, open_storage
from overread.domain.identifiers import StudyUid
from overread.domain.shadows import ShadowAnswer
from overread.settings.environment import Settings
from tests.builders import keep_predicted
from tests.commands import Overread
from tests.serving.builders import a_version, put_in_production


def _with_a_candidate(installed: Overread) -> None:
    storage = open_storage(Settings(data_dir=installed.data))
    with storage.look() as work:
        task = str(work.people.fact(TASK))
    put_in_production(storage, task, "1")
    with storage.work() as work:
        work.models.add(a_version(storage.objects, "2"))
        keep_predicted(work, probability=0.2)
        work.commit()
    storage.engine.dispose()


def _answered(installed: Overread, shadow: str) -> None:
    """Keep an answer as a server would."""
    storage = open_storage(Settings(data_dir=installed.data))
    with storage.work() as work:
        study = work.studies.all()[0].uid
        answer = ShadowAnswer(
            shadow=shadow,
            study=StudyUid(study),
            made_at=datetime.now(UTC),
            probability=0.9,
            threshold=0.5,
            label=work.studies.all()[0].label,
        )
        work.shadows.add_answer(answer)
        work.commit()
    storage.engine.dispose()


def test_a_shadow_is_registered_shown_and_stopped(installed: Overread) -> None:
    _with_a_candidate(installed)
    said = ("shadow", "start", "2", "--why", "does it hold")
    refused = installed(*said)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "for how many --studies" in refused.stderr
    started = json.loads(installed(*said, "--studies", "2", "--json").stdout)
    assert (started["state"], started["candidate"], started["production"]) == ("running", "2", "1")
    assert started["progress"] == {"answered": 0, "failed": 0, "waiting": 0}
    _answered(installed, started["id"])
    running = json.loads(installed("shadow", "show", "--json").stdout)
    assert running["progress"]["answered"] == 1
    assert "result" not in running
    stopped = installed("shadow", "stop", "--why", "a pause")
    assert stopped.returncode == 0, stopped.stderr
    shown = installed("shadow", "show", started["id"])
    for words in ("stopped", "by operator: a pause", "agreement", "1.000 (", "readers who saw production"):
        assert words in shown.stdout, shown.stdout


def test_before_the_first_one_the_command_is_named(installed: Overread) -> None:
    shown = installed("shadow", "show")
    assert (shown.returncode, "overread shadow start VERSION" in shown.stderr) == (1, True)
