"""A reader study on studies that a house was sent, and what a reader's program asks of it."""

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from httpx2 import Response

from feedback.reader_studies import register
from overread.domain.identifiers import StudyUid
from overread.domain.reader_studies import CrossoverStudy
from tests.builders import a_crossover
from tests.serving.builders import a_dicom
from tests.serving.conftest import House

API = "/api/v1/reader-studies"
WASHOUT = timedelta(days=14)


def registered(house: House, *, readers: tuple[str, ...] = ("remy", "rosa"), n: int = 4) -> CrossoverStudy:
    """Send `n` studies, of which the model calls every other one, and register a reader study of them."""
    uids = [
        house.send(a_dicom(bright=number % 2 == 0, seed=number, PatientName="Doe^Jane")).json()[
            "study_instance_uid"
        ]
        for number in range(n)
    ]
    maps = io.BytesIO()
    np.save(maps, np.random.default_rng(1).random((n, 8, 8), np.float32))
    with house.storage.work() as work:
        model = work.models.get("1")
        study = a_crossover(
            tuple(range(1, n + 1)),
            readers,
            model_digest=model.digest,
            maps=house.storage.objects.put(maps.getvalue()),
        )
        cases = [replace(case, study=StudyUid(uid)) for case, uid in zip(study.cases, uids, strict=True)]
        study = replace(study, cases=tuple(cases))
        register(work, study)
        work.commit()
    return study


def due(house: House, study: CrossoverStudy, who: str = "remy") -> Response:
    """Ask for the case that is due."""
    return house.ask(who, "GET", f"{API}/{study.id}/next")


def read(
    house: House, study: CrossoverStudy, case: dict[str, Any], who: str = "remy", **more: Any
) -> Response:
    """Give a read of a case as it was handed out; `more` replaces what is said, `key` the request's key."""
    key = more.pop("key", f"{who}-{case['arm']}-{case['case']}")
    said = {"case": case["case"], "arm": case["arm"], "label": "has_finding", "rating": 70} | more
    return house.ask(who, "POST", f"{API}/{study.id}/reads", json=said, headers={"Idempotency-Key": key})


def read_arm(house: House, study: CrossoverStudy, who: str = "remy") -> None:
    """Read every case that is left of the open arm."""
    for _ in study.cases:
        assert read(house, study, due(house, study, who).json(), who).status_code == 201
