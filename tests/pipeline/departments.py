"""A tiny simulated department on disk: phantoms as PNG files with labels, installations that import them."""

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bootstrap.storage import initialise
from overread.domain.datasets import Split, pseudonym, split_of
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid, VersionKey
from overread.domain.studies import Study
from overread.settings.environment import Settings
from overread.settings.tasks import load_task
from overread.simulation.pictures import rendered
from overread.simulation.population import Department, SimulatedStudy, studies
from pipeline.services import PipelineServices, pipeline_services

SIDE = 128
SITE, SALT = "tests", "tests"
COLUMNS = ("file", "patient_id", "view", "sex", "age", "label", "findings")
TINY = Path(__file__).with_name("tiny.toml")


def phantoms(count: int, *, seed: int = 5) -> list[SimulatedStudy]:
    return list(itertools.islice(studies(Department(seed=seed)), count))


def balanced(wanted: dict[Split, int], *, showing: str = "", seed: int = 5) -> list[SimulatedStudy]:
    """Return so many studies of each split with a finding (`showing`: that one), and as many without."""
    shares = load_task("demo").shares
    left = {(split, label): count for split, count in wanted.items() for label in Label}
    chosen = []
    for study in studies(Department(seed=seed)):
        if showing and study.codes and showing not in study.codes:
            continue
        split = split_of(pseudonym(str(study.patient.key), issuer=SITE, salt=SALT), salt=SALT, shares=shares)
        if left.get((split, study.label), 0):
            left[split, study.label] -= 1
            chosen.append(study)
        if not any(left.values()):
            return chosen
    raise AssertionError("a department has studies without end")


def as_file(picture: NDArray[np.uint8], form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form, **options)
    return file.getvalue()


def row_of(study: SimulatedStudy, name: str) -> dict[str, str]:
    return {
        "file": name,
        "patient_id": str(study.patient.key),
        "view": "PA",
        "sex": study.patient.sex,
        "age": str(study.age),
        "label": study.label.value,
        "findings": ";".join(sorted(study.codes)),
    }


def write_labels(folder: Path, rows: Iterable[dict[str, str]]) -> None:
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def write_collection(folder: Path, chosen: Sequence[SimulatedStudy]) -> None:
    """Write phantoms and their true labels as a collection of the folder form."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, study in enumerate(chosen):
        name = f"{number:03}.png"
        (folder / name).write_bytes(as_file(rendered(study, SIDE, drawn_at=SIDE)))
        rows.append(row_of(study, name))
    write_labels(folder, rows)


def an_installation(folder: Path) -> PipelineServices:
    settings = Settings(data_dir=folder, task="demo", site=SITE, device="cpu", inference_threads=1)
    initialise(settings, salt=SALT)
    return pipeline_services(settings)


@dataclass(frozen=True)
class Counted:
    """What a database holds, to be compared before and after."""

    studies: int
    labels: int
    audit: int


def counted(services: PipelineServices) -> Counted:
    with services.storage.look() as work:
        return Counted(
            studies=len(work.studies.all()),
            labels=sum(len(found) for found in work.labels.by_study().values()),
            audit=work.audit.length(),
        )


def in_split(services: PipelineServices, split: Split) -> list[Study]:
    """Return the labelled studies of a split, by their UIDs."""
    with services.storage.look() as work:
        splits = work.studies.splits()
        found = [study for study in work.studies.all(cohort=True) if splits[study.patient] is split]
    return sorted(found, key=lambda study: study.uid)


def put_in_production(services: PipelineServices, version: str) -> None:
    """Let a version serve, as if two people had approved it."""
    with services.storage.work() as work:
        work.models.put_in_production(
            services.task.name,
            VersionKey(version),
            at=services.now(),
            by=("ruth", "rolf"),
            reason="promoted",
            rollback=False,
        )
        work.outbox.put("follow-alias", key=version, at=services.now())
        work.commit()


def stored(services: PipelineServices, uid: StudyUid) -> bytes:
    """Return the file of a study."""
    with services.storage.look() as work:
        instance = work.studies.first_instances([uid])[uid]
    return services.storage.objects.get(instance.digest)
