"""The retraining page: what runs and how it goes, what starts the next, and where its runs are seen."""

import shutil
from dataclasses import replace
from datetime import timedelta
from typing import Any

from model_registry.retrainings import request_run
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from overread.domain.resources import Device
from overread.domain.retraining import Step, TrainingPoint
from tests.serving.builders import ClockedServices
from tests.serving.conftest import House, another
from tests.serving.pages.builders import sign_in

RUN = "run-1" + "0" * 20
POINTS = ((60, 0.612, None), (120, 0.401, 0.871), (180, 0.333, 0.913))


def begin(house: House, *, state: RunState = RunState.RUNNING) -> None:
    """Let a retraining be a quarter through its training, one point a minute."""
    now = house.clock.now()
    with house.storage.work() as work:
        run = request_run(work, RUN, by=PersonKey("olga"), now=now, reason="a new scanner")
        run = replace(run, state=state, step=Step.TRAINING, progress=0.25, flow_run="flow-7")
        work.monitoring.save_run(run)
        for minute, (done, loss, auc) in enumerate(POINTS, start=-4):
            point = TrainingPoint(
                run=RUN,
                job="job-1",
                at=now + timedelta(minutes=minute),
                name="demo.v2",
                stage="images",
                done=done,
                of=720,
                loss=loss,
                tuning_auc=auc,
            )
            work.monitoring.add_point(point)
        work.commit()


def test_the_run_in_progress_shows_its_step_its_curves_and_why_it_was_asked_for(served: House) -> None:
    begin(served)
    page = sign_in(served, "ruth").get("/retraining").text
    for shown in ("a new scanner", "25.0 %", 'class="here" aria-current="step"', "demo.v2: step 180 of 720"):
        assert shown in page, shown
    assert "AUC on the tuning set: demo.v2 0.913" in page
    told = served.ask("ruth", "GET", f"/api/v1/retrainings/{RUN}").json()
    assert [(p["done"], p["loss"], p["tuning_auc"]) for p in told["points"]] == list(POINTS)
    assert (told["progress"], told["reason"], told["step"]) == (0.25, "a new scanner", "training")


def test_the_page_follows_until_the_run_has_ended_and_then_loads_anew(served: House) -> None:
    begin(served)
    ruth, path = sign_in(served, "ruth"), f"/retraining/{RUN}/progress"
    assert path in ruth.get("/retraining").text
    assert "25.0 %" in ruth.get(path).text
    with served.storage.work() as work:
        work.monitoring.save_run(replace(work.monitoring.run(RUN), state=RunState.DONE))
        work.commit()
    ended = ruth.get(path)
    assert (ended.status_code, ended.headers["HX-Refresh"]) == (286, "true")


def test_a_run_that_was_called_off_is_shown_as_stopping_until_its_process_has_let_go(served: House) -> None:
    begin(served)
    olga = sign_in(served, "olga")
    assert olga.fill("/retraining", f"/retraining/{RUN}/cancel", {}).status_code == 303
    page = olga.get("/retraining").text
    assert "It was asked to stop" in page
    assert f"/retraining/{RUN}/cancel" not in page
    assert served.ask("olga", "DELETE", f"/api/v1/retrainings/{RUN}").json()["state"] == "stopping"


def test_a_retraining_by_hand_needs_a_reason_and_keeps_it(served: House) -> None:
    ruth = sign_in(served, "ruth")
    refused = ruth.fill("/retraining", "/retraining", {"reason": "  "})
    assert refused.status_code == 422
    ruth.fill("/retraining", "/retraining", {"reason": "a new scanner"})
    with served.storage.look() as work:
        (run,) = work.monitoring.runs()
        assert [row.event.details for row in work.audit.rows() if row.event.subject == run.id] == [
            {"why": "a new scanner"}
        ]
    assert (run.reason, run.trigger, run.requested_by) == ("a new scanner", "person", "ruth")


def test_page_and_interface_say_alike_when_the_next_one_starts(served: House) -> None:
    told = served.ask("olga", "GET", "/api/v1/retrainings/triggers").json()
    assert told["triggers"] == [
        {"trigger": "corrections", "needed": 200},
        {"trigger": "drift", "needed": 50},
        {"trigger": "date", "needed": 20},
    ]
    assert (told["settled"], told["drifting"], told["due"]) == (0, False, None)
    page = sign_in(served, "olga").get("/retraining").text
    for needed in (200, 50, 20):
        assert f"0 of {needed} settled cases" in page


