"""Reports that miss on purpose, a first model, two readers' corrections: never in a department's folder."""

import re
import shutil
from pathlib import Path

import pytest

from cli.experiments import table
from experiments.corrections import compare_strategies
from experiments.under_called import REPORTS, prepare
from feedback.datasets import load
from overread.domain.adjudication import CaseState, Grade
from overread.domain.datasets import Split
from overread.domain.errors import ConflictError, EvidenceError, InputError
from overread.domain.findings import Label
from overread.domain.labels import StudyLabel
from overread.store.unit_of_work import UnitOfWork
from pipeline.importing import import_collection
from pipeline.services import PipelineServices
from tests.pipeline.departments import COLUMNS, TINY, counted, in_split, write_labels
from tests.pipeline.real import real_data, rows_of

HIDDEN = ("fibrous_strand", "calcification")
STRATEGIES = "\n[variants.replay]\nimages = { passes = 1, rate = 1e-3 }\n"


def imported_labels(work: UnitOfWork) -> dict[str, StudyLabel]:
    """Return what the collection said of every study."""
    return {
        uid: next(label for label in labels if label.source != REPORTS)
        for uid, labels in work.labels.by_study().items()
    }


def codes(label: StudyLabel) -> set[str]:
    return {finding.code for finding in label.findings}


@pytest.mark.slow
def test_hidden_findings_are_missed_learned_from_and_then_corrected_by_two(
    department: PipelineServices,
) -> None:
    with department.storage.look() as work:
        truth = imported_labels(work)
    shows = {
        study.uid for study in in_split(department, Split.TRAIN) if codes(truth[study.uid]) & set(HIDDEN)
    }
    version = prepare(department, hidden=HIDDEN, training=str(TINY))
    with department.storage.look() as work:
        reports = {
            uid: label
            for uid, labels in work.labels.by_study().items()
            for label in labels
            if label.source == REPORTS
        }
        first, second = work.datasets.all()
        production = work.models.production(department.task.name)
        cases = work.cases.in_state(CaseState.CLOSED)
    assert set(reports) == shows
    for uid, report in reports.items():
        assert codes(report) == codes(truth[uid]) - set(HIDDEN)
        assert (report.label is Label.HAS_FINDING) == bool(report.findings)
    assert (first.corrections, second.corrections, second.version) == (0, len(shows), version)
    assert production is not None
    assert production.lineage.dataset_version == first.version
    assert {case.study for case in cases} == shows
    assert {len(case.reads) for case in cases} == {2}
    learned = {row.study: row for row in load(department.storage.objects, first.digest)}
    settled = {row.study: row for row in load(department.storage.objects, second.digest)}
    for uid in shows:
        assert learned[uid].label is reports[uid].label
        assert (settled[uid].label, settled[uid].grade) == (truth[uid].label, Grade.DOUBLE)
    assert all(learned[uid] == settled[uid] for uid in learned.keys() - shows)

    before = counted(department)
    assert prepare(department, hidden=HIDDEN[::-1], training=str(TINY)) == version
    assert counted(department) == before
    with pytest.raises(ConflictError, match="make a new one"):
        prepare(department, hidden=HIDDEN[:1], training=str(TINY))


def test_a_folder_with_a_model_is_left_as_it_is(school: PipelineServices) -> None:
    before = counted(school)
    with pytest.raises(ConflictError, match="reports that miss on purpose"):
        prepare(school, hidden=HIDDEN, training=str(TINY))
    assert counted(school) == before


@pytest.mark.parametrize(
    ("hidden", "error", "said"),
    [
        ("strand", InputError, "unknown finding code 'strand'"),
        ("nodule", EvidenceError, "hide what the collection has"),
    ],
)
def test_a_finding_that_is_unknown_or_not_there_is_told_before_anything_is_written(
    empty: PipelineServices, hidden: str, error: type[Exception], said: str
) -> None:
    before = counted(empty)
    with pytest.raises(error, match=said):
        prepare(empty, hidden=[hidden], training=str(TINY))
    assert counted(empty) == before


@pytest.mark.slow
def test_strategies_are_compared_on_real_radiographs_and_the_table_gives_no_verdict(
    empty: PipelineServices, tmp_path: Path
) -> None:
    rows = rows_of("nih512")
    named = re.compile("^$|Nodule|Infiltration|Effusion")
    chosen = [row for row in rows if named.search(row["findings"])]
    for row in chosen:
        copy = tmp_path / row["file"]
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(real_data() / "cxr" / row["file"], copy)
    write_labels(tmp_path, [{name: row[name] for name in COLUMNS} for row in chosen])
    import_collection(empty, tmp_path, "folder")
    training = tmp_path / "strategies.toml"
    training.write_text(TINY.read_text().partition("[variants")[0] + STRATEGIES)
    prepare(empty, hidden=["nodule"], training=str(training))
    found = compare_strategies(empty, training=str(training))
    assert found.codes == ("nodule",)
    assert found.corrections >= 10
    assert found.grey_levels is not None
    assert found.note.startswith("No verdict: ")
    head = table(found)[0]
    assert head.endswith(found.note)
    assert "Grey levels alone: AUC 0." in head
