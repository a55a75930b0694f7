"""Files that are sound to the header and broken beyond it."""

import io

from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEGLSLossless

_KEPT = 200  # bytes of the codestream that stay: its own header, so that only decoding shows the damage


def with_broken_pixels(file: bytes, *, study_uid: str) -> bytes:
    """Return a file as another study, its pixels a JPEG-LS stream that cannot be decoded."""
    ds = dcmread(io.BytesIO(file))
    ds.compress(JPEGLSLossless)
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    ds.PixelData = encapsulate([frame[:_KEPT] + b"\xff\x00" * ((len(frame) - _KEPT) // 2)])
    ds.StudyInstanceUID = study_uid
    ds.SOPInstanceUID = f"{study_uid}.1"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    written = io.BytesIO()
    ds.save_as(written, enforce_file_format=True)
    return written.getvalue()
