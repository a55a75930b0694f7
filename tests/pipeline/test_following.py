"""MLflow learns what audits and reader studies showed: once, whole, and without anybody's name."""

import json

import mlflow
import pytest

from feedback.reader_analysis import analyse
from feedback.reader_studies import TELL_READER_STUDY
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from pipeline.auditing import draw, watch_audits
from pipeline.following import hand_on
from pipeline.services import PipelineServices
from tests.builders import NOW, a_crossover, a_label, keep_predicted
from tests.feedback.test_audits import reported
from tests.feedback.test_reader_analysis import FOUR, all_reads
from tests.monitoring.test_stop_rule import DAY, produce

CASES = range(1, 25)


def _artifact(services: PipelineServices, run: str, name: str) -> str:
    folder = services.tracking.client.get_run(run).info.artifact_uri
    return str(mlflow.artifacts.load_text(f"{folder}/{name}"))


def _audited(services: PipelineServices, *, cleared: int, flagged: int) -> str:
    """Let version 1 serve and answer; its audits are drawn and none is read. Return the run that made it.

    That is one of this test's own: MLflow keeps in mind where the files of a run it has seen lie.
    """
    with services.tracking.run("retraining", "own", key="own", now=services.now()) as record:
        pass
    with services.storage.work() as work:
        rename = "UPDATE models SET lineage = json_set(lineage, '$.run', ?)"
        work.models._connection.exec_driver_sql(rename, (record.id,))
        produce(work, services.task, at=NOW - DAY)
        for number in range(100, 100 + cleared + flagged):
            called = Label.NO_FINDING if number < 100 + cleared else Label.HAS_FINDING
            reported(work, number, called=called)
        work.commit()
    draw(services, seed=1)
    return record.id


def _read_audits(services: PipelineServices) -> None:
    """Find nothing in any audit, but in the first."""
    with services.storage.work() as work:
        lots = [lot for lot in work.lots.all() if lot.case is not None]
        for number, lot in enumerate(lots):
            label = Label.NO_FINDING if number else Label.HAS_FINDING
            work.labels.add(a_label(number, study=lot.study, case=lot.case, label=label))
        work.commit()


def test_what_audits_say_is_a_point_on_the_run_of_the_version_that_serves(school: PipelineServices) -> None:
    run = _audited(school, cleared=300, flagged=100)
    watch_audits(school)
    assert hand_on(school) == 1
    with school.storage.look() as work:
        drawn = sum(lot.case is not None for lot in work.lots.all())
    tags = school.tracking.client.get_run(run).data.tags
    assert tags["overread.audit.read"] == f"0 of {drawn} drawn"
    assert "no audit of a study called no finding has been read." in tags["overread.audit.not_known"]
    assert not any("sensitivity" in name for name in tags)
    _read_audits(school)
    watch_audits(school)
    assert (hand_on(school), hand_on(school)) == (1, 0)
    found = school.tracking.client.get_run(run).data
    sensitivity = 100 / (100 + 1 / school.task.audit.cleared)  # one miss, drawn by that share
    assert found.metrics["audit.horvitz_thompson.sensitivity"] == pytest.approx(sensitivity)
    assert found.metrics["audit.horvitz_thompson.sensitivity.lower"] < sensitivity
    assert found.metrics["audit.horvitz_thompson.sensitivity.n"] > 0
    assert found.metrics["audit.missed"] == pytest.approx(1 / drawn)
    assert found.tags["overread.audit.not_known"] == "nothing"
    assert found.tags["overread.audit.stop_rule"].startswith(f"1 missed in {drawn} audits; fired: no.")
    points = school.tracking.client.get_metric_history(run, "audit.read")
    assert [point.value for point in points] == [0, drawn]
    everything, month = json.loads(_artifact(school, run, "audits.json"))["performance"]
    assert (everything["month"], month["month"]) == (None, f"{NOW:%Y-%m}-01")
    assert everything["begg_greenes"]["sensitivity"]["n"] == found.metrics["audit.begg_greenes.sensitivity.n"]


def test_a_reader_study_is_told_once_it_is_whole_and_names_nobody(school: PipelineServices) -> None:
    study = a_crossover(CASES, FOUR)
    reads = all_reads(study)
    with school.storage.work() as work:
        for number in CASES:
            keep_predicted(work, number)
        for reader in FOUR:
            work.people.add(PersonKey(reader), Role.READER, password=None, at=NOW)
        work.reader_studies.add(study)
        for read in reads[1:]:
            work.reader_studies.add_read(read)
        work.outbox.put(TELL_READER_STUDY, key=study.id, at=NOW)  # one of the readers has finished
        work.commit()
    assert hand_on(school) == 0
    with school.storage.work() as work:
        work.reader_studies.add_read(reads[0])
        work.outbox.put(TELL_READER_STUDY, key=study.id, at=NOW)
        work.commit()
    assert (hand_on(school), hand_on(school)) == (1, 0)
    client, expected = school.tracking.client, analyse(study, reads)
    (run,) = client.search_runs([school.tracking.experiment("reader-study")])
    assert run.data.params["cases_with_finding"] == "12"
    assert run.data.metrics["change.auc_fixed"] == expected.auc_fixed.estimate
    for metric, change in expected.change.items():
        assert run.data.metrics[f"change.{metric}"] == change.estimate
        assert run.data.metrics[f"change.{metric}.lower"] == change.lower
    with school.storage.look() as work:
        assert run.data.tags["overread.aid.run"] == work.models.get("1").lineage.run
    kept = [_artifact(school, run.info.run_id, f"reader-study.{kind}") for kind in ("json", "md")]
    assert json.loads(kept[0])["auc_fixed"]["lower"] == pytest.approx(expected.auc_fixed.lower)
    assert "| reader 4 | aided |" in kept[1]
    for name in (*FOUR, study.name, *(str(case.study) for case in study.cases)):
        assert name not in f"{run.data.tags} {run.data.params} {kept}"
