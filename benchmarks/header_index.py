"""Seconds to list a folder of 300 DICOM files of 512 x 512 by their headers: who is in each, and how.

Ours is `read_collection`, with which an import begins. The peer reads the same values with pydicom, which is
told to stop before the pixels and to look at no other attribute. The files are in the page cache.
"""

import tempfile
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.dicom_reduction import file_of
from benchmarks.recording import rounds, row, tell, timed
from overread.imaging.collections import Item, read_collection
from overread.imaging.header_index import Header

FILES, SIDE, TARGET, LONGEST = 300, 512, 18, 60.0
KEYWORDS = (
    *("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID", "Modality", "ViewPosition"),
    *("PatientSex", "PatientAge", "PatientBirthDate", "StudyDate", "Rows", "Columns"),
)
Said = tuple[str, ...]


def ours(folder: Path) -> list[Header | None]:
    """Return what an import lists of each file."""
    return [each.header for each in read_collection(folder, "dicom") if isinstance(each, Item)]


def theirs(folder: Path) -> list[Said]:
    """Return what pydicom reads of each file: the keywords in their order, transfer syntax, size."""
    return [_said(file) for file in sorted(folder.iterdir())]


def _said(file: Path) -> Said:
    ds = dcmread(file, stop_before_pixels=True, specific_tags=list(KEYWORDS))
    values = (str(ds.get(keyword, "")) for keyword in KEYWORDS)
    return (*values, str(ds.file_meta.TransferSyntaxUID), str(file.stat().st_size))


def as_said(header: Header | None) -> Said:
    """Return our header in the peer's form; files here state an age in years and no date."""
    if header is None:
        return ()
    uids = (header.sop_uid, header.series_uid, header.study_uid)
    shape = (str(header.rows), str(header.columns))
    who = (header.patient_id, header.modality, header.view, header.sex, f"{header.age:03}Y", "", "")
    return (*uids, *who, *shape, header.transfer_syntax, str(header.size))


def main() -> None:
    """Measure, print and keep the row."""
    values = np.random.default_rng(1).integers(0, 4096, (SIDE, SIDE), dtype=np.uint16)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(FILES):
            content = file_of(values, ExplicitVRLittleEndian, uids=(f"1.2.3.1.{number}", f"1.2.3.2.{number}"))
            (folder / f"{number}.dcm").write_bytes(content)
        if not list(map(as_said, ours(folder))) == theirs(folder) != []:
            raise RuntimeError("both sides must read the same of every file")
        sides = [timed(lambda: ours(folder)), timed(lambda: theirs(folder))]
        measured = rounds(sides, seconds=LONGEST)
    tell([row(f"header index of {FILES} files / pydicom", *measured, target=TARGET)], ("pydicom", "numpy"))


if __name__ == "__main__":
    main()
