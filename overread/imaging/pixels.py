"""Stored values to one grey uint8 picture: rescale, VOI, polarity, orientation, then reduction by area."""

import io
import logging
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from overread.domain.errors import InputError, MalformedError
from overread.imaging import codecs
from overread.imaging.reading import MAX_PIXELS
from overread.imaging.resizing import Grey, squared

Values = NDArray[np.float64]
_Stored16 = NDArray[np.uint16]

_log = logging.getLogger(__name__)
_PATTERNS = np.arange(1 << 16, dtype=np.uint16)
_BYTE = 8
_PERCENTILES = (0.5, 99.5)


def grey(
    ds: Dataset, size: int | None = None, *, center: float | None = None, width: float | None = None
) -> Grey:
    """Return the picture that a radiologist would be shown, low values dark.

    Parameters
    ----------
    ds
        A dataset from `overread.imaging.reading.read`, of an image class.
    size
        Side of the square asked for, in pixels; None keeps the stored rows and columns. Nothing is cropped,
        so a picture that is not square is stretched.
    center, width
        A window in modality units that replaces the header's own; both or neither.

    Returns
    -------
    (size, size) uint8, mirrored back where PatientOrientation says that it was stored mirrored.

    Raises
    ------
    InputError
        The pixels cannot be decoded, or a look-up table of the header is broken.
    """
    window = None if center is None or width is None else (center, width)
    stored = codecs.stored_values(ds, size if window or _says_its_window(ds) else None)
    table = _grey_table(ds, stored.view(np.uint16), window)
    if size is not None:
        stored = _halved(stored, size)  # of a detector's picture a sixteenth is left to look up
    image = np.take(table, stored.view(np.uint16))
    if mirrored(ds):
        image = np.ascontiguousarray(image[:, ::-1])
    return image if size is None else squared(image, size)


def grey_file(data: bytes, size: int | None = None) -> Grey:
    """Return a PNG or JPEG file as a grey picture; raise `MalformedError` or `InputError` if it is none."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            huge = picture.width * picture.height > MAX_PIXELS
            deep = picture.mode.startswith("I")
            image = (
                np.zeros((0, 0), dtype=np.uint8)
                if huge
                else np.asarray(picture if deep else picture.convert("L"))
            )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        huge, deep, image = True, False, np.zeros((0, 0), dtype=np.uint8)
    except Exception as error:  # Pillow raises a dozen unrelated types for a broken file
        raise MalformedError(f"not a readable PNG or JPEG file: {type(error).__name__}") from error
    if huge:
        raise InputError("the picture declares more pixels than any radiograph has")
    image = _from_16_bits(image) if deep else image
    return image if size is None else squared(image, size)


def windowable(ds: Dataset, pattern: _Stored16) -> tuple[Values, tuple[float, float]]:
    """Return the value of each of the 65,536 stored bit patterns, and the window to begin with.

    Values are in modality units, or what a VOI look-up table of the header makes of them; the window is its
    centre and width.
    """
    values = _modality(ds, _patterns_of(ds))
    if ds.get("VOILUTSequence"):
        looked_up, bits = _looked_up(ds, ds.VOILUTSequence[0], values)
        top = float((1 << bits) - 1)
        return looked_up, (top / 2, top)
    stated = _stated_window(ds)
    if stated is None:
        low, high = _percentiles(ds, values, pattern)
        stated = (low + high) / 2, max(high - low, 1.0)
    return values, stated


def _halved(stored: codecs.Stored, size: int) -> codecs.Stored:
    """Return means of 2 x 2 values, again and again while a side is more than twice `size`.

    The last step is left to the grey picture: where a window cuts values off, the mean of what is shown is
    not what is shown of the mean.
    """
    while min(stored.shape) > 2 * size:
        rows, columns = (side // 2 for side in stored.shape)
        halved = cv2.resize(stored, (columns, rows), interpolation=cv2.INTER_AREA)
        stored = halved.astype(stored.dtype, copy=False)
    return stored


def mirrored(ds: Dataset) -> bool:
    """Say whether rows run towards the patient's right, the mirror of a radiograph as viewed."""
    orientation = ds.get("PatientOrientation")
    towards = "" if not orientation else str(orientation[0])
    return towards.upper().startswith("R")


def _from_16_bits(image: NDArray[np.generic]) -> Grey:
    """Scale 16-bit grey to 8 by the whole range of the type, not of the picture."""
    return np.asarray(np.clip(image.astype(np.float32) / 257.0, 0, 255).round(), dtype=np.uint8)


def _grey_table(ds: Dataset, pattern: _Stored16, window: tuple[float, float] | None) -> Grey:
    """Return the grey level of each of the 65,536 stored bit patterns: the display pipeline as one table."""
    values = _modality(ds, _patterns_of(ds))
    shown = np.clip(_windowed(ds, values, pattern, window), 0.0, 1.0)
    if ds.PhotometricInterpretation == "MONOCHROME1":
        shown = 1.0 - shown
    expected = "INVERSE" if ds.PhotometricInterpretation == "MONOCHROME1" else "IDENTITY"
    if ds.get("PresentationLUTShape", expected) != expected:
        _log.warning("PresentationLUTShape disagrees with PhotometricInterpretation, which is trusted")
    return np.asarray((shown * 255.0).round(), dtype=np.uint8)


