"""Both ways explain the same kind of picture, and the graph without its map answers the same probability."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import heatmap_latency
from benchmarks.heatmap_latency import (
    MEAN,
    STD,
    by_gradients,
    explained,
    exported,
    forward,
    in_turn,
    served,
    without_map,
)
from overread.learning.determinism import seeded
from overread.learning.export import INPUT, OUTPUTS
from overread.learning.operators import torchvision_models


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heatmap_latency, "ARCHITECTURE", "resnet18")
    monkeypatch.setattr(heatmap_latency, "SIDE", 64)


def test_the_graph_without_its_map_answers_the_same_probability(tmp_path: Path) -> None:
    graph = exported(tmp_path)
    model, cut = served(graph, threads=1), without_map(graph, threads=1)
    picture = np.random.default_rng(5).integers(0, 256, (1, 64, 64), dtype=np.uint8)
    whole = model.session.run(OUTPUTS, {INPUT: picture[:, None]})[0]
    (alone,) = cut.run(OUTPUTS[:1], {INPUT: picture[:, None]})
    assert np.allclose(whole, alone, atol=1e-6)
    probability, colours = explained(model, picture[0])
    assert probability == pytest.approx(float(whole[0, 0]))
    assert colours.shape == (64, 64, 4)
    assert [each.probability for each in in_turn(model, [picture[0]] * 3)] == pytest.approx([probability] * 3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # of the library's imports
def test_the_peer_gives_a_probability_and_a_coloured_map() -> None:
    with seeded(5):
        network = torchvision_models().resnet18(weights=None, num_classes=1).eval()
        pixels = torch.rand(1, 3, 64, 64)
    shown = pixels[0].permute(1, 2, 0).numpy()
    probability, colours = by_gradients(network, pixels, shown)
    assert probability == pytest.approx(float(forward(network, pixels)[0, 0]), abs=1e-5)
    assert colours.shape == (64, 64, 3)
    assert len(MEAN) == len(STD) == 3
