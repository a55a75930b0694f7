"""Networks by name, their pooling, and the input contract."""

import numpy as np
import pytest
import torch

from overread.domain.errors import ConfigurationError
from overread.learning.architectures import SHARPNESS, InputContract, Normalise, build

SMALL = InputContract(size=64, standardise=True)


def test_the_small_network_of_the_demo_has_a_third_of_a_million_weights_and_stride_16() -> None:
    network = build("resnet10-lse", InputContract(size=192, standardise=True), outputs=12)
    reading = network.eval()(torch.zeros(1, 1, 192, 192))
    assert 0.32e6 < sum(weight.numel() for weight in network.parameters()) < 0.34e6
    assert reading.maps.shape == (1, 12, 12, 12)
    assert reading.logits.shape == (1, 12)
    assert reading.embedding.shape == (1, 128)


def test_its_cells_look_at_the_middle_of_their_share_of_the_picture() -> None:
    network = build("resnet10-lse", SMALL, outputs=1).eval()
    mirrored = torch.zeros(1, 1, 64, 64)
    mirrored[..., 24:40, 24:40] = 1
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.constant_(layer.weight, 0.1)
    maps = network(mirrored).maps
    torch.testing.assert_close(maps, maps.flip(2, 3))


def test_its_logit_is_the_log_mean_exponential_of_its_map() -> None:
    torch.manual_seed(0)
    reading = build("resnet10-lse", SMALL, outputs=3).eval()(torch.randn(4, 1, 64, 64))
    expected = torch.exp(SHARPNESS * reading.maps).mean(dim=(2, 3)).log() / SHARPNESS
    torch.testing.assert_close(reading.logits, expected)


def test_pooling_maps_by_the_mean_equals_pooling_features_and_one_linear_layer() -> None:
    torch.manual_seed(0)
    network = build(
        "resnet18", InputContract(size=64, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3), outputs=2
    ).eval()
    reading = network(torch.randn(2, 3, 64, 64))
    linear = reading.embedding @ network.head.weight[:, :, 0, 0].T + network.head.bias
    torch.testing.assert_close(reading.logits, linear)


def test_a_standardised_picture_has_mean_0_and_deviation_1_whatever_its_exposure() -> None:
    dark = torch.from_numpy(np.random.default_rng(0).integers(0, 60, (2, 1, 64, 64)).astype(np.uint8))
    bright = dark * 2 + 40
    normalise = Normalise(SMALL)
    torch.testing.assert_close(normalise(dark), normalise(bright))
    assert abs(float(normalise(dark).mean())) < 1e-5
    assert float(normalise(dark)[0].std()) == pytest.approx(1, abs=1e-3)


def test_an_even_picture_is_not_divided_by_zero() -> None:
    assert torch.equal(
        Normalise(SMALL)(torch.full((1, 1, 8, 8), 7, dtype=torch.uint8)), torch.zeros(1, 1, 8, 8)
    )


def test_imagenet_normalisation_makes_three_channels_of_one_grey() -> None:
    contract = InputContract(size=8, channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    pixels = Normalise(contract)(torch.full((1, 1, 8, 8), 255, dtype=torch.uint8))
    assert pixels.shape == (1, 3, 8, 8)
    assert pixels[0, :, 0, 0].tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    )


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="resnet152"):
        build("resnet9000", SMALL, outputs=2)


def test_a_torchvision_network_reads_three_channels_only() -> None:
    with pytest.raises(ConfigurationError, match="channels"):
        build("resnet18", SMALL, outputs=2)


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 8, "channels": 3}, {"size": 8, "std": (0.0,)}])
def test_a_contract_that_no_picture_could_meet_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        InputContract(**wrong)  # type: ignore[arg-type]  # wrong on purpose
