import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from serving.inference.heatmaps import LONGEST_SIDE, overlay, png


def _colours(level: float) -> list[int]:
    return [int(value) for value in overlay(np.full((4, 4), level, np.float32), 8, 8)[4, 4]]


def test_nothing_is_clear_and_everything_is_bright_but_see_through() -> None:
    assert _colours(0.0)[3] == 0
    red, green, blue, opacity = _colours(1.0)
    assert red > green > blue
    assert 100 < opacity < 255


def test_brightness_rises_with_the_level_so_that_it_reads_without_colour() -> None:
    weights = np.array([0.2126, 0.7152, 0.0722])
    brightness = [float(weights @ _colours(level)[:3]) for level in np.linspace(0, 1, 21)]
    assert brightness == sorted(brightness)


@pytest.mark.parametrize(
    ("rows", "columns", "shape"),
    [(3000, 2000, (512, 341)), (96, 96, (96, 96)), (2, 4000, (1, LONGEST_SIDE))],
)
def test_the_overlay_has_the_shape_of_its_picture(rows: int, columns: int, shape: tuple[int, int]) -> None:
    assert overlay(np.zeros((4, 4), np.float32), rows, columns).shape[:2] == shape


@given(st.floats(-0.5, 0.15))
def test_a_weak_map_leaves_the_picture_as_it_was(level: float) -> None:
    assert not overlay(np.full((2, 2), level, np.float32), 8, 8)[..., 3].any()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_png_reads_back_as_it_was(mode: str) -> None:
    shape = {"L": (5, 7), "RGB": (5, 7, 3), "RGBA": (5, 7, 4)}[mode]
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    back = Image.open(io.BytesIO(png(picture)))
    assert back.mode == mode
    assert (np.asarray(back) == picture).all()
