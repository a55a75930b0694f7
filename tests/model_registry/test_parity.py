"""A trained network and the graph that would serve it give the same answers, or there is no package."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_registry.evaluation import Pictures, score
from model_registry.packaging import open_package, package_weights
from model_registry.parity import TOLERANCE, Parity, ParityError, check_parity, packaged
from overread.domain.errors import InputError
from overread.imaging.rendering import picture
from overread.learning.architectures import ARCHITECTURES, InputContract, Normalise, build
from overread.learning.calibration import Calibration, identity
from overread.learning.checkpoints import TrainedModel, load_model
from overread.learning.export import answer
from tests.pipeline.real import real_data

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


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_network_answers_real_radiographs_as_its_graph_does(architecture: str) -> None:
    files = sorted((real_data() / "cxr" / "nih512").iterdir())[::40][:4]
    seen = np.stack([picture(file.read_bytes(), 64) for file in files])
    model = lively(architecture, seen)
    _, parity = packaged(model, identity(2), name="real", threshold=0.5, pictures=seen)
    assert max(parity.probability, parity.map) <= 1e-4
    said = answer(model, identity(2), seen)
    assert np.ptp(said.probability[:, 0]) > 0.01  # a network that says one thing of all would prove nothing
    assert np.ptp(said.map, axis=(1, 2)).max() > 0.01 or said.map[0].size == 1


def lively(architecture: str, seen: Pictures) -> TrainedModel:
    """Return a network with random weights that tells pictures apart, as a trained one does.

    Its normalisations have the statistics of `seen`, without which values die out or explode on their way
    through a deep network, and its logits of them a mean of 0 and a spread of 1. The branches of a deep
    residual network add little each, as at the start of a training (Goyal and others, 2017): with random
    weights at full strength 152 layers make of a rounding error whatever they like.
    """
    torch.manual_seed(7)
    channels = 1 if architecture == "resnet10-lse" else 3
    contract = InputContract(size=64, channels=channels, mean=(0.5,) * channels, std=(0.25,) * channels)
    network = build(architecture, contract, outputs=2)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
        if isinstance(last := getattr(layer, "bn3", None), torch.nn.BatchNorm2d):
            torch.nn.init.constant_(last.weight, 0.1)
    pixels = Normalise(contract)(torch.from_numpy(seen)[:, None])
    with torch.no_grad():
        network.train()(pixels)
        logits = network.eval()(pixels).logits
        spread, mean = logits.std(dim=0), logits.mean(dim=0)
        network.head.weight /= spread[:, None, None, None]
        bias = network.head.bias
        assert bias is not None
        bias.copy_((bias - mean) / spread)
    return TrainedModel(
        weights=network.state_dict(),
        architecture=architecture,
        width=16,
        columns=("any", "nodule"),
        contract=contract,
    )