def _patterns_of(ds: Dataset) -> Values:
    """Return all bit patterns as the numbers they are stored for."""
    return (_PATTERNS.view(np.int16) if ds.PixelRepresentation == 1 else _PATTERNS).astype(np.float64)


def _modality(ds: Dataset, stored: Values) -> Values:
    """Apply the modality look-up table, or slope and intercept (PS3.3 C.11.1)."""
    if ds.get("ModalityLUTSequence"):
        return _looked_up(ds, ds.ModalityLUTSequence[0], stored)[0]
    return stored * float(ds.get("RescaleSlope") or 1) + float(ds.get("RescaleIntercept") or 0)


def _windowed(ds: Dataset, values: Values, pattern: _Stored16, window: tuple[float, float] | None) -> Values:
    """Map modality values to 0..1: the window asked for, VOI table, first window, or percentiles."""
    if window is not None:
        return _in_window(values, *window, "LINEAR_EXACT")
    if ds.get("VOILUTSequence"):
        looked_up, bits = _looked_up(ds, ds.VOILUTSequence[0], values)
        return looked_up / ((1 << bits) - 1)
    stated = _stated_window(ds)
    if stated is not None:
        return _in_window(values, *stated, str(ds.get("VOILUTFunction") or "LINEAR"))
    low, high = _percentiles(ds, values, pattern)
    return (values - low) / max(high - low, 1e-9)


def _says_its_window(ds: Dataset) -> bool:
    """Whether no percentile is needed, which must be of all values: reduced ones mix at collimated edges."""
    return bool(ds.get("VOILUTSequence")) or _stated_window(ds) is not None


def _stated_window(ds: Dataset) -> tuple[float, float] | None:
    """Return centre and width of the header's first window; None where absent, broken or narrower than 1."""
    try:
        center, width = (_first(ds.get(name)) for name in ("WindowCenter", "WindowWidth"))
    except (TypeError, ValueError):
        return None
    if center is None or width is None or not np.isfinite([center, width]).all() or width < 1:
        return None
    return center, width


def _first(stated: object) -> float | None:
    """Return the first number of a value that may be absent, single or multiple."""
    if stated is None or stated == "":
        return None
    if isinstance(stated, Sequence) and not isinstance(stated, str):
        return float(str(stated[0])) if stated else None
    return float(str(stated))


def _in_window(values: Values, center: float, width: float, function: str) -> Values:
    """Apply a window (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - center) / width, -50, 50)))
    if function == "LINEAR_EXACT":
        return (values - center) / max(width, 1e-9) + 0.5
    if width <= 1:
        return (values > center - 0.5).astype(np.float64)
    return (values - (center - 0.5)) / (width - 1) + 0.5


def _looked_up(ds: Dataset, item: Dataset, values: Values) -> tuple[Values, int]:
    """Send values through one look-up table of the header; also return the table's bits (PS3.3 C.11.1.1)."""
    try:
        entries, first, bits = (int(number) for number in item.LUTDescriptor)
        data = item.LUTData
        if isinstance(data, bytes):
            data = np.frombuffer(data, dtype="<u2" if bits > _BYTE else "u1")
        table = np.asarray(data, dtype=np.float64)[: entries or 1 << 16]
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError("a look-up table of the header cannot be read") from error
    if ds.PixelRepresentation == 1 and first >= 1 << 15:
        first -= 1 << 16
    if table.size == 0 or not 1 <= bits <= 2 * _BYTE:
        raise InputError("a look-up table of the header is empty or of impossible depth")
    return table[np.clip(values.round() - first, 0, table.size - 1).astype(np.intp)], bits


def _percentiles(ds: Dataset, values: Values, pattern: _Stored16) -> tuple[float, float]:
    """Return the modality values at the percentiles, inside the collimated area and without padding."""
    exposed = pattern[_exposed(ds, pattern)]
    counts = cv2.calcHist([exposed], [0], None, [1 << 16], [0, 1 << 16]).ravel().astype(np.int64)
    padding = ds.get("PixelPaddingValue")
    if isinstance(padding, int):
        counts[padding & 0xFFFF] = 0
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(counts[order])
    if cumulative[-1] == 0:
        return 0.0, 1.0
    at = np.searchsorted(cumulative, np.asarray(_PERCENTILES) / 100 * cumulative[-1])
    low, high = values[order][at]
    return float(low), float(high)


def _exposed(ds: Dataset, pattern: _Stored16) -> tuple[slice, slice]:
    """Return the collimated rectangle: as the header says, else without flat margins."""
    rows, columns = pattern.shape
    edges = ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")
    stated = [ds.get(f"Collimator{edge}Edge") for edge in edges]
    if all(isinstance(edge, int) for edge in stated):
        upper, lower, left, right = (int(edge) for edge in stated if edge is not None)
        if 0 <= upper < lower - 1 <= rows and 0 <= left < right - 1 <= columns:
            return slice(upper, lower - 1), slice(left, right - 1)
    coarse = pattern[:: max(rows // 512, 1), :: max(columns // 512, 1)]
    busy_rows = np.flatnonzero(np.ptp(coarse, axis=1) > 0) * max(rows // 512, 1)
    busy_columns = np.flatnonzero(np.ptp(coarse, axis=0) > 0) * max(columns // 512, 1)
    if busy_rows.size == 0 or busy_columns.size == 0:
        return slice(0, rows), slice(0, columns)
    return slice(busy_rows[0], busy_rows[-1] + 1), slice(busy_columns[0], busy_columns[-1] + 1)
