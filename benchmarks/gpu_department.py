"""Does the production network learn, on one GPU? It learns the simulated department from random weights.

    python -m benchmarks.gpu_department [--train N] [--passes N] [--rate R] [--int8] [--drawn FOLDER]

Needs numpy, scipy, scikit-learn, OpenCV, torch and torchvision; with `--int8` also onnx and ONNX Runtime, and
prints what the gate of eight-bit integers says of the trained graph. Threshold and calibration come from the
tuning set, every number printed from the test set but for the gate's; no patient is in two of the three.
`--drawn` keeps pictures and graph, which `benchmarks.int8_parts` takes apart.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model_registry.baseline import histogram_baseline
from overread.domain.identifiers import PatientKey
from overread.domain.policies import Int8Margins
from overread.learning.calibration import Calibration, fit_calibration
from overread.learning.checkpoints import TrainedModel
from overread.learning.data import ANY, LabelledSet, LabelledStudy, Studies, labelled_set
from overread.learning.export import INPUT, OUTPUTS, answer, export_onnx
from overread.learning.progress import Progress
from overread.learning.recipes import Recipe, read_recipe
from overread.learning.scoring import Scores, score, threshold_at_specificity
from overread.learning.training import train
from overread.measures.counted_resampling import auc_bootstrap
from overread.measures.proportion import clustered_proportion
from overread.measures.resampling import Draws
from overread.simulation.pictures import rendered, single_threaded
from overread.simulation.population import MIX, Department, SimulatedStudy, cohort

Grey = NDArray[np.uint8]
COLUMNS = (ANY, *MIX)
DRAWS = Draws(n_resamples=2000, seed=20_261)
TUNE, TEST = 600, 1200
CALIBRATED_ON = 64  # pictures of the training set that give eight bits their ranges
GRAPH = "graph.onnx"
EXPORTED = 4  # test pictures on which the graph is held against torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Studies of one split with their pictures (n, size, size)."""

    studies: Sequence[SimulatedStudy]
    pictures: Grey

    @property
    def labels(self) -> LabelledSet:
        """The truth, boxes included."""
        return labelled_set(COLUMNS, [_labelled(study) for study in self.studies])

    @property
    def patients(self) -> NDArray[np.str_]:
        """Whose study each is."""
        return np.array([str(study.patient.key) for study in self.studies])


def drawn(wanted: dict[str, int], size: int, *, seed: int, folder: Path | None) -> dict[str, Part]:
    """Return the studies of each split, drawn by all processors; `folder` keeps pictures for a next time."""
    parts = {}
    for split, studies in cohort(Department(seed=seed), wanted, split_of).items():
        kept = None if folder is None else folder / f"{split}-{seed}-{len(studies)}-{size}.npy"
        if kept is not None and kept.exists():
            pictures = np.load(kept, mmap_mode="r")
        else:
            with ProcessPoolExecutor(cpu_count(), get_context("spawn"), initializer=single_threaded) as pool:
                draw = partial(rendered, size=size, drawn_at=size)
                pictures = np.stack(list(pool.map(draw, studies, chunksize=16)))
            if kept is not None:
                np.save(kept, pictures)
        parts[split] = Part(studies=studies, pictures=pictures)
    return parts


def split_of(patient: PatientKey) -> str:
    """Deal patients out by the last digits of their keys."""
    place = int.from_bytes(str(patient)[-4:].encode(), "big") % 10
    return "test" if place < 2 else "tune" if place < 3 else "train"  # noqa: PLR2004 - 20, 10 and 70 %


def _labelled(study: SimulatedStudy) -> LabelledStudy:
    return LabelledStudy(
        any_finding=float(bool(study.findings)),
        findings={finding.code: 1.0 for finding in study.findings},
        boxes=[(f.code, (f.box.x0, f.box.y0, f.box.x1, f.box.y1)) for f in study.findings],
    )


def learned(recipe: Recipe, part: Part) -> TrainedModel:
    """Train, and print every pass."""
    began = time.perf_counter()

    def watch(progress: Progress) -> None:
        if progress.done % 50 == 0:
            say(stage=progress.stage, **_plain(progress), seconds=round(time.perf_counter() - began))

    return train(recipe, Studies(part.pictures, part.labels), on_progress=watch)


def _plain(progress: Progress) -> dict[str, Any]:
    return {name: value for name, value in asdict(progress).items() if isinstance(value, int | float)}