def ended(house: House, number: int, *, after: timedelta, **changes: Any) -> None:
    """Keep a retraining that went through all its steps some days ago, `after` its last point."""
    trained = house.clock.now() - timedelta(days=number)
    run = TrainingRun(
        id=f"ended-{number}" + "0" * 20,
        state=RunState.DONE,
        requested_by=PersonKey("olga"),
        requested_at=trained - timedelta(hours=1),
        step=Step.ASKING,
        finished_at=trained + after,
    )
    point = TrainingPoint(
        run=run.id, job="job-1", at=trained, name="demo", stage="images", done=9, of=9, loss=0.1
    )
    with house.storage.work() as work:
        work.monitoring.add_run(replace(run, **changes))
        work.monitoring.add_point(point)
        work.commit()


def test_the_page_says_how_long_it_goes_on_after_the_training_by_the_last_runs(served: House) -> None:
    begin(served)
    ruth, path = sign_in(served, "ruth"), f"/retraining/{RUN}/progress"
    assert "how long what follows takes is not known" in ruth.get("/retraining").text
    ended(served, 1, after=timedelta(minutes=3))
    ended(served, 2, after=timedelta(minutes=7))
    ended(served, 3, after=timedelta(days=1), state=RunState.FAILED)
    ended(served, 4, after=timedelta(days=1), step=Step.REGISTERED)  # it went through no comparison
    assert "what follows takes 3 min to 7 min by the last runs (n = 2)" in ruth.get("/retraining").text
    served.clock.ahead += timedelta(seconds=30)  # two and a half minutes after its last point
    for learned in ({"progress": 1.0}, {"step": Step.COMPARING}):
        with served.storage.work() as work:
            work.monitoring.save_run(replace(work.monitoring.run(RUN), **learned))
            work.commit()
        assert "&lt; 1 min to 4 min left by the last runs (n = 2)" in ruth.get(path).text
    served.clock.ahead += timedelta(minutes=6)
    assert "takes longer than the last runs (n = 2), at most 7 min" in ruth.get(path).text
    told = served.ask("ruth", "GET", "/api/v1/retrainings/resources").json()
    assert told["after_training"] == {"shortest": 180.0, "longest": 420.0, "n": 2}


def test_the_device_is_that_of_the_last_training_unless_the_setting_names_another(
    served: House, services: ClockedServices
) -> None:
    assert "Not known yet" in sign_in(served, "olga").get("/retraining").text
    card = Device(place="cuda", name="Acme 9000", memory=80 * 2**30)
    ended(served, 1, after=timedelta(minutes=3), device=card, disk=3 * 2**19)
    page = sign_in(served, "olga").get("/retraining").text
    for shown in ("<b>cuda</b> · 80 GiB", "Acme 9000", "OVERREAD_DEVICE is auto", "up to 1.5 MiB"):
        assert shown in page, shown
    (run,) = served.ask("olga", "GET", "/api/v1/retrainings").json()["items"]
    assert run["device"] == {"place": "cuda", "name": "Acme 9000", "memory": 80 * 2**30}
    with another(served, services, device="cpu") as house:
        page = sign_in(house, "olga").get("/retraining").text
    assert "<b>cpu</b>" in page
    assert "Acme 9000" not in page


def test_a_retraining_that_would_fill_the_disk_is_told_of_and_refused(served: House) -> None:
    ended(served, 1, after=timedelta(minutes=3), disk=2**60)
    ruth = sign_in(served, "ruth")
    assert "Too little disk for another training" in ruth.get("/retraining").text
    refused = ruth.fill("/retraining", "/retraining", {"reason": "a new scanner"})
    assert refused.status_code == 507
    assert "none is begun" in refused.text
    answer = served.ask("ruth", "POST", "/api/v1/retrainings")
    assert (answer.status_code, answer.json()["code"], answer.json()["needed"]) == (507, "no-room", 2**60)
    told = served.ask("ruth", "GET", "/api/v1/retrainings/resources").json()
    usage = shutil.disk_usage(served.app.state.web.services.settings.folder)
    assert (told["total"], told["needed"], told["suffices"]) == (usage.total, 2**60, False)
    with served.storage.look() as work:
        assert work.monitoring.runs(state=RunState.WAITING) == []


def test_runs_lead_to_prefect_and_mlflow_only_where_the_site_has_them(
    served: House, services: ClockedServices
) -> None:
    begin(served)
    with served.storage.work() as work:
        run = work.monitoring.run(RUN)
        work.monitoring.save_run(replace(run, state=RunState.DONE, candidates=("1",)))
        tracked = work.models.all()[0].lineage.run
        work.commit()
    without = sign_in(served, "olga").get("/retraining").text
    assert "Prefect" not in without
    assert "MLflow" not in without
    places = {"prefect_ui": "https://prefect.example", "mlflow_ui": "https://mlflow.example/"}
    with another(served, services, **places) as house:
        page = sign_in(house, "olga").get("/retraining").text
    assert "https://prefect.example/runs/flow-run/flow-7" in page
    assert f"https://mlflow.example/#/runs/{tracked}" in page
