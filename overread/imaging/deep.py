"""Bytes to a picture with all its grey levels, in this very process; untrusted ones go through `decoding`."""

import numpy as np
from pydicom import Dataset

from overread.domain.errors import UnsupportedError
from overread.imaging import codecs, pixels, reading
from overread.imaging.deep_picture import DeepPicture

_TOP = (1 << 16) - 1
_BYTE_TOP = 255.0
_FINEST = 1e-9


def deep_picture(data: bytes) -> DeepPicture:
    """Return a DICOM, PNG or JPEG file with all its grey levels, in this very process: for trusted bytes.

    Raises
    ------
    InputError
        As `overread.imaging.pixels.grey` says.
    """
    if data.startswith((b"\x89PNG", b"\xff\xd8")):
        shown = pixels.grey_file(data).astype(np.uint16)
        return DeepPicture(values=shown, slope=1.0, offset=0.0, center=_BYTE_TOP / 2, width=_BYTE_TOP)
    ds = reading.read(data)
    if not reading.is_picture(ds):
        raise UnsupportedError("this object has no picture to show")
    return deep(ds)


def deep(ds: Dataset) -> DeepPicture:
    """Return what `overread.imaging.pixels.grey` shows, before its window is laid on.

    A VOI look-up table is part of the values (its output is what is windowed then); a sigmoid becomes the
    straight window of the same centre and width.
    """
    pattern = codecs.stored_values(ds).view(np.uint16)
    values, (center, width) = pixels.windowable(ds, pattern)
    present = np.zeros(_TOP + 1, np.bool_)
    present[pattern] = True
    low, high = float(values[present].min()), float(values[present].max())
    step = 1.0 if high - low <= _TOP and not np.any(values % 1) else max((high - low) / _TOP, _FINEST)
    table = np.clip((values - low) / step, 0, _TOP).round().astype(np.uint16)
    slope, offset = step, low
    if ds.PhotometricInterpretation == "MONOCHROME1":
        top = table[present].max()
        table = np.where(present, top - table, 0).astype(np.uint16)
        slope, offset = -step, low + step * float(top)
    image = np.take(table, pattern)
    if pixels.mirrored(ds):
        image = np.ascontiguousarray(image[:, ::-1])
    return DeepPicture(values=image, slope=slope, offset=offset, center=center, width=width)
