"""Folders of images become items or reasoned rejects, one for each, and the rest goes on."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.imaging.collections import Item, Rejected, detect, read_collection
from tests.overread.imaging.builders import a_radiograph, as_bytes, real

_HEADER = "file,patient_id,label,findings,view,sex,age"


def an_image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(path)
    return path


def a_folder(root: Path, *lines: str, header: str = _HEADER) -> Path:
    for name in ("a.png", "b.png"):
        an_image(root / name)
    (root / "labels.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return root


def the_item(root: Path, *lines: str, header: str = _HEADER) -> Item:
    (only,) = read_collection(a_folder(root, *lines, header=header))
    assert isinstance(only, Item), str(only)
    return only


def test_a_row_becomes_an_item(tmp_path: Path) -> None:
    item = the_item(tmp_path, "a.png,P1,has_finding,Nodule;fibrous_strand;Cardiomegaly,pa,F,58")
    assert (item.patient_id, item.label, item.view, item.sex, item.age) == (
        "P1",
        Label.HAS_FINDING,
        "PA",
        "F",
        58,
    )
    assert item.findings == ("nodule", "fibrous_strand")
    assert item.other_findings == ("Cardiomegaly",)
    assert item.load() == (tmp_path / "a.png").read_bytes()


def test_optional_columns_may_be_absent_and_unknown_leaves_the_label_open(tmp_path: Path) -> None:
    item = the_item(tmp_path, "a.png,P1,unknown", header="file,patient_id,label")
    assert (item.label, item.view, item.age) == (None, "", None)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    a_folder(tmp_path)
    (tmp_path / "labels.csv").write_bytes(b"\xef\xbb\xbffile,patient_id,label\r\na.png,P1,no_finding\r\n\r\n")
    (item,) = read_collection(tmp_path)
    assert isinstance(item, Item)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("missing.png,P1,no_finding,,,,", "is not there"),
        ("../outside.png,P1,no_finding,,,,", "leads out of the folder"),
        ("/etc/hostname,P1,no_finding,,,,", "leads out of the folder"),
        ("a.png,,no_finding,,,,", "no patient_id"),
        ("a.png,P1,,,,,", "no label"),
        ("a.png,P1,normal,,,,", "none of no_finding, has_finding, unknown"),
        ("a.png,P1,no_finding,Nodule,,,", "findings are named"),
        ("a.png,P1,no_finding,,,,old", "not an age"),
        ("a.png,P1,no_finding,,,,411", "not an age"),
        ("a.png,P1", "2 values under 7 columns"),
        ("a.png,P1,no_finding,,,,,extra,more", "9 values under 7 columns"),
        ("labels.csv,P1,no_finding,,,,", "not a readable PNG or JPEG"),
        (f"{'x' * 200_000},P1,no_finding,,,,", "not a CSV line"),
    ],
)
def test_a_bad_row_is_one_reject_and_the_rest_goes_on(tmp_path: Path, line: str, reason: str) -> None:
    bad, good = read_collection(a_folder(tmp_path, line, "b.png,P2,no_finding,,,,"))
    assert isinstance(bad, Rejected)
    assert reason in bad.reason
    assert str(bad).startswith(f"{tmp_path / 'labels.csv'} line 2: ")
    assert "\n" not in str(bad)
    assert isinstance(good, Item)


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    first, second = read_collection(a_folder(tmp_path, "a.png,P1,no_finding,,,,", "a.png,P2,no_finding,,,,"))
    assert isinstance(first, Item)
    assert isinstance(second, Rejected)


def test_promised_bytes_are_checked_when_they_are_loaded(tmp_path: Path) -> None:
    digest = hashlib.sha256(an_image(tmp_path / "a.png").read_bytes()).hexdigest()
    header = "file,patient_id,label,sha256"
    assert the_item(tmp_path, f"a.png,P1,no_finding,{digest}", header=header).load()
    with pytest.raises(InputError, match="SHA-256"):
        the_item(tmp_path, f"a.png,P1,no_finding,{'0' * 64}", header=header).load()


def test_a_file_that_has_gone_is_named_when_it_is_loaded(tmp_path: Path) -> None:
    item = the_item(tmp_path, "a.png,P1,no_finding,,,,")
    item.path.unlink()
    with pytest.raises(InputError, match=r"a\.png: cannot be read"):
        item.load()


def test_nih_rows_find_their_images_in_any_folder(tmp_path: Path) -> None:
    an_image(tmp_path / "images_001" / "images" / "00000001_000.png")
    an_image(tmp_path / "images_002" / "00000002_000.png")
    (tmp_path / "Data_Entry_2017.csv").write_text(
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,\n"
        "00000001_000.png,Cardiomegaly|Effusion,0,1,058Y,M,PA,\n"
        "00000002_000.png,No Finding,0,2,81,F,AP,\n"
        "00000003_000.png,No Finding,0,3,81,F,AP,\n"
    )
    assert detect(tmp_path) == "nih"
    first, second, absent = read_collection(tmp_path)
    assert isinstance(first, Item)
    assert (first.label, first.findings, first.other_findings) == (
        Label.HAS_FINDING,
        ("effusion",),
        ("Cardiomegaly",),
    )
    assert (first.age, first.sex, first.view) == (58, "M", "PA")
    assert isinstance(second, Item)
    assert second.label is Label.NO_FINDING
    assert isinstance(absent, Rejected)
    assert "00000003_000.png is in no folder" in absent.reason


def test_dicom_files_are_listed_or_rejected_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "good").write_bytes(as_bytes(a_radiograph(PatientSex="F")))
    (tmp_path / "bad.dcm").write_bytes(as_bytes(a_radiograph(Modality=None)))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden").write_text("hello")
    (tmp_path / ".folder").mkdir()
    (tmp_path / ".folder" / "hidden").write_text("hello")
    (tmp_path / "again").symlink_to(tmp_path / "deep")
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    assert detect(tmp_path) == "dicom"
    bad, good, link, notes = read_collection(tmp_path)
    assert isinstance(bad, Rejected)
    assert isinstance(link, Rejected)
    assert isinstance(notes, Rejected)
    assert isinstance(good, Item)
    assert (good.patient_id, good.view, good.sex, good.age, good.label) == ("P1", "PA", "F", 54, None)


def test_a_colour_picture_is_called_one(tmp_path: Path) -> None:
    colour = a_radiograph(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", PhotometricInterpretation="RGB")
    (tmp_path / "colour.dcm").write_bytes(as_bytes(colour))
    (refused,) = read_collection(tmp_path, "dicom")
    assert isinstance(refused, Rejected)
    assert "holds a RGB picture" in refused.reason


def test_one_dicom_file_is_a_collection(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(as_bytes(a_radiograph()))
    assert [type(each) for each in read_collection(path)] == [Item]


def nothing(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield what cannot be a collection, and the format it is said to have."""
    (root / "page.txt").write_text("hello")
    yield root / "absent", "auto"
    yield root, "auto"
    yield root / "page.txt", "auto"
    yield root, "folder"
    yield root, "nih"
    yield root, "strange"


def test_what_is_no_collection_is_said_at_once_and_in_one_line(tmp_path: Path) -> None:
    for path, form in nothing(tmp_path):
        with pytest.raises(InputError) as refusal:
            read_collection(path, form)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column file, patient_id, label"),
        (b"file,patient,label\na.png,P1,no_finding\n", "no column patient_id"),
        (b"file;patient_id;label\na.png;P1;no_finding\n", "comma-separated"),
        ("file,patient_id,label\na.png,P1,no_finding\n".encode("utf-16"), "UTF-8"),
        (b"file,patient_id,label\n\n", "no line under its columns"),
    ],
)
def test_a_table_that_is_none_is_one_error_not_one_for_each_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_collection(tmp_path)


def test_a_folder_without_files_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file in this folder"):
        read_collection(tmp_path, "dicom")


def test_the_real_images_all_become_items() -> None:
    outcomes = list(read_collection(real("cxr")))
    assert len(outcomes) == 1758
    assert all(isinstance(each, Item) for each in outcomes)
    labels = [each.label for each in outcomes if isinstance(each, Item)]
    assert labels.count(None) == 60