def judged(
    scores: Scores, tuned: Scores, parts: dict[str, Part]
) -> tuple[Calibration, float, dict[str, Any]]:
    """Return calibration and threshold of the tuning set, and what the test set says."""
    tune, test = parts["tune"], parts["test"]
    calibration = fit_calibration(tuned.logits, tune.labels.labels)
    threshold = threshold_at_specificity(
        tune.labels.labels[:, 0], calibration.probability(tuned.logits)[:, 0], 0.90
    )
    truth = test.labels.labels[:, 0] == 1
    probability = calibration.probability(scores.logits)[:, 0]
    called, patients = probability >= threshold, test.patients
    found = {
        "n": len(truth),
        "patients": len(set(patients.tolist())),
        "auc": asdict(auc_bootstrap(truth, probability, cluster=patients, draws=DRAWS)),
        "sensitivity": asdict(clustered_proportion(called[truth], patients[truth])),
        "specificity": asdict(clustered_proportion(~called[~truth], patients[~truth])),
        "grey_levels": asdict(histogram_baseline(test.pictures, truth, patients.tolist()).auc),
        "by_finding": {
            code: [int(called[shows].sum()), int(shows.sum())]
            for code in MIX
            if (shows := np.array([code in {f.code for f in study.findings} for study in test.studies])).any()
        },
    }
    return calibration, threshold, found


def in_int8(
    model: TrainedModel, calibration: Calibration, threshold: float, parts: dict[str, Part]
) -> dict[str, Any]:
    """Return parity of the exported graph, and what the gate says of it in eight bits on the tuning set."""
    from model_registry.int8_gate import judge_int8  # noqa: PLC0415 - onnx and ONNX Runtime, only if asked for
    from model_registry.quantising import int8_graph  # noqa: PLC0415
    from model_registry.sessions import session_of  # noqa: PLC0415

    tune, train_part, few = parts["tune"], parts["train"], np.array(parts["test"].pictures[:EXPORTED])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        export_onnx(model, calibration, path)
        graph = path.read_bytes()
    eight = int8_graph(graph, np.ascontiguousarray(train_part.pictures[:CALIBRATED_ON]))
    threads = cpu_count() or 1
    plain, small = (session_of(each, threads=threads) for each in (graph, eight))
    here, there = answer(model, calibration, few), plain.run(list(OUTPUTS), {INPUT: few[:, None]})
    floats, ints = ([_probability(session, one) for one in tune.pictures] for session in (plain, small))
    verdict = judge_int8(tune.labels.labels[:, 0], floats, ints, threshold=threshold, margins=Int8Margins())
    return {
        "parity": {
            "probability": float(np.abs(there[0] - here.probability).max()),
            "map": float(np.abs(there[1] - here.map).max()),
        },
        "megabytes": [round(len(graph) / 1e6), round(len(eight) / 1e6)],
        "int8": asdict(verdict),
    }


def _probability(session: Any, picture: Grey) -> float:
    return float(session.run(OUTPUTS[:1], {INPUT: np.ascontiguousarray(picture)[None, None]})[0][0, 0])


def say(**what: object) -> None:
    """Print one line of JSON."""
    print(json.dumps(what), flush=True)


def main() -> None:
    """Draw, train, judge, and print each as a line of JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--training", default="configs/production.toml", type=Path)
    asked.add_argument("--train", type=int, default=12_000, help="studies to learn from")
    asked.add_argument("--tune", type=int, default=TUNE)
    asked.add_argument("--test", type=int, default=TEST)
    asked.add_argument("--passes", type=int, default=10)
    asked.add_argument("--batch", type=int, default=64)
    asked.add_argument("--rate", type=float, default=1e-3)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--compiled", action="store_true")
    asked.add_argument("--int8", action="store_true")
    asked.add_argument("--drawn", type=Path, help="folder that keeps pictures and graph")
    given = asked.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    recipe = read_recipe(given.training, seed=given.seed)
    images = replace(recipe.images, passes=given.passes, batch=given.batch, rate=given.rate)
    recipe = replace(recipe, images=images, device=device, compiled=given.compiled)
    began = time.perf_counter()
    wanted = {"train": given.train, "tune": given.tune, "test": given.test}
    parts = drawn(wanted, recipe.contract.size, seed=given.seed, folder=given.drawn)
    say(drawn=wanted, seconds=round(time.perf_counter() - began))
    began = time.perf_counter()
    model = learned(recipe, parts["train"])
    say(learned=recipe.architecture, device=device, seconds=round(time.perf_counter() - began))
    network = model.network().to(device)
    scores = {split: score(network, model.contract, parts[split].pictures) for split in ("tune", "test")}
    calibration, threshold, found = judged(scores["test"], scores["tune"], parts)
    say(**found)
    if given.drawn is not None:
        export_onnx(model, calibration, given.drawn / GRAPH)
    if given.int8:
        say(**in_int8(model, calibration, threshold, parts))


if __name__ == "__main__":
    main()
