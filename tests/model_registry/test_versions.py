"""Registered versions in a real registry: one number in both places, from code, never unpickled."""

import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import mlflow
import numpy as np
import pytest

from model_registry.evaluation import score
from model_registry.packaging import build_package, open_package, package_digest, parse_contract
from model_registry.tracking import Tracking
from model_registry.versions import (
    Entry,
    aliased,
    enter,
    follow_alias,
    log_model,
    register,
    tag_lineage,
)
from overread.domain.identifiers import VersionKey
from overread.domain.models import Lineage, ModelState
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from tests.model_registry.toys import a_package, a_quantised_package, pictures


def a_lineage(run: str) -> Lineage:
    return Lineage(dataset_version="d1", parent=None, corrections=3, code="0.1.0+abc", run=run)


@pytest.fixture
def enrolled(
    tracking: Tracking, now: datetime, request: pytest.FixtureRequest
) -> Callable[[float], tuple[str, Entry]]:
    """Log a package and register it under the test's own name."""
    name = re.sub(r"\W", "-", request.node.name)

    def enrol(threshold: float) -> tuple[str, Entry]:
        with tracking.run(name, "train", key=f"{name}-{threshold}", now=now) as record:
            log_model(record, a_package(threshold=threshold))
        return name, enter(tracking, name, run=record.id)

    return enrol


def test_versions_are_counted_from_one_and_entered_once(
    tracking: Tracking, enrolled: Callable[[float], tuple[str, Entry]]
) -> None:
    name, first = enrolled(0.5)
    assert enter(tracking, name, run=first.run) == first
    assert (first.version, enrolled(0.6)[1].version) == ("1", "2")


def test_mlflow_serves_what_the_server_serves(
    tracking: Tracking, enrolled: Callable[[float], tuple[str, Entry]]
) -> None:
    name, entry = enrolled(0.5)
    model = mlflow.pyfunc.load_model(f"models:/{name}/{entry.version}")
    seen = pictures([0, 40, 128, 200, 255])
    ours = score(open_package(a_package()), seen).probability
    assert np.array_equal(model.predict(seen[:, None]), ours)


@pytest.mark.parametrize(("passed", "precision"), [(True, "int8"), (False, "float32")])
def test_mlflow_answers_with_the_graph_in_eight_bits_where_the_server_does(
    tracking: Tracking, now: datetime, passed: bool, precision: str
) -> None:
    content, seen = a_quantised_package(passed=passed), pictures([0, 40, 128, 200, 255])
    with tracking.run("int8", "train", key=f"int8-{passed}", now=now) as record:
        log_model(record, content)
    assert tracking.client.get_run(record.id).data.tags["overread.precision"] == precision
    model = mlflow.pyfunc.load_model(f"runs:/{record.id}/model")
    assert model.metadata.metadata["precision"] == precision
    assert np.array_equal(model.predict(seen[:, None]), score(open_package(content), seen).probability)


def test_the_logged_parts_are_the_package(
    tracking: Tracking, enrolled: Callable[[float], tuple[str, Entry]], tmp_path: Path
) -> None:
    _, entry = enrolled(0.5)
    folder = Path(tracking.client.download_artifacts(entry.run, "model/artifacts", str(tmp_path)))
    again = build_package(
        (folder / "model.onnx").read_bytes(),
        (folder / "weights.safetensors").read_bytes(),
        parse_contract((folder / "contract.json").read_bytes()),
    )
    assert package_digest(again) == package_digest(a_package())
    assert tracking.client.get_run(entry.run).data.tags["overread.package"] == package_digest(a_package())


def test_the_model_is_logged_as_code_and_holds_no_pickle(
    tracking: Tracking, enrolled: Callable[[float], tuple[str, Entry]], tmp_path: Path
) -> None:
    _, entry = enrolled(0.5)
    folder = Path(tracking.client.download_artifacts(entry.run, "model", str(tmp_path)))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert "served_model.py" in files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt", ".pth"))]
    assert "python_model: " not in (folder / "MLmodel").read_text()
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


def test_our_row_has_the_number_of_mlflow_and_what_the_contract_says(
    work: UnitOfWork, objects: Objects, now: datetime
) -> None:
    entry = Entry(version=VersionKey("7"), run="r" * 32)
    content = a_package(threshold=0.25)
    model = register(work, objects, content, entry, lineage=a_lineage(entry.run), trained_at=now)
    assert work.models.get("7") == model
    assert objects.get(model.digest) == content
    assert (model.threshold, model.state, model.findings) == (
        0.25,
        ModelState.CANDIDATE,
        ("nodule", "effusion"),
    )
    assert [row.event.subject for row in work.audit.rows()] == ["model:7"]


def test_registering_again_changes_nothing(work: UnitOfWork, objects: Objects, now: datetime) -> None:
    entry = Entry(version=VersionKey("7"), run="r" * 32)
    models = {
        register(work, objects, a_package(), entry, lineage=a_lineage(entry.run), trained_at=now).digest
        for _ in range(2)
    }
    assert len(models) == len(work.models.all()) == 1


def test_the_alias_follows_again_and_again(
    tracking: Tracking, enrolled: Callable[[float], tuple[str, Entry]]
) -> None:
    name, first = enrolled(0.5)
    _, second = enrolled(0.6)
    assert aliased(tracking.client, name) is None
    for entry in (first, second, second, first):
        follow_alias(tracking.client, name, entry.version)
        assert aliased(tracking.client, name) == entry.version
    model = mlflow.pyfunc.load_model(f"models:/{name}@production")
    assert model.metadata.metadata["digest"] == package_digest(a_package(threshold=0.5))


def test_a_name_that_nobody_registered_has_no_alias(tracking: Tracking) -> None:
    assert aliased(tracking.client, "nobody") is None


def test_lineage_is_written_onto_the_version(
    tracking: Tracking,
    enrolled: Callable[[float], tuple[str, Entry]],
    work: UnitOfWork,
    objects: Objects,
    now: datetime,
) -> None:
    name, entry = enrolled(0.5)
    model = register(work, objects, a_package(), entry, lineage=a_lineage(entry.run), trained_at=now)
    for _ in range(2):
        tag_lineage(tracking.client, name, model)
    tags = tracking.client.get_model_version(name, entry.version).tags
    assert (tags["overread.dataset_version"], tags["overread.corrections"]) == ("d1", "3")
    assert tags["overread.digest"] == model.digest
