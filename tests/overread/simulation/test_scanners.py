"""What a scanner makes of an attenuation: noise by dose, polarity, and a window that shows it all."""

from dataclasses import replace

import numpy as np
import pytest

from overread.simulation.canvas import Field
from overread.simulation.scanners import MAKERS, Exposure, Maker, expose

SIZE = 128


def wedge() -> Field:
    """Attenuation that rises from left to right, as a step wedge's would."""
    return np.tile(np.linspace(0.5, 2.5, SIZE, dtype=np.float32), (SIZE, 1))


def taken(maker: Maker, seed: int = 3) -> Exposure:
    return expose(wedge(), maker, np.random.default_rng(seed))


@pytest.mark.parametrize("name", MAKERS)
def test_more_attenuation_is_shown_brighter_whatever_the_polarity(name: str) -> None:
    columns = taken(MAKERS[name]).grey()[40:-40, 10:-10].mean(axis=0)
    assert columns[-20:].mean() > columns[:20].mean() + 100


def test_an_inverted_maker_stores_bright_as_low() -> None:
    plain, inverted = (taken(replace(MAKERS["A"], inverted=flag)) for flag in (False, True))
    assert plain.stored[64, 10] < plain.stored[64, -10]
    assert inverted.stored[64, 10] > inverted.stored[64, -10]
    assert np.abs(plain.grey().astype(int) - inverted.grey()).max() <= 1


def test_less_dose_gives_more_noise() -> None:
    noise = [
        float(
            np.diff(taken(replace(MAKERS["A"], dose=dose)).grey()[30:-30, 30:-30].astype(float), axis=0).std()
        )
        for dose in (0.25, 1.0, 4.0)
    ]
    assert noise[0] > 1.5 * noise[1] > 2.25 * noise[2]


def test_every_picture_of_one_scanner_has_its_own_noise_and_window() -> None:
    first, second = taken(MAKERS["A"], 1), taken(MAKERS["A"], 2)
    assert first.window_width != second.window_width
    assert (first.stored != second.stored).mean() > 0.9


def test_the_four_makers_can_be_told_apart_by_bits_spacing_or_modality() -> None:
    tags = {(MAKERS[name].bits, MAKERS[name].spacing_mm, MAKERS[name].modality) for name in "ABCN"}
    assert len(tags) == 4
