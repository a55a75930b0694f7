"""Fine-tuning as a recipe says: from production or anew, harder where it is wrong, again where it forgot."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from feedback.datasets import DatasetRow
from overread.domain.adjudication import Grade
from overread.domain.datasets import Split
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, StudyUid
from overread.learning.checkpoints import TrainedModel
from overread.learning.data import Studies
from overread.learning.progress import Progress
from overread.learning.recipes import recipe_of
from pipeline.labelling import rows_as_labels
from pipeline.learning import Teaching, learned

SIZE, SQUARE = 64, 10
COLUMNS = ("any", "square")


def a_study(number: int, split: Split) -> tuple[DatasetRow, np.ndarray[Any, np.dtype[np.uint8]]]:
    """Return a row and its picture; every second one shows a bright square, where its box is."""
    rng = np.random.default_rng(number)
    picture = rng.integers(60, 120, (SIZE, SIZE)).astype(np.uint8)
    shows = number % 2 == 1
    x, y = (int(corner) for corner in rng.integers(4, SIZE - SQUARE - 4, 2))
    if shows:
        picture[y : y + SQUARE, x : x + SQUARE] = 220
    box = (x / SIZE, y / SIZE, (x + SQUARE) / SIZE, (y + SQUARE) / SIZE)
    row = DatasetRow(
        study=StudyUid(f"1.2.{number}"),
        patient=PatientKey(f"p{number}"),
        split=split,
        label=Label.HAS_FINDING if shows else Label.NO_FINDING,
        grade=Grade.REPORT,
        correction=number % 10 == 1,
        complete=True,
        findings=(("square", box),) if shows else (),
    )
    return row, picture


TRAINING = [a_study(number, Split.TRAIN) for number in range(64)]
TUNING = [a_study(number, Split.TUNE) for number in range(100, 160)]
PICTURES = {row.study: picture for row, picture in TRAINING}


def a_teaching(parent: TrainedModel | None, folder: Path, **changes: Any) -> Teaching:
    """Return a fine-tuning of seconds."""
    table: dict[str, Any] = {
        "name": "school",
        "architecture": "resnet10-lse",
        "width": 8,
        "precision": "float32",
        "contract": {"size": SIZE, "standardise": True},
        "images": {"passes": 1, "batch": 16, "rate": 1e-9},
    }
    rows = [row for row, _ in TUNING]
    return Teaching(
        recipe=recipe_of(table | changes),
        rows=[row for row, _ in TRAINING],
        gather=lambda keys: np.stack([PICTURES[key] for key in keys]),
        tuning=Studies(np.stack([picture for _, picture in TUNING]), rows_as_labels(rows, COLUMNS)),
        parent=parent,
        folder=folder,
    )


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """A network that has learned what a square looks like."""
    folder = tmp_path_factory.mktemp("production")
    stages = {"patches": {"count": 1600, "side": 24, "batch": 32}, "images": {"passes": 1, "batch": 16}}
    return learned(a_teaching(None, folder, **stages), lambda _: None)


def quiet(_: Progress) -> None:
    """Be told, and say nothing."""


def test_a_fresh_variant_does_not_start_from_production(production: TrainedModel, tmp_path: Path) -> None:
    name = "head.weight"
    tuned = learned(a_teaching(production, tmp_path / "tuned"), quiet).weights[name]
    fresh = learned(a_teaching(production, tmp_path / "fresh", fresh=True), quiet).weights[name]
    torch.testing.assert_close(tuned, production.weights[name], atol=1e-5, rtol=0)
    assert not torch.allclose(fresh, tuned, atol=1e-2)


def test_what_production_gets_most_wrong_makes_a_pass_longer(
    production: TrainedModel, tmp_path: Path
) -> None:
    told: list[Progress] = []
    mix = {"hard_share": 0.5, "hard_repeats": 3}
    learned(a_teaching(production, tmp_path, mix=mix), told.append)
    assert told[-1].of == (32 + 3 * 32) / 16


def test_a_finding_that_was_forgotten_is_replayed_in_a_second_training(
    production: TrainedModel, tmp_path: Path
) -> None:
    ruin = {"passes": 1, "batch": 16, "rate": 1.0}
    told: list[Progress] = []
    teaching = a_teaching(production, tmp_path, images=ruin, mix={"fallen_repeats": 4})
    model = learned(teaching, told.append)
    assert [entry["stage"] for entry in model.history] == ["images", "fallen", "images"]
    assert float(model.history[1]["square"]) > 0.05
    assert (told[0].of, told[-1].of) == (4, round((64 + 3 * 25) / 16))  # 25 squares are no corrections
    assert (tmp_path / "again" / "training.safetensors").exists()
    taken_up = learned(teaching, told.append)
    assert taken_up.history == model.history


def test_where_nothing_fell_or_nobody_asked_there_is_one_training(
    production: TrainedModel, tmp_path: Path
) -> None:
    kept = learned(a_teaching(production, tmp_path / "kept", mix={"fallen_repeats": 4}), quiet)
    ruin = {"passes": 1, "batch": 16, "rate": 1.0}
    unasked = learned(a_teaching(production, tmp_path / "unasked", images=ruin), quiet)
    assert [entry["stage"] for entry in (*kept.history, *unasked.history)] == ["images", "images"]
