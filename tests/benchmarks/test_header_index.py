"""Both sides read every file of the folder, and the same of each."""

from pathlib import Path

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.dicom_reduction import file_of
from benchmarks.header_index import as_said, ours, theirs


def test_both_sides_read_the_same_of_every_file(tmp_path: Path) -> None:
    content = file_of(np.zeros((48, 40), np.uint16), ExplicitVRLittleEndian)
    for number in range(3):
        (tmp_path / f"{number}.dcm").write_bytes(content)
    assert [each[3:8] for each in theirs(tmp_path)] == [("1", "DX", "PA", "F", "050Y")] * 3
    assert list(map(as_said, ours(tmp_path))) == theirs(tmp_path)
