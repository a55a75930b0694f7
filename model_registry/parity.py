"""From trained weights to a package that is proven to answer as the network did."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_registry.evaluation import Pictures, answers
from model_registry.packaging import Contract, Package, build_package, open_package
from model_registry.sessions import session_of
from overread.domain.errors import InputError, OverreadError
from overread.learning.calibration import Calibration
from overread.learning.checkpoints import TrainedModel, save_model
from overread.learning.export import Outputs, answer, export_onnx

TOLERANCE = 1e-4  # float32 sums in another order differ by about 1e-6


class ParityError(OverreadError):
    """The exported graph does not answer as the network it was made from."""

    code = "export-differs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Parity:
    """The largest differences between graph and network over `n` pictures.

    `probability` and `map` are on the scale 0 to 1, `embedding` is a share of the largest feature.
    """

    probability: float
    map: float
    embedding: float
    n: int


def packaged(
    model: TrainedModel, calibration: Calibration, *, name: str, threshold: float, pictures: Pictures
) -> tuple[bytes, Parity]:
    """Export a trained model, hold the graph against the network on some pictures, and return its package.

    Raises
    ------
    ParityError
        Graph and network differ by more than `TOLERANCE`.
    """
    contract = model.contract
    with tempfile.TemporaryDirectory(prefix="overread-export-") as folder:
        graph, weights = Path(folder) / "model.onnx", Path(folder) / "weights.safetensors"
        export_onnx(model, calibration, graph)
        save_model(weights, model)
        content = build_package(
            graph.read_bytes(),
            weights.read_bytes(),
            Contract(
                name=name,
                architecture=model.architecture,
                size=contract.size,
                channels=contract.channels,
                mean=contract.mean,
                std=contract.std,
                standardise=contract.standardise,
                findings=model.columns[1:],
                threshold=threshold,
            ),
        )
    return content, check_parity(open_package(content), answer(model, calibration, pictures), pictures)


def check_parity(package: Package, expected: Outputs, pictures: Pictures) -> Parity:
    """Hold the graph of a package against what the network said of the same pictures."""
    if not len(pictures):
        raise InputError("parity needs pictures")
    given = answers(session_of(package.onnx), np.ascontiguousarray(pictures))
    parity = Parity(
        probability=_largest(given.probability, expected.probability),
        map=_largest(given.map, expected.map),
        embedding=_largest(given.embedding, expected.embedding)
        / max(float(np.abs(expected.embedding).max()), 1e-6),
        n=len(pictures),
    )
    if not max(parity.probability, parity.map, parity.embedding) <= TOLERANCE:
        raise ParityError(
            f"the exported graph differs from the network: probability by {parity.probability:.2g}, "
            f"map by {parity.map:.2g}, embedding by {parity.embedding:.2g}; {TOLERANCE:.0e} is allowed"
        )
    return parity


def _largest(given: np.ndarray, expected: np.ndarray) -> float:
    if given.shape != expected.shape:
        raise ParityError(f"the exported graph answers {given.shape}, the network {expected.shape}")
    return float(np.abs(given.astype(np.float64) - expected).max())
