"""A real chest radiograph for trying things out, where the package `pydicom-data` is installed."""

from pathlib import Path

from pydicom.data import get_testdata_file

_CHEST = "RG1_UNCI.dcm"  # adult, CR, MONOCHROME1, 1,760 x 1,760, uncompressed


def real_chest() -> bytes | None:
    """Return the DICOM file of a real frontal chest radiograph, None where none is installed here."""
    place = get_testdata_file(_CHEST, download=False)
    return None if place is None else Path(str(place)).read_bytes()
