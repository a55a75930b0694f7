"""What a radiologist is shown: window, polarity, orientation, and the whole picture at the size asked for."""

import io
import struct
import zlib

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset

from overread.domain.errors import InputError, MalformedError
from overread.imaging.pixels import grey, grey_file
from overread.imaging.reading import read
from overread.imaging.resizing import squared
from tests.overread.imaging.builders import a_radiograph, as_bytes, encapsulated, real, stored_values

_VALUES = stored_values()
_WINDOW = {"WindowCenter": "2048", "WindowWidth": "4096"}


def a_table(entries: list[int], *, first: int = 0, bits: int = 8) -> list[Dataset]:
    """Return a look-up table sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    return [item]


def as_file(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def test_the_first_window_is_applied_as_the_standard_says() -> None:
    image = grey(a_radiograph(_VALUES, **_WINDOW))
    expected = ((_VALUES - 2047.5) / 4095 + 0.5) * 255
    assert np.abs(image - expected).max() <= 0.51


def test_the_first_of_several_windows_counts() -> None:
    several = a_radiograph(_VALUES, WindowCenter=["2048", "10"], WindowWidth=["4096", "20"])
    assert np.array_equal(grey(several), grey(a_radiograph(_VALUES, **_WINDOW)))


def test_monochrome_1_is_inverted_exactly_once() -> None:
    light = grey(a_radiograph(_VALUES, **_WINDOW))
    dark = grey(a_radiograph(_VALUES, PhotometricInterpretation="MONOCHROME1", **_WINDOW))
    assert np.abs(dark.astype(int) - (255 - light.astype(int))).max() <= 1


def test_photometric_interpretation_is_trusted_over_the_presentation_shape() -> None:
    stated = a_radiograph(_VALUES, PresentationLUTShape="INVERSE", **_WINDOW)
    assert np.array_equal(grey(stated), grey(a_radiograph(_VALUES, **_WINDOW)))


def test_rescale_moves_the_values_under_the_window() -> None:
    moved = a_radiograph(
        _VALUES, RescaleSlope="2", RescaleIntercept="-100", WindowCenter="3996", WindowWidth="8191"
    )
    assert np.abs(grey(moved).astype(int) - grey(a_radiograph(_VALUES, **_WINDOW))).max() <= 1


def test_a_voi_table_goes_before_the_window() -> None:
    entries = list(range(255, -1, -1)) * 16
    image = grey(a_radiograph(_VALUES, VOILUTSequence=a_table(sorted(entries)), **_WINDOW))
    assert np.abs(image.astype(int) - (_VALUES >> 4)).max() <= 1


def test_a_modality_table_is_applied_before_the_window() -> None:
    table = a_table([min(4095, 2 * value) for value in range(4096)], bits=12)
    image = grey(a_radiograph(_VALUES, ModalityLUTSequence=table, **_WINDOW))
    assert np.abs(image.astype(int) - grey(a_radiograph(np.minimum(4095, 2 * _VALUES), **_WINDOW))).max() <= 1


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(InputError, match="look-up table"):
        grey(a_radiograph(_VALUES, VOILUTSequence=[Dataset()]))


def test_without_a_window_percentiles_are_used_inside_the_collimated_area() -> None:
    framed = np.zeros((96, 96), np.uint16)
    framed[24:72, 28:68] = _VALUES
    image = grey(a_radiograph(framed))
    inside = image[24:72, 28:68]
    assert inside.min() == 0
    assert inside.max() == 255
    assert np.abs(inside.astype(int) - grey(a_radiograph(_VALUES))).max() <= 2


@pytest.mark.parametrize("window", [("2048", "0"), ("2048", "0.5"), ("x", "4096"), ("2048", "")])
def test_a_useless_window_is_ignored(window: tuple[str, str]) -> None:
    ds = a_radiograph(_VALUES)
    ds.add_new("WindowCenter", "LO", window[0])
    ds.add_new("WindowWidth", "LO", window[1])
    assert np.array_equal(grey(ds), grey(a_radiograph(_VALUES)))


def test_a_sigmoid_window_is_steepest_in_the_middle() -> None:
    image = grey(a_radiograph(_VALUES, VOILUTFunction="SIGMOID", **_WINDOW))
    expected = 255 / (1 + np.exp(-4 * (_VALUES - 2048.0) / 4096))
    assert np.abs(image - expected).max() <= 0.51


def test_a_window_of_ones_own_replaces_the_headers() -> None:
    assert grey(a_radiograph(_VALUES, **_WINDOW), center=1e6, width=10.0).max() == 0


def test_a_mirrored_picture_is_turned_back() -> None:
    plain = grey(a_radiograph(_VALUES, PatientOrientation=["L", "F"], **_WINDOW))
    mirrored = grey(a_radiograph(_VALUES[:, ::-1], PatientOrientation=["R", "F"], **_WINDOW))
    assert np.array_equal(plain, mirrored)


def test_nothing_is_cropped_and_shrinking_is_the_mean_of_the_area() -> None:
    values = stored_values(96, 64)
    image = grey(a_radiograph(values, **_WINDOW), 32)
    whole = grey(a_radiograph(values, **_WINDOW)).astype(float)
    assert image.shape == (32, 32)
    assert np.abs(image - whole.reshape(32, 3, 32, 2).mean(axis=(1, 3))).max() <= 1


def test_reducing_first_and_windowing_first_agree_within_one_grey_level() -> None:
    values = stored_values(96, 96)
    reduced = cv2.resize(values, (32, 32), interpolation=cv2.INTER_AREA)
    first = grey(a_radiograph(np.asarray(reduced, np.uint16), **_WINDOW))
    assert np.abs(first.astype(int) - grey(a_radiograph(values, **_WINDOW), 32)).max() <= 1


def test_a_small_picture_is_enlarged_smoothly() -> None:
    assert squared(np.array([[0, 255]], np.uint8), 4).shape == (4, 4)


def test_a_flat_picture_does_not_divide_by_zero() -> None:
    assert grey(a_radiograph(np.full((48, 40), 700, np.uint16))).shape == (48, 40)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_image_files_are_read_at_the_size_asked_for(form: str) -> None:
    image = (stored_values(64, 64) >> 4).astype(np.uint8)
    read_back = grey_file(as_file(Image.fromarray(image), form), 32)
    assert np.abs(read_back.astype(int) - squared(image, 32)).max() <= 3


def test_a_16_bit_png_is_scaled_by_its_type() -> None:
    deep = (stored_values(64, 64, bits=16)).astype(np.uint16)
    assert np.abs(grey_file(as_file(Image.fromarray(deep), "PNG")).astype(int) - (deep >> 8)).max() <= 1


def test_a_palette_or_colour_png_becomes_grey() -> None:
    image = Image.fromarray((stored_values(16, 16) >> 4).astype(np.uint8))
    assert grey_file(as_file(image.convert("RGBA"), "PNG")).shape == (16, 16)
    assert grey_file(as_file(image.convert("P"), "PNG")).shape == (16, 16)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM" + b"\0" * 60])
def test_what_is_no_image_file_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        grey_file(data)


def test_a_cut_short_image_file_is_malformed() -> None:
    data = as_file(Image.fromarray(np.zeros((64, 64), np.uint8)), "JPEG")
    with pytest.raises(MalformedError):
        grey_file(data[: len(data) // 2])


@pytest.mark.parametrize("side", [7_000, 12_000, 60_000])
def test_a_tiny_png_that_declares_gigabytes_is_refused(side: int) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    with pytest.raises(InputError):
        grey_file(png + b"\0\0\0\0IEND\xaeB`\x82")


def test_a_header_that_lies_about_polarity_is_believed_and_comes_out_inverted() -> None:
    truth = grey(read(real("dicom/chest_frontal/siim_rsna_cr_jpeg_baseline.dcm").read_bytes()), 128)
    lie = grey(read(real("dicom/chest_frontal/Fake_MONOHR1.dcm").read_bytes()), 128)
    assert np.abs(lie.astype(int) - (255 - truth.astype(int))).max() <= 1


def test_one_radiograph_in_four_codings_is_one_picture() -> None:
    plain = grey(read(real("dicom/chest_frontal/RG1_UNCR.dcm").read_bytes()), 256).astype(int)
    for name in ("RG1_J2KR.dcm", "RG1_J2KI.dcm", "RG1_JLSN"):
        other = grey(read(real("dicom/chest_frontal", name).read_bytes()), 256)
        assert np.abs(plain - other).mean() <= 0.5


@pytest.mark.parametrize("window", [{}, _WINDOW], ids=["percentiles", "window"])
@pytest.mark.parametrize("signed", [False, True])
def test_the_reduced_picture_is_the_shown_one_reduced(window: dict[str, str], signed: bool) -> None:
    values = stored_values(1100, 900)
    ds = a_radiograph(values, **window)
    if signed:
        below = (values.astype(np.int16) - 2048) & 0x0FFF
        ds = a_radiograph(below, PixelRepresentation=1, RescaleSlope="1", RescaleIntercept="2048", **window)
    assert np.abs(grey(ds, 128).astype(int) - squared(grey(ds), 128)).mean() <= 1


def test_percentiles_are_of_all_values_however_the_picture_is_coded() -> None:
    framed = np.zeros((384, 384), np.uint16)
    framed[96:288, 112:272] = cv2.resize(_VALUES, (160, 192))
    stream = bytes(imagecodecs.jpeg2k_encode(framed, level=0, codecformat="j2k", bitspersample=12))
    coded = encapsulated(a_radiograph(framed), stream, "1.2.840.10008.1.2.4.90")
    assert np.array_equal(grey(coded, 48), grey(a_radiograph(framed), 48))


def test_reading_a_written_file_changes_nothing() -> None:
    ds = a_radiograph(_VALUES, **_WINDOW)
    assert np.array_equal(grey(read(as_bytes(ds))), grey(ds))
