"""A trained network and the graph that would serve it give the same answers, or there is no package."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_registry.evaluation import score
from model_registry.packaging import open_package, package_weights
from model_registry.parity import TOLERANCE, Parity, ParityError, check_parity, packaged
from overread.domain.errors import InputError
from overread.learning.architectures import InputContract, build
from overread.learning.calibration import Calibration
from overread.learning.checkpoints import TrainedModel, load_model
from overread.learning.export import answer

COLUMNS = ("any", "nodule", "effusion")
CALIBRATION = Calibration(slopes=(1.5, 1.0, 0.5), intercepts=(0.3, 0.0, -0.2))
PICTURES = np.random.default_rng(5).integers(0, 256, (5, 64, 64), dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    torch.manual_seed(5)
    contract = InputContract(size=64, standardise=True)
    network = build("resnet10-lse", contract, outputs=len(COLUMNS), width=4)
    return TrainedModel(
        weights=network.state_dict(), architecture="resnet10-lse", width=4, columns=COLUMNS, contract=contract
    )


@pytest.fixture(scope="module")
def made(model: TrainedModel) -> tuple[bytes, Parity]:
    return packaged(model, CALIBRATION, name="demo", threshold=0.375, pictures=PICTURES)


@pytest.mark.slow
def test_the_graph_answers_as_the_network_did(made: tuple[bytes, Parity], model: TrainedModel) -> None:
    content, parity = made
    assert parity.n == 5
    assert max(parity.probability, parity.map, parity.embedding) < TOLERANCE
    said = score(open_package(content), PICTURES)
    assert said.probability == pytest.approx(answer(model, CALIBRATION, PICTURES).probability, abs=TOLERANCE)


@pytest.mark.slow
def test_the_contract_says_what_the_network_is(made: tuple[bytes, Parity]) -> None:
    contract = open_package(made[0]).contract
    assert (contract.architecture, contract.size, contract.standardise) == ("resnet10-lse", 64, True)
    assert (contract.findings, contract.threshold) == (("nodule", "effusion"), 0.375)


@pytest.mark.slow
def test_the_next_training_can_start_from_the_package(
    made: tuple[bytes, Parity], model: TrainedModel, tmp_path: Path
) -> None:
    (tmp_path / "weights.safetensors").write_bytes(package_weights(made[0]))
    again = load_model(tmp_path / "weights.safetensors")
    assert again.columns == COLUMNS
    assert all(torch.equal(again.weights[name], tensor) for name, tensor in model.weights.items())


@pytest.mark.slow
def test_a_graph_of_other_weights_is_no_package(made: tuple[bytes, Parity], model: TrainedModel) -> None:
    nudged = {
        name: tensor + 0.05 if tensor.is_floating_point() else tensor
        for name, tensor in model.weights.items()
    }
    other = answer(replace(model, weights=nudged), CALIBRATION, PICTURES)
    with pytest.raises(ParityError, match="differs from the network"):
        check_parity(open_package(made[0]), other, PICTURES)


@pytest.mark.slow
def test_another_embedding_is_no_parity_either(made: tuple[bytes, Parity], model: TrainedModel) -> None:
    said = answer(model, CALIBRATION, PICTURES)
    with pytest.raises(ParityError, match=r"embedding by 0\.0099"):
        check_parity(open_package(made[0]), replace(said, embedding=said.embedding * 1.01), PICTURES)


@pytest.mark.slow
def test_answers_of_another_shape_are_no_parity(made: tuple[bytes, Parity], model: TrainedModel) -> None:
    fewer = answer(model, CALIBRATION, PICTURES[:2])
    with pytest.raises(ParityError, match="the network"):
        check_parity(open_package(made[0]), fewer, PICTURES)
    with pytest.raises(InputError, match="needs pictures"):
        check_parity(open_package(made[0]), fewer, PICTURES[:0])
