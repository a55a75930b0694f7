"""`overread reader-study`: from the design to the table, as whoever runs a study goes."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli import main
from feedback.reader_analysis import analyse
from model_registry.recording import recorded
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from pipeline.comparing import frozen_test_set
from pipeline.services import PipelineServices
from tests.builders import NOW, a_crossover_read
from tests.pipeline.conftest import (  # noqa: F401 - fixtures, found by their names
    collection,
    imported,
    school,
    trained,
)
from tests.pipeline.departments import put_in_production

NEW = ("--cases", "8", "--reader", "remy", "--model", "1", "--washout-days", "14", "--seed", "3")


def read_everything(services: PipelineServices) -> None:
    """Let Remy read: alone always wrong, aided always right, and surer of it each time."""
    with services.storage.work() as work:
        study = work.reader_studies.named("pilot")
        (sequence,) = study.sequences
        for period, order in enumerate(sequence.orders):
            for place, key in enumerate(order):
                finding = (study.case(key).truth is Label.HAS_FINDING) == (sequence.arms[period] == "aided")
                work.reader_studies.add_read(
                    a_crossover_read(
                        key,
                        arm=sequence.arms[period],
                        reader_study=study.id,
                        label=Label.HAS_FINDING if finding else Label.NO_FINDING,
                        rating=60 + place if finding else 30 - place,
                        at=NOW + timedelta(days=20 * period, minutes=place),
                        seconds=10.0 + place,
                    )
                )
        work.commit()


@pytest.mark.slow
def test_a_study_is_registered_read_exported_and_analysed(
    school: PipelineServices,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main.run(["reader-study", *words])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    frozen_test_set(school)
    put_in_production(school, "1")
    with school.storage.work() as work:
        work.people.add(PersonKey("remy"), Role.READER, password=None, at=NOW)
        work.commit()
    monkeypatch.setenv("OVERREAD_DATA_DIR", str(school.settings.folder))

    code, _, said = run("new", "pilot", *NEW)
    assert code == 0
    assert "tune no model" in said
    assert run("new", "pilot", *NEW)[2].startswith("overread: a reader study named pilot is registered")
    assert run("new", "=pilot", *NEW)[0] == 1
    assert json.loads(run("show", "--json")[1]) == {"reader_studies": ["pilot"]}

    code, _, refused = run("analyse", "pilot")
    assert (code, "0 of 16 reads are given" in refused) == (1, True)
    read_everything(school)
    shown = json.loads(run("show", "pilot", "--json")[1])
    assert (shown["cases"], shown["progress"]["remy"]["read"], shown["progress"]["remy"]["of"]) == (8, 16, 16)

    place = tmp_path / "reads.csv"
    assert run("export", "pilot", str(place))[0] == 0
    with place.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    assert sum(row["label"] == row["truth"] for row in rows) == 8

    found = json.loads(run("analyse", "pilot", "--json")[1])
    with school.storage.look() as work:
        study = work.reader_studies.named("pilot")
        assert found == recorded(analyse(study, work.reader_studies.reads(study.id)))
    assert (found["change"]["accuracy"]["estimate"], found["auc_fixed"]["accuracies"]) == (
        1.0,
        [[0.0], [1.0]],
    )
    table = run("analyse", "pilot")[1]
    assert "| accuracy, these readers | 1.000" in table
    assert "and of nobody else" in table
    assert "INTERIM" not in table
