"""A candidate before the gate: the look is written first, once; a leak is refused before it."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import update

from bootstrap.heads import signed_heads
from model_registry.test_set import cases_of
from model_registry.versions import aliased
from monitoring.alerts import resolve
from overread.domain.datasets import Purpose, Split, Use
from overread.domain.errors import EvidenceError, NotFoundError
from overread.domain.findings import Box, Finding, Label
from overread.domain.identifiers import FindingCode, PersonKey, VersionKey
from overread.domain.promotion import RequestState
from overread.store.monitoring import DriftCheck
from overread.store.records import plain
from overread.store.tables.studies import patients
from pipeline import comparing
from pipeline.attesting import attest
from pipeline.comparing import compare, frozen_test_set, record_of
from pipeline.drifting import check_drift
from pipeline.following import hand_on
from pipeline.leaks import LeakError
from pipeline.promoting import ask_for_promotion
from pipeline.services import PipelineServices
from tests.builders import a_verdict, an_attribution
from tests.pipeline.departments import in_split, put_in_production


def looks(services: PipelineServices) -> list[tuple[int, str | None]]:
    test_set = frozen_test_set(services)
    with services.storage.look() as work:
        return [(look.look, look.verdict) for look in work.datasets.looks(test_set.version)]


def test_the_test_set_is_frozen_once_from_the_test_split(department: PipelineServices) -> None:
    frozen = frozen_test_set(department)
    assert (frozen.n_positive, frozen.n_negative) == (20, 20)
    with department.storage.work() as work:
        for study in in_split(department, Split.TEST)[:3]:
            work.studies.save(replace(study, cohort=False))
        work.commit()
    assert frozen_test_set(department) == frozen


def test_truth_boxes_are_frozen_with_the_test_set_as_shares_of_the_picture(
    department: PipelineServices,
) -> None:
    study = in_split(department, Split.TEST)[0]
    marked = Finding(code=FindingCode("nodule"), box=Box(x0=10, y0=20, x1=50, y1=60))
    with department.storage.work() as work:
        label = work.labels.by_study()[study.uid][0]
        seen = replace(study.acquisition, rows=200, columns=100)
        work.studies.save(replace(study, acquisition=seen))
        later = replace(label, id="marked", at=label.at + timedelta(hours=1))
        work.labels.add(replace(later, label=Label.HAS_FINDING, findings=(marked,)))
        work.commit()
    cases = cases_of(department.storage.objects, frozen_test_set(department))
    assert {case.study: case.boxes for case in cases if case.boxes} == {study.uid: ((0.1, 0.1, 0.5, 0.3),)}


def test_without_test_studies_there_is_one_clear_error(empty: PipelineServices) -> None:
    with pytest.raises(EvidenceError, match="import more studies first"):
        frozen_test_set(empty)


def test_under_a_hundred_of_a_class_there_is_no_verdict(school: PipelineServices) -> None:
    compared = compare(school, "1", by="tests", why="first")
    assert compared.verdict == "INCONCLUSIVE"
    record = record_of(school, compared.record)
    assert "evidence" in json.dumps(record["reasons"])
    assert isinstance(record["baseline"], dict)  # what grey levels alone say stands beside
    assert record["localisation"] == {"candidate": None}  # a folder of files has no boxes
    assert looks(school) == [(1, "INCONCLUSIVE")]


def test_the_look_is_in_the_ledger_before_anything_is_scored(
    school: PipelineServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(comparing, "test_scores", die)
        with pytest.raises(KeyboardInterrupt):
            compare(school, "1", by="tests", why="first")
    assert looks(school) == [(1, None)]
    compare(school, "1", by="tests", why="again after the crash")
    assert looks(school) == [(1, "INCONCLUSIVE")]


def test_asked_again_it_is_the_same_look_run_and_record(school: PipelineServices) -> None:
    first = compare(school, "1", by="tests", why="first")
    (kept,) = school.settings.caches.glob("baseline-*.json")
    kept.write_text("{")  # as a process leaves it that is killed while it writes
    assert compare(school, "1", by="tests", why="again") == first
    assert looks(school) == [(1, "INCONCLUSIVE")]


def test_a_test_patient_in_the_training_set_is_refused_before_a_look(school: PipelineServices) -> None:
    tested = frozen_test_set(school)
    with school.storage.work() as work:
        model = work.models.get("1")
        dataset = work.datasets.get(model.lineage.dataset_version)
        manifest = json.loads(school.storage.objects.get(dataset.digest))
        cases = json.loads(school.storage.objects.get(tested.digest))["cases"]
        manifest["rows"][0]["patient"] = cases[0]["patient"]
        digest = school.storage.objects.put(json.dumps(manifest).encode())
        work.datasets.add(replace(dataset, version="leaky", digest=digest))
        leaky = replace(model, version=VersionKey("2"), digest=school.storage.objects.put(b"other"))
        work.models.add(replace(leaky, lineage=replace(model.lineage, dataset_version="leaky")))
        work.commit()
    with pytest.raises(LeakError, match="1 by patient"):
        compare(school, "2", by="tests", why="leaky")
    assert looks(school) == []


def test_a_picture_that_looks_like_a_test_picture_is_a_leak(school: PipelineServices) -> None:
    tested, learned = in_split(school, Split.TEST)[0], in_split(school, Split.TRAIN)[0]
    with school.storage.work() as work:
        work.studies.save(replace(tested, fingerprint=learned.fingerprint))
        work.commit()
    with pytest.raises(LeakError, match="1 by picture") as refused:
        compare(school, "1", by="tests", why="leaky")
    assert str(learned.uid) in str(refused.value)
    assert looks(school) == []
    kept = json.loads((school.settings.folder / "leaks-1.json").read_text())
    assert kept == [{"learned": learned.uid, "tested": tested.uid, "kind": "picture"}]


def test_a_mirrored_copy_of_a_test_picture_is_a_leak(school: PipelineServices) -> None:
    tested, learned = in_split(school, Split.TEST)[0], in_split(school, Split.TRAIN)[0]
    seen = np.frombuffer(learned.fingerprint or b"", np.uint8).reshape(64, 64)
    with school.storage.work() as work:
        work.studies.save(replace(tested, fingerprint=seen[:, ::-1].tobytes()))
        work.commit()
    with pytest.raises(LeakError, match=f"1 by copy .{learned.uid} and {tested.uid}"):
        compare(school, "1", by="tests", why="leaky")


def test_a_prior_study_under_another_patient_key_is_a_leak_told_without_a_name(
    school: PipelineServices,
) -> None:
    tested, learned = in_split(school, Split.TEST)[0], in_split(school, Split.TRAIN)[0]
    named = {"name": "Doe^Jane", "birth_date": date(1960, 1, 2), "sex": "F"}
    keys = [tested.patient, learned.patient]
    with school.storage.engine.begin() as connection:
        connection.execute(update(patients).where(patients.c.key.in_(keys)).values(**named))
    with pytest.raises(LeakError, match="by person") as refused:
        compare(school, "1", by="tests", why="leaky")
    told = str(refused.value) + (school.settings.folder / "leaks-1.json").read_text()
    assert tested.uid in told
    assert "Doe" not in told
    assert looks(school) == []


def test_the_candidate_has_a_model_card_among_the_objects_and_in_its_run(school: PipelineServices) -> None:
    compared = compare(school, "1", by="tests", why="first")
    card = record_of(school, compared.record)["model_card"]
    page = school.storage.objects.get(card).decode()  # type: ignore[arg-type]  # a digest in JSON
    assert "Not a medical device" in page
    assert "All weights started random" in page
    assert "AUC of grey levels alone" in page
    with school.storage.look() as work:
        run = work.models.get("1").lineage.run
    names = [file.path for file in school.tracking.client.list_artifacts(run)]
    assert "model_card.html" in names


def test_a_request_is_opened_once_with_its_evidence(school: PipelineServices) -> None:
    compared = compare(school, "1", by="tests", why="first")
    verdict = replace(a_verdict(passed=False), report="a" * 64, attributions=(an_attribution(),))
    with school.storage.work() as work:
        work.monitoring.add_check(DriftCheck(id="drift-1", at=school.now(), verdict=verdict))
        work.commit()
    olga = PersonKey("olga")
    with pytest.raises(NotFoundError, match="drift check"):
        ask_for_promotion(school, compared.record, requested_by=olga, drift_check="drift-2")
    for _ in range(2):
        asked = ask_for_promotion(
            school, compared.record, requested_by=olga, drift_check="drift-1", flow_runs=("flow-2",)
        )
        assert asked == "1"
    with school.storage.look() as work:
        (request,) = work.models.requests()
    assert (request.state, request.verdict, request.drift) == (RequestState.OPEN, "INCONCLUSIVE", verdict)
    tags = school.tracking.client.get_run(compared.run).data.tags
    assert (tags["overread.drift.passed"], tags["overread.drift.report"]) == ("False", "a" * 64)
    assert tags["overread.drift.attributed"].startswith("Noise: mostly in studies of maker N")
    assert request.lineage["flow_runs"] == ["flow-1", "flow-2"]
    assert request.lineage["comparison_run"] == compared.run
    assert request.ledger["look"] == 1
    assert request.comparison["policy_values"] == plain(school.policy)


def test_the_alias_follows_production_and_may_be_told_twice(school: PipelineServices) -> None:
    put_in_production(school, "1")
    assert hand_on(school) == 1
    assert hand_on(school) == 0
    assert aliased(school.tracking.client, school.task.name) == "1"
    (head,) = signed_heads(school.settings.folder)
    with school.storage.look() as work:
        assert head.seq == work.audit.length()


def test_a_record_that_was_changed_raises_an_alert_when_its_head_is_to_be_signed(
    school: PipelineServices,
) -> None:
    with school.storage.engine.begin() as connection:
        (by,) = connection.exec_driver_sql('SELECT "by" FROM audit WHERE seq = 2').one()
        connection.exec_driver_sql("UPDATE audit SET \"by\" = 'nobody' WHERE seq = 2")
    for _ in range(2):
        assert attest(school) is None
    with school.storage.look() as work:
        (alert,) = work.monitoring.alerts()
    assert alert.kind == "chain"
    assert signed_heads(school.settings.folder) == []
    with school.storage.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE audit SET \"by\" = '{by}' WHERE seq = 2")  # noqa: S608 - ours
    assert attest(school) is not None
    with school.storage.work() as work:
        assert work.monitoring.alert(alert.id) == alert  # tampering stays a person's to explain
        resolve(work, alert.id, by=PersonKey("olga"), reason="restored from a copy", now=school.now())
        work.commit()
    attest(school)
    with school.storage.look() as work:
        assert work.monitoring.alerts_not_gone("chain") == []


def test_drift_is_not_decided_on_too_few_studies(school: PipelineServices) -> None:
    with pytest.raises(EvidenceError, match="no model is in production"):
        check_drift(school)
    put_in_production(school, "1")
    kept = check_drift(school)
    assert kept.verdict.passed is None
    assert "0 current studies" in " ".join(kept.verdict.reasons)
    tested = frozen_test_set(school).version
    with school.storage.look() as work:
        assert [(use.purpose, use.model) for use in work.datasets.uses(tested)] == [("drift-reference", "1")]
    assert looks(school) == []


def test_a_row_of_another_test_set_opens_none(school: PipelineServices) -> None:
    tested = frozen_test_set(school)
    cases = cases_of(school.storage.objects, tested)
    with school.storage.look() as work:
        model = work.models.get("1")
    row = Use(
        id="use-1",
        test_set="another",
        purpose=Purpose.BRIDGE,
        model=model.version,
        by="tests",
        at=school.now(),
        why="",
    )
    with pytest.raises(ValueError, match="not of"):
        comparing.test_scores(school, model, tested, cases, entry=row)


def test_mlflow_holds_no_single_study_of_a_comparison(school: PipelineServices) -> None:
    compared = compare(school, "1", by="tests", why="first")
    files = list((school.settings.folder / "mlflow").rglob("*"))
    told = "".join(
        file.read_text(errors="replace") for file in files if file.suffix in {".json", ".md", ".html"}
    )
    told += json.dumps(school.tracking.client.get_run(compared.run).to_dictionary(), default=str)
    assert compared.version in told
    tested = in_split(school, Split.TEST)
    assert not any(name in told for study in tested for name in (study.uid, study.patient))
