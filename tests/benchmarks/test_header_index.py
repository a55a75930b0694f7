"""Both sides read every file of the folder, and the same of each."""

from pathlib import Path

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.dicom_reduction import file_of
from benchmarks.header_index import ours, theirs


def test_both_sides_read_every_file(tmp_path: Path) -> None:
    content = file_of(np.zeros((48, 40), np.uint16), ExplicitVRLittleEndian)
    for number in range(3):
        (tmp_path / f"{number}.dcm").write_bytes(content)
    assert ours(tmp_path) == 3
    assert theirs(tmp_path) == [("1", "PA", "F", "050Y")] * 3
