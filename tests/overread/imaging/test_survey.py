"""A collection is counted by what its headers and tables say."""

from pathlib import Path

from overread.domain.findings import Label
from overread.imaging.collections import Item, read_collection
from overread.imaging.survey import survey
from tests.overread.imaging.builders import a_radiograph, as_bytes


def test_a_folder_of_dicom_files_is_counted(tmp_path: Path) -> None:
    for name, changes in {
        "1": {},
        "2": {"SOPInstanceUID": "1.2.3.11"},  # of the same study
        "3": {"StudyInstanceUID": "1.2.3.21", "ViewPosition": "AP"},
        "4": {"StudyInstanceUID": "1.2.3.22", "PatientID": ""},
        "5": {"StudyInstanceUID": "1.2.3.23", "PatientID": "", "ViewPosition": ""},
        "6": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"},
        "7": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "PatientID": "P2"},
    }.items():
        (tmp_path / name).write_bytes(as_bytes(a_radiograph(**changes)))
    found = survey(read_collection(tmp_path, "dicom"))
    assert (found.files, found.patients, found.studies) == (7, 3, 4)
    assert found.views == {"PA": 3, "AP": 1, "not stated": 1}
    assert found.transfer_syntaxes == {"Explicit VR Little Endian": 5}
    assert found.refused == {"SOP class CT Image Storage is not taken": 2}
    assert found.size == sum((tmp_path / name).stat().st_size for name in "12345")


def test_the_pictures_of_a_table_are_studies_with_labels() -> None:
    said = {"a": Label.HAS_FINDING, "b": Label.NO_FINDING, "c": None}
    items = [Item(path=Path(name), source="", patient_id="1", label=said[name]) for name in said]
    found = survey(items)
    assert (found.files, found.patients, found.studies, found.transfer_syntaxes) == (3, 1, 3, {})
    assert found.labels == {"has_finding": 1, "no_finding": 1, "not stated": 1}
