"""A tiny department: drawn once, imported once, trained once; each test works on a copy of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback.datasets import Recipe
from overread.domain.datasets import Split
from overread.settings.environment import Settings
from pipeline.candidates import Plan, jobs_of, register_candidate
from pipeline.importing import import_collection
from pipeline.retraining import build_dataset
from pipeline.services import PipelineServices, pipeline_services
from pipeline.training import Trained, run_job
from tests.pipeline.departments import TINY, an_installation, balanced, write_collection


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of phantoms with labels.csv."""
    folder = tmp_path_factory.mktemp("collection")
    write_collection(folder, balanced({Split.TRAIN: 30, Split.TUNE: 23, Split.TEST: 20}))
    return folder


@pytest.fixture(scope="session")
def imported(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation that has the collection; not to be changed."""
    services = an_installation(tmp_path_factory.mktemp("imported") / "data")
    import_collection(services, collection, "folder")
    services.storage.engine.dispose()
    return services.settings


@pytest.fixture(scope="session")
def trained(imported: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Trained]:
    """An installation with a dataset and one trained, registered candidate, version 1; not to be changed."""
    services = copied(imported, tmp_path_factory.mktemp("trained") / "data")
    version = build_dataset(services, Recipe(), by="tests")
    (job,) = jobs_of(services, [Plan(dataset=version, recipe=str(TINY))])
    learned = run_job(services.settings, job)
    register_candidate(services, learned, flow_runs=("flow-1",))
    services.storage.engine.dispose()
    return services.settings, learned


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder for a collection of the test's own."""
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def department(imported: Settings, tmp_path: Path) -> Iterator[PipelineServices]:
    """A copy of the imported department."""
    services = copied(imported, tmp_path / "data")
    yield services
    services.storage.engine.dispose()


@pytest.fixture
def school(trained: tuple[Settings, Trained], tmp_path: Path) -> Iterator[PipelineServices]:
    """A copy of the department with one candidate."""
    services = copied(trained[0], tmp_path / "data")
    yield services
    services.storage.engine.dispose()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[PipelineServices]:
    """An installation without studies."""
    services = an_installation(tmp_path / "data")
    yield services
    services.storage.engine.dispose()


def copied(settings: Settings, folder: Path) -> PipelineServices:
    """Copy an installation into a folder that is not there yet."""
    shutil.copytree(settings.folder, folder)
    return pipeline_services(settings.model_copy(update={"data_dir": folder}))
