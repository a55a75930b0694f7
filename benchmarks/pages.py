"""How long pages take to make with 10,000 studies and 1,000 corrections: 200 ms are allowed.

    python -m benchmarks.pages [--studies 10000] [--corrections 1000] [--visits 20]

Studies, answers and corrections are invented rows of the last thirty days. Prints for each page the median
and the 95th percentile of milliseconds from request to the last byte, asked for one after the other over one
connection, and the bytes.
"""

import argparse
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
from numpy.random import Generator

from benchmarks.serving_memory import put_in_production, random_package
from bootstrap.clock import utc_now
from bootstrap.credentials import issue_token
from bootstrap.processes import Processes, free_port, web
from bootstrap.storage import Storage, initialise, open_storage
from overread.domain.corrections import Correction, Kind, Verdict
from overread.domain.datasets import Split
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import Digest, FindingCode, PatientKey, PersonKey, Site, StudyUid, VersionKey
from overread.domain.people import Role
from overread.domain.predictions import Prediction
from overread.domain.studies import Acquisition, Patient, Study, StudyState
from overread.settings.environment import Settings
from overread.store.unit_of_work import UnitOfWork

ALLOWED = 200.0  # ms
SPAN = timedelta(days=30)
MAKERS, READERS = ("A", "B", "C"), 12
CODES = ("fibrous_strand", "calcification", "nodule")
THRESHOLD, UNBOUNDED = 0.5, 10_000_000
MODEL, DIGEST = VersionKey("1"), Digest("0" * 64)
PAGES = {
    Role.READER: ("/", "/?state=predicted", "/?label=has_finding", "/?q=nettle", "/account", "/monitoring"),
    Role.OPERATOR: (
        "/monitoring",
        "/retraining",
        "/people",
        "/audit",
        "/api/v1/monitoring",
        "/api/v1/studies",
    ),
    Role.REVIEWER: ("/candidates", "/monitoring?days=90"),
}


def fill(storage: Storage, *, studies: int, corrections: int, now: datetime) -> None:
    """Keep so many studies with an answer, of which the first have a correction."""
    rng = np.random.default_rng(1)
    with storage.work() as work:
        for number in range(studies):
            study = _study(work, number, received=now - SPAN * float(rng.random()))
            probability = float(rng.random())
            work.studies.add_prediction(_prediction(study, probability))
            if number < corrections:
                work.corrections.add(_correction(study, probability, number, rng))
        work.commit()


def _study(work: UnitOfWork, number: int, *, received: datetime) -> Study:
    patient = PatientKey(f"{number:032x}")
    work.studies.keep_patient(
        Patient(key=patient, id=f"P{number}", name=f"Nettle^{number}", sex="F"), Split.TRAIN
    )
    study = Study(
        uid=StudyUid(f"2.25.{number + 1}"),
        site=Site("demo"),
        patient=patient,
        state=StudyState.REPORTED if number % 2 else StudyState.PREDICTED,
        received_at=received,
        study_date=received.date(),
        acquisition=Acquisition(manufacturer=MAKERS[number % len(MAKERS)], age=20 + number % 70, sex="F"),
        cohort=True,
    )
    work.studies.add(study)
    return study


def _prediction(study: Study, probability: float) -> Prediction:
    return Prediction(
        study=study.uid,
        model_version=MODEL,
        model_digest=DIGEST,
        probability=probability,
        threshold=THRESHOLD,
        label=_label(probability),
        made_at=study.received_at + timedelta(seconds=5),
        milliseconds=100.0,
    )


def _correction(study: Study, probability: float, number: int, rng: Generator) -> Correction:
    model = _label(probability)
    missed = model is Label.NO_FINDING
    code = CODES[int(rng.integers(len(CODES)))]
    return Correction(
        id=f"correction-{number}",
        study=study.uid,
        by=PersonKey(f"reader-{number % READERS}"),
        at=study.received_at + timedelta(minutes=30),
        verdict=Verdict.DISAGREE,
        label=Label.HAS_FINDING if missed else Label.NO_FINDING,
        model_version=MODEL,
        model_digest=DIGEST,
        model_label=model,
        kind=Kind.MISSED_FINDING if missed else Kind.FALSE_ALARM,
        findings=(Finding(code=FindingCode(code)),) if missed else (),
    )


def _label(probability: float) -> Label:
    return Label.HAS_FINDING if probability >= THRESHOLD else Label.NO_FINDING


def visited(client: httpx.Client, path: str, visits: int) -> str:
    """Ask for a page again and again, and return its line; the first visit is not counted."""
    size, took = len(client.get(path).raise_for_status().content), []
    for _ in range(visits):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    middle, late = np.percentile(took, (50, 95))
    said = "met" if middle <= ALLOWED else "NOT met"
    return f"{path}: median {middle:.0f} ms, p95 {late:.0f} ms, {size:,} bytes, {said}"


def main() -> None:
    """Fill a folder, serve it, and print."""
    parser = argparse.ArgumentParser(description="Print how long pages take.")
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--corrections", type=int, default=1_000)
    parser.add_argument("--visits", type=int, default=20)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Processes(Path(name) / "logs") as processes:
        settings = Settings(data_dir=Path(name) / "data", requests_per_minute=UNBOUNDED)
        initialise(settings)
        storage, now = open_storage(settings), utc_now()
        put_in_production(settings, storage, MODEL, random_package("small", architecture="resnet18", size=64))
        fill(storage, studies=wanted.studies, corrections=wanted.corrections, now=now)
        port = free_port()
        processes.start(web(settings, host="127.0.0.1", port=port))
        for role, paths in PAGES.items():
            token = issue_token(storage, PersonKey(f"a-{role.value}"), role, now=now)
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False
            ) as client:
                for path in paths:
                    print(f"{role.value} {visited(client, path, wanted.visits)}", flush=True)


if __name__ == "__main__":
    main()
