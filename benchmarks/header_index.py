"""Seconds to say of a folder of DICOM files who is in each, and how; 300 files of 512 x 512.

Ours is `read_collection`, as an import lists a folder: it checks each file against itself, pixel data
included, before it believes its header. The peer reads the same four values with pydicom, before the pixels.
"""

import tempfile
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.dicom_reduction import file_of
from benchmarks.recording import rounds, row, tell, timed
from overread.imaging.collections import Item, read_collection

FILES, SIDE, TARGET, LONGEST = 300, 512, 18, 60.0
KEYWORDS = ("PatientID", "ViewPosition", "PatientSex", "PatientAge")


def ours(folder: Path) -> int:
    """Return how many files an import would look at."""
    return sum(isinstance(outcome, Item) for outcome in read_collection(folder, "dicom"))


def theirs(folder: Path) -> list[tuple[str, ...]]:
    """Return what pydicom reads of each file."""
    read = (dcmread(file, stop_before_pixels=True, specific_tags=list(KEYWORDS)) for file in folder.iterdir())
    return [tuple(str(ds.get(keyword)) for keyword in KEYWORDS) for ds in read]


def main() -> None:
    """Measure, print and keep the row."""
    values = np.random.default_rng(1).integers(0, 4096, (SIDE, SIDE), dtype=np.uint16)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(FILES):
            content = file_of(values, ExplicitVRLittleEndian, uids=(f"1.2.3.1.{number}", f"1.2.3.2.{number}"))
            (folder / f"{number}.dcm").write_bytes(content)
        if not ours(folder) == len(theirs(folder)) == FILES:
            raise RuntimeError("both sides must read every file")
        sides = [timed(lambda: ours(folder)), timed(lambda: theirs(folder))]
        measured = rounds(sides, seconds=LONGEST)
    tell([row(f"header index of {FILES} files / pydicom", *measured, target=TARGET)], ("pydicom", "numpy"))


if __name__ == "__main__":
    main()
