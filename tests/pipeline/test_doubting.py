"""Labels planted wrong come first among the doubted; cases are opened for them, a few, once, and blinded."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from cli import main
from feedback.datasets import DatasetRow, Recipe, gather
from feedback.doubts import Doubt
from overread.domain.adjudication import Grade
from overread.domain.corrections import Origin
from overread.domain.datasets import Split
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import PatientKey, StudyUid
from overread.domain.labels import StudyLabel
from overread.simulation.pictures import boxes_in_pixels
from overread.simulation.population import SimulatedStudy
from pipeline.doubting import Sent, apart, doubts_of, send_doubtful
from pipeline.importing import import_collection
from pipeline.services import PipelineServices
from tests.builders import a_case, keep_predicted, uid
from tests.pipeline.departments import SIDE, an_installation, balanced, counted, write_collection

TRAINING = str(Path(__file__).with_name("doubts.toml"))
PLANTED = 0.15
OTHER = {Label.HAS_FINDING: Label.NO_FINDING, Label.NO_FINDING: Label.HAS_FINDING}


def planted(services: PipelineServices, folder: Path) -> list[StudyUid]:
    """Import a department, label it with boxes, and turn some training labels round; return those studies.

    On the first of them two readers had agreed.
    """
    chosen = balanced({Split.TRAIN: 75, Split.TUNE: 22, Split.TEST: 1}, showing="pacemaker")
    write_collection(folder, chosen)
    import_collection(services, folder, "folder")
    digests = [hashlib.sha256((folder / f"{n:03}.png").read_bytes()).hexdigest() for n in range(len(chosen))]
    drawn = dict(zip(digests, chosen, strict=True))
    rng = np.random.default_rng(7)
    wrong: list[StudyUid] = []
    with services.storage.work() as work:
        for study in work.studies.all(cohort=True):
            (instance,) = work.studies.instances_of(study.uid)
            turned = work.studies.split(study.patient) is Split.TRAIN and rng.random() < PLANTED
            label = reported(study.uid, drawn[instance.digest], services, turned=turned)
            work.labels.add(replace(label, grade=Grade.DOUBLE) if turned and not wrong else label)
            if turned:
                wrong.append(study.uid)
        work.commit()
    return wrong


def reported(
    study: StudyUid, drawn: SimulatedStudy, services: PipelineServices, *, turned: bool
) -> StudyLabel:
    findings = tuple(Finding(code=code, box=box) for code, box in boxes_in_pixels(drawn, SIDE))
    return StudyLabel(
        id=f"reported-{study}",
        study=study,
        label=OTHER[drawn.label] if turned else drawn.label,
        grade=Grade.REPORT,
        source="import:reports",
        at=services.now(),
        findings=() if turned else findings,
        complete=not turned,
    )


@dataclass(frozen=True)
class Doubted:
    """A department some of whose training labels were turned round, and what was doubted in it."""

    services: PipelineServices
    wrong: list[StudyUid]
    n_train: int
    doubts: list[Doubt]


@pytest.fixture(scope="module")
def doubted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubted]:
    folder = tmp_path_factory.mktemp("doubted")
    services = an_installation(folder / "data")
    wrong = planted(services, folder / "files")
    with services.storage.look() as work:
        gathered = gather(work, task=services.task, recipe=Recipe(), compare=services.look_alikes)
    n_train = sum(row.split is Split.TRAIN for row in gathered.rows)
    doubts = doubts_of(services, gathered, training=TRAINING)
    yield Doubted(services, wrong, n_train, doubts)
    services.storage.engine.dispose()


@pytest.mark.slow
def test_labels_planted_wrong_come_first(doubted: Doubted) -> None:
    base = len(doubted.wrong) / doubted.n_train
    first = [doubt.study in doubted.wrong for doubt in doubted.doubts[:10]]
    assert base < 0.2
    assert np.mean(first) >= 0.7
    assert {doubt.label for doubt in doubted.doubts[:20]} == set(Label)


@pytest.mark.slow
def test_cases_are_opened_for_the_first_of_them_once_and_no_label_changes(doubted: Doubted) -> None:
    services = doubted.services
    before = counted(services)
    sent = send_doubtful(services, training=TRAINING, most=4)  # goes on where the trainings ended
    assert sent.doubted == len(doubted.doubts)
    with services.storage.look() as work:
        opened = [work.cases.get(case) for case in sent.cases]
    assert [case.study for case in opened] == [doubt.study for doubt in doubted.doubts[:4]]
    assert {case.origin for case in opened} == {Origin.DOUBT}
    after = counted(services)
    assert (after.labels, after.audit) == (before.labels, before.audit + 4)
    assert send_doubtful(services, training=TRAINING, most=4) == Sent(doubted=None, cases=())
    assert counted(services) == after


def test_nobody_is_judged_by_a_network_that_learned_from_the_same_patient() -> None:
    rows = [a_row(number, patient=number // 3) for number in range(90)]
    tuning = [a_row(number, patient=number, split=Split.TUNE) for number in range(100, 110)]
    parts = apart([*rows, *tuning])
    for learned, judged in parts:
        assert not {row.patient for row in learned} & {row.patient for row in judged}
        assert set(tuning) <= set(learned)
        assert len(learned) + len(judged) == 100
    assert sorted(row.study for _, judged in parts for row in judged) == sorted(row.study for row in rows)
    assert all(len(judged) > 15 for _, judged in parts)
    assert parts == apart([*rows, *tuning])


def a_row(number: int, *, patient: int, split: Split = Split.TRAIN) -> DatasetRow:
    return DatasetRow(
        study=uid(number),
        patient=PatientKey(f"patient-{patient}"),
        split=split,
        label=Label.NO_FINDING,
        grade=Grade.REPORT,
        correction=False,
        complete=True,
    )


@pytest.mark.slow
def test_a_label_that_two_readers_agreed_on_is_not_doubted(doubted: Doubted) -> None:
    agreed, *others = doubted.wrong
    found = {doubt.study for doubt in doubted.doubts}
    assert agreed not in found
    assert len(found & set(others)) > len(others) / 2


def test_where_enough_cases_wait_the_command_says_so_and_trains_nothing(
    empty: PipelineServices, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with empty.storage.work() as work:
        for number in (1, 2):
            keep_predicted(work, number)
            work.cases.add(a_case(number, origin=Origin.DOUBT))
        work.commit()
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(empty.settings.folder))
    with pytest.raises(SystemExit) as ended:
        main.run(["dataset", "doubt", "--most", "2", "--json"])
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"doubted": None, "opened": 0}
    assert said.err.startswith("2 doubted labels or more wait for their readers already")
