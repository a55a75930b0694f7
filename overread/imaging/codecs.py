"""The one place that knows which library decodes which transfer syntax; gives a dataset's stored values."""

from collections.abc import Callable
from functools import partial

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from overread.domain.errors import InputError, UndecodableError, UnsupportedError
from overread.imaging import wavelets

Stored = NDArray[np.integer]

PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
_JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
_JPEG_LS = (JPEGLSLossless, JPEGLSNearLossless)
_JPEG_2000 = (JPEG2000, JPEG2000Lossless, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL)
WITH_CODESTREAM = (*_JPEG, *_JPEG_LS, *_JPEG_2000)
_BYTE = 8
TAKEN = (*PLAIN, RLELossless, *WITH_CODESTREAM)


def stored_values(ds: Dataset, side: int | None = None) -> Stored:
    """Return the stored values, (rows, columns), of a single-frame grey dataset as its header means them.

    Bits above HighBit are cleared where the values are exact, clipped where a lossy codec overshot, and the
    sign is extended from BitsStored (PS3.5 section 8.1.1). For a picture of `side` pixels JPEG 2000 gives the
    means it holds of 2 x 2, 4 x 4 ... values, never fewer than `side` rows or columns of them.
    """
    syntax = ds.file_meta.TransferSyntaxUID
    lossy = syntax in WITH_CODESTREAM
    if side is not None and syntax in _JPEG_2000:
        reduced = wavelets.reduced(codestream(ds), side)
        if reduced is not None:
            return _as_meant(ds, reduced, lossy=True)
    raw = _decoder(syntax)(codestream(ds)) if lossy else _exact_values(ds)
    if raw.shape != (ds.Rows, ds.Columns):
        raise UndecodableError(f"decoded to {raw.shape}, but the header says {ds.Rows} x {ds.Columns}")
    return _as_meant(ds, raw, lossy=lossy)


def codestream(ds: Dataset) -> bytes:
    """Return the one compressed frame of an encapsulated dataset; raise `InputError` if there is none."""
    try:
        return next(generate_frames(ds.PixelData, number_of_frames=1))
    except (ValueError, EOFError, StopIteration, TypeError, AttributeError) as error:
        raise InputError("the encapsulated pixel data holds no frame, or is cut short") from error


def _decoder(syntax: UID) -> Callable[[bytes], Stored]:
    """Return the function that decodes one frame of a transfer syntax."""
    if syntax in _JPEG:
        return _guarded(imagecodecs.jpeg8_decode)
    if syntax in _JPEG_LS:
        return _guarded(imagecodecs.jpegls_decode)
    if syntax in _JPEG_2000:
        return _guarded(imagecodecs.jpeg2k_decode)
    raise UnsupportedError(f"transfer syntax {syntax} is not taken")


def _guarded(decode: Callable[[bytes], Stored]) -> Callable[[bytes], Stored]:
    """Turn what a codec library raises into `UndecodableError`; running out of memory stays itself."""

    def guarded(stream: bytes) -> Stored:
        try:
            return np.asarray(decode(stream))
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            raise UndecodableError(f"the compressed picture cannot be decoded: {error}") from error

    return guarded


def _exact_values(ds: Dataset) -> Stored:
    """Return native or run-length coded values, every bit as it is stored."""
    size, kind = ds.Rows * ds.Columns, "u1" if ds.BitsAllocated == _BYTE else "<u2"
    if ds.file_meta.TransferSyntaxUID in PLAIN:
        flat = np.frombuffer(ds.PixelData, dtype=kind)[:size]
    else:
        decode = partial(imagecodecs.dicomrle_decode, dtype=kind)
        flat = _guarded(lambda stream: np.frombuffer(decode(stream), dtype=kind))(codestream(ds))
    if flat.size != size:
        raise UndecodableError(f"decoded to {flat.size} values, but the header says {size}")
    return flat.reshape(ds.Rows, ds.Columns)


def _as_meant(ds: Dataset, raw: Stored, *, lossy: bool) -> Stored:
    """Clear or clip what lies outside BitsStored, and give signed values their sign; all fit 16 bits."""
    bits, signed = int(ds.BitsStored), int(ds.PixelRepresentation) == 1
    if lossy and raw.dtype.kind == "i":  # the codestream was signed itself
        return np.clip(raw, -(1 << (bits - 1)), (1 << (bits - 1)) - 1).astype(np.int16)
    if not signed and raw.dtype == np.uint16 and int(ds.HighBit) == bits - 1 and int(raw.max()) >> bits == 0:
        return raw  # as it should be: most pictures are
    if lossy and not signed:
        return np.clip(raw, 0, (1 << bits) - 1).astype(np.uint16)
    pattern: NDArray[np.uint16] = raw.astype(np.uint16)
    pattern >>= int(ds.HighBit) + 1 - bits if not lossy else 0
    pattern <<= 16 - bits
    kept: Stored = pattern.view(np.int16) if signed else pattern
    kept >>= 16 - bits
    return kept
