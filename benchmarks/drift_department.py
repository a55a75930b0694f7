"""What the drift check does with windows of 1,000 studies, for which a demo's test set has too few.

    python -m benchmarks.drift_department DEMO_FOLDER [--patients 4000] [--sizes 50 200 1000] [--draws 200]

Draws as many patients of the simulated department, none of whom the demo has, the latest study of each; has
the demo's model in production read them; and calibrates on them as `overread monitor --calibrate` does on
the test set. Prints a line of JSON for each size of window, and progress on the other stream.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from cli.demo.department import FULL, draw_learned
from cli.demo.history import tags_of
from model_registry.evaluation import score
from model_registry.packaging import Package, open_package
from monitoring.attributes import attributes
from monitoring.features import features
from overread.domain.errors import EvidenceError
from overread.domain.identifiers import Site
from overread.domain.studies import Acquisition, Study, StudyState
from overread.settings.environment import Settings
from overread.simulation.population import Department, SimulatedStudy, studies_of
from overread.store.records import plain
from pipeline.calibrating import DRAWS, SIZES, calibrated_on
from pipeline.drifting import Reference
from pipeline.services import pipeline_services

SEED = 90_001  # of a department that is no demo's
PATIENTS = 4000  # 1,000 of whom twice as many are over 60 leave as many others, at the reference's own share


def production_of(folder: Path) -> Package:
    """Return the package that serves in a data folder."""
    services = pipeline_services(Settings(data_dir=folder))
    with services.storage.look() as work:
        version = work.models.production(services.task.name)
    if version is None:
        raise EvidenceError("no model is in production; the folder must hold a finished demo")
    return open_package(services.storage.objects.get(version.digest))


def drawn(package: Package, patients: int) -> Reference:
    """Return pictures and features of the latest studies of so many patients, as the package reads them."""
    department, drawn_at = Department(seed=SEED), FULL.drawn_at
    latest = [studies_of(department, number)[-1] for number in range(patients)]
    tags = tags_of((maker for maker, _ in department.makers), latest[0], drawn_at)
    studies = [_kept(study, tags[study.maker]) for study in latest]
    pictures = draw_learned(latest, package.contract.size, drawn_at).pictures
    scores = score(package, pictures)
    measured = features(
        pictures,
        [study.acquisition for study in studies],
        scores.probability[:, 0].tolist(),
        embeddings=scores.embedding.tolist(),
        attributes=attributes(studies),
    )
    return Reference(pictures=pictures, features=measured)


def _kept(study: SimulatedStudy, taken: Acquisition) -> Study:
    """Return a study as the department keeps it."""
    return Study(
        uid=study.study_uid,
        site=Site("demo"),
        patient=study.patient.key,
        state=StudyState.PREDICTED,
        received_at=study.acquired_at,
        acquisition=replace(taken, age=study.age, sex=study.patient.sex),
    )


def main() -> None:
    """Draw, read, calibrate and print."""
    parser = argparse.ArgumentParser(description="Calibrate the drift check on drawn patients.")
    parser.add_argument("folder", type=Path, help="the folder of a finished demo")
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="studies in the window")
    parser.add_argument("--draws", type=int, default=DRAWS, help="windows for each number")
    asked = parser.parse_args()
    table = calibrated_on(
        drawn(production_of(asked.folder), asked.patients),
        sizes=asked.sizes,
        draws=asked.draws,
        seed=1,
        on_done=lambda share: print(f"\r{share:.0%}", end="", file=sys.stderr),
    )
    for row in table.rows:
        print(json.dumps(plain(row)), flush=True)
    for size, why in table.left_out.items():
        print(json.dumps({"n_current": size, "left_out": why}))


if __name__ == "__main__":
    main()
