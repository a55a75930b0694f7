"""The exported graph takes stored greys and answers as torch does."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from overread.learning.architectures import InputContract, Reading, build
from overread.learning.calibration import Calibration
from overread.learning.checkpoints import TrainedModel
from overread.learning.explanation import heat
from overread.learning.export import INPUT, OUTPUTS, answer, export_onnx

COLUMNS = ("any", "a", "b")
CALIBRATION = Calibration(slopes=(0.5, 1.0, 1.0), intercepts=(0.3, 0.0, 0.0))
SMALL = InputContract(size=64, standardise=True)
IMAGENET = InputContract(size=64, channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def untrained(architecture: str, contract: InputContract) -> TrainedModel:
    """Return a model with random weights."""
    torch.manual_seed(0)
    network = build(architecture, contract, outputs=len(COLUMNS), width=8)
    return TrainedModel(
        weights=network.state_dict(), architecture=architecture, width=8, columns=COLUMNS, contract=contract
    )


def run(path: Path, pictures: np.ndarray) -> Sequence[np.ndarray]:
    """Answer by ONNX Runtime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    answers: Sequence[np.ndarray] = session.run(list(OUTPUTS), {INPUT: pictures[:, None]})
    return answers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "contract"),
    [
        ("resnet10-lse", SMALL),
        ("resnet18", IMAGENET),
    ],
)
def test_onnx_and_torch_agree_for_any_number_of_studies(
    tmp_path: Path, architecture: str, contract: InputContract
) -> None:
    model, path = untrained(architecture, contract), tmp_path / "model.onnx"
    export_onnx(model, CALIBRATION, path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    pictures = np.random.default_rng(0).integers(0, 255, (5, 64, 64)).astype(np.uint8)
    expected = answer(model, CALIBRATION, pictures)
    for n in (1, 5):
        probability, place, embedding = run(path, pictures[:n])
        assert probability == pytest.approx(expected.probability[:n], abs=1e-4)
        assert place == pytest.approx(expected.map[:n], abs=1e-4)
        assert embedding == pytest.approx(expected.embedding[:n], abs=1e-4)


def test_the_answered_probability_is_the_calibrated_one() -> None:
    model = untrained("resnet10-lse", SMALL)
    pictures = np.random.default_rng(1).integers(0, 255, (3, 64, 64)).astype(np.uint8)
    raw = answer(model, Calibration(slopes=(1.0,) * 3, intercepts=(0.0,) * 3), pictures).probability
    logits = np.log(raw / (1 - raw))
    assert answer(model, CALIBRATION, pictures).probability == pytest.approx(
        CALIBRATION.probability(logits), abs=1e-5
    )


def test_the_map_of_log_sum_exp_is_the_networks_own_answer_by_place() -> None:
    network = build("resnet10-lse", SMALL, outputs=2, width=8)
    reading = Reading(torch.zeros(1, 2), torch.tensor([[[[0.0, 2.0]], [[9.0, 9.0]]]]), torch.zeros(1, 64))
    torch.testing.assert_close(heat(network, reading), torch.sigmoid(torch.tensor([[[0.0, 2.0]]])))


def test_the_map_of_mean_pooling_is_the_positive_evidence_scaled_to_its_own_picture() -> None:
    network = build("resnet18", IMAGENET, outputs=2)
    with torch.no_grad():
        network.head.bias[:] = 1.0  # type: ignore[index]  # the head has a bias
    reading = Reading(
        torch.zeros(1, 2), torch.tensor([[[[-3.0, 1.0, 3.0, 5.0]], [[0.0] * 4]]]), torch.zeros(1, 512)
    )
    torch.testing.assert_close(heat(network, reading), torch.tensor([[[0.0, 0.0, 0.5, 1.0]]]))


@pytest.mark.slow
def test_the_closed_form_map_equals_grad_cams() -> None:
    cam = pytest.importorskip("pytorch_grad_cam")
    targets = pytest.importorskip("pytorch_grad_cam.utils.model_targets")
    network = untrained("resnet18", IMAGENET).network()

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.network(pixels).logits
            return logits

    pixels = torch.randn(2, 3, 64, 64)
    oracle = cam.GradCAM(model=Logits(), target_layers=[network.body.layer4])
    theirs = oracle(input_tensor=pixels, targets=[targets.ClassifierOutputTarget(0)] * 2)
    with torch.no_grad():
        ours = heat(network, network(pixels))
    enlarged = torch.nn.functional.interpolate(ours[:, None], (64, 64), mode="bilinear")[:, 0]
    assert float(np.abs(enlarged.numpy() - theirs).max()) < 1e-4
