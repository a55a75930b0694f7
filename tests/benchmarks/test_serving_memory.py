"""The memory of a server is measured step by step, its children counted, and what does not come is told."""

from pathlib import Path

import pytest

from benchmarks import serving_memory
from benchmarks.serving_memory import Look, Served, Step, random_package, until
from bootstrap.processes import Processes
from model_registry.packaging import open_package
from tests.serving.builders import a_dicom, a_package


@pytest.mark.slow
def test_a_server_is_watched_from_its_start_to_its_answers(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        served = Served(tmp_path / "data", processes)
        steps = [
            served.started(),
            served.serving("1", a_package()),
            served.sent([a_dicom(seed=seed) for seed in range(3)], clients=2),
            served.serving("2", a_package(slope=30.0)),
        ]
        with pytest.raises(RuntimeError, match="without its heatmap"):
            served.sent([a_dicom(bright=False, seed=9)], clients=1)
    assert [step.name for step in steps] == [
        "started",
        "version 1 at rest",
        "after 3 studies",
        "version 2 at rest",
    ]
    for step in steps:
        assert step.most >= step.looks[-1].server > 20e6
        assert step.looks[-1].everything > step.looks[-1].server
        assert step.seconds > 0


def test_a_step_is_told_by_its_end_and_its_most() -> None:
    looks = [
        Look(server=int(server), everything=int(everything), processor=processor)
        for server, everything, processor in ((5e6, 6e6, 1.0), (9e6, 12e6, 2.0), (7e6, 8e6, 4.5))
    ]
    step = Step(name="after 2 studies", looks=looks, seconds=3.0)
    assert step.most == 9e6
    assert step.line() == (
        "after 2 studies: server 7 MB (most 9), whole tree 8 MB (most 12); 3.0 s, 3.5 s of processor"
    )


@pytest.mark.slow
def test_a_package_with_random_weights_calls_everything_a_finding() -> None:
    package = open_package(random_package("small", architecture="resnet18", size=32))
    assert (package.contract.architecture, package.contract.size) == ("resnet18", 32)
    assert (package.contract.name, package.contract.threshold) == ("small", 0.0)


def test_what_never_comes_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_memory, "_LONGEST", 0.0)
    with pytest.raises(RuntimeError, match="does not serve"):
        until(lambda: False)
