"""One file's bytes to its grey picture, in this very process; untrusted ones go through `decoding`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.domain.errors import InputError, UnsupportedError
from overread.imaging import codecs, deep, pixels, reading
from overread.imaging.resizing import Grey

_BYTE = 8


def picture(
    data: bytes, size: int | None = None, *, center: float | None = None, width: float | None = None
) -> Grey:
    """Return a DICOM, PNG or JPEG file as a grey picture, in this very process: for trusted bytes."""
    if data.startswith((b"\x89PNG", b"\xff\xd8")):
        return pixels.grey_file(data, size)
    ds = reading.read(data)
    if not reading.is_picture(ds):
        raise UnsupportedError("this object has no picture to show")
    return pixels.grey(ds, size, center=center, width=width)


Values = NDArray[np.uint8] | NDArray[np.uint16]


def stored(data: bytes) -> Values:
    """Return the values that a DICOM picture stores, each in as many bits as its header allocates."""
    ds = reading.read(data)
    if not reading.is_picture(ds):
        raise UnsupportedError("this object has no picture to decode")
    values = codecs.stored_values(ds)
    return values.astype(np.uint8) if ds.BitsAllocated == _BYTE else values.astype(np.uint16)


def answered(data: bytes, kind: str, how: dict[str, Any]) -> tuple[dict[str, float], Values]:
    """Return a picture as the decoding process hands it over: what is said of it, and its values.

    `kind` is `grey`, `deep` or `stored`.
    """
    if kind == "stored":
        return {}, stored(data)
    if kind == "deep":
        made = deep.deep_picture(data)
        said = {"slope": made.slope, "offset": made.offset, "center": made.center, "width": made.width}
        return said, made.values
    return {}, picture(data, **how)


def attempt(decode: Callable[[], tuple[dict[str, float], Values]]) -> tuple[dict[str, object], Values | None]:
    """Return what to answer, and the picture if there is one; a broken file may raise anything."""
    try:
        said, image = decode()
    except InputError as error:
        return {"error": type(error).__name__, "text": str(error)[:1000]}, None
    except MemoryError:
        return {"error": "UndecodableError", "text": "the picture needs more memory than is allowed"}, None
    except Exception as error:  # the child must outlive one picture
        return {
            "error": "UndecodableError",
            "text": f"the picture cannot be decoded: {type(error).__name__}",
        }, None
    return {"shape": image.shape, "type": np.dtype(image.dtype).name, "said": said}, image
