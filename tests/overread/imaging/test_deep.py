"""All grey levels, windowed where they are shown, give the picture that is shown without them."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from overread.domain.errors import MalformedError
from overread.imaging.decoding import Decoder
from overread.imaging.deep import deep, deep_picture
from overread.imaging.deep_picture import DeepPicture
from overread.imaging.pixels import grey
from tests.overread.imaging.builders import a_radiograph, as_bytes, stored_values
from tests.overread.imaging.test_pixels import a_table

_VALUES = stored_values()
_WINDOW = {"WindowCenter": "2048", "WindowWidth": "4096"}


def shown(
    picture: DeepPicture, *, center: float | None = None, width: float | None = None
) -> NDArray[np.uint8]:
    """Window a picture as a viewer does: from its values, slope and offset alone."""
    center, width = center or picture.center, width or picture.width
    middle, reach = (center - picture.offset) / picture.slope, width / abs(picture.slope)
    share = (picture.values.astype(float) - middle) / reach + 0.5
    return np.asarray((np.clip(share, 0, 1) * 255).round(), np.uint8)


@pytest.mark.parametrize(
    "header",
    [
        _WINDOW,
        {},
        {"PhotometricInterpretation": "MONOCHROME1", **_WINDOW},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"RescaleSlope": "2", "RescaleIntercept": "-1024", "WindowCenter": "3000", "WindowWidth": "5000"},
        {"RescaleSlope": "0.37", "RescaleIntercept": "5.5", "WindowCenter": "700", "WindowWidth": "900"},
        {"RescaleSlope": "1000", "WindowCenter": "2048000", "WindowWidth": "4096000"},
        {"PatientOrientation": ["R", "F"], **_WINDOW},
        {"VOILUTSequence": a_table([0, 40, 200, 255] * 1024, bits=8)},
    ],
    ids=["window", "percentiles", "inverse", "both", "rescaled", "fractions", "steep", "mirrored", "table"],
)
def test_the_first_window_shows_what_the_picture_without_them_shows(header: dict[str, object]) -> None:
    ds = a_radiograph(_VALUES, **header)
    difference = np.abs(shown(deep(ds)).astype(int) - grey(ds).astype(int))
    assert difference.max() <= 1


def test_a_window_of_ones_own_shows_what_the_server_would_show_in_it() -> None:
    ds = a_radiograph(_VALUES, PhotometricInterpretation="MONOCHROME1", **_WINDOW)
    there = grey(ds, center=1000.0, width=600.0)
    here = shown(deep(ds), center=1000.0, width=600.0)
    assert np.abs(here.astype(int) - there.astype(int)).max() <= 1


def test_every_stored_value_keeps_a_value_of_its_own() -> None:
    stored = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    values = deep(a_radiograph(stored, RescaleSlope="0.5", **_WINDOW)).values
    assert len(np.unique(values)) == 4096
    assert (np.diff(values.ravel().astype(int)) > 0).all()


def test_values_below_zero_are_kept_apart() -> None:
    signed = a_radiograph(_VALUES, RescaleIntercept="-2048", WindowCenter="0", WindowWidth="4096")
    picture = deep(signed)
    assert picture.offset + picture.slope * float(picture.values.min()) == int(_VALUES.min()) - 2048


def test_an_even_picture_has_a_window() -> None:
    picture = deep(a_radiograph(np.full((16, 16), 700, np.uint16)))
    assert picture.width > 0
    assert np.isfinite([picture.center, picture.slope, picture.offset]).all()


def test_a_png_has_the_levels_of_a_byte() -> None:
    file = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(file, "PNG")
    picture = deep_picture(file.getvalue())
    assert np.array_equal(shown(picture).ravel(), np.arange(256))


def test_the_child_hands_over_what_was_made_and_a_broken_file_is_an_error() -> None:
    ds: Dataset = a_radiograph(_VALUES, **_WINDOW)
    with Decoder() as decoder:
        there, here = decoder.deep(as_bytes(ds)), deep(ds)
        assert np.array_equal(there.values, here.values)
        assert (there.slope, there.offset, there.center, there.width) == (1.0, here.offset, 2048.0, 4096.0)
        with pytest.raises(MalformedError):
            decoder.deep(b"\x89PNG broken")
        assert decoder.render(as_bytes(ds)).dtype == np.uint8
