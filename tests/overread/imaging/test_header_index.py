"""A header listed from its first kilobytes says what pydicom says of the whole file, or is refused alike."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import imagecodecs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.charset import decode_bytes, python_encoding
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from overread.domain.errors import InputError, MalformedError, OverreadError, UnsupportedError
from overread.imaging import header_index, reading
from overread.imaging.header_index import Header, header_of
from overread.imaging.screening import age_of
from tests.overread.imaging.builders import a_radiograph, as_bytes, encapsulated, real, stored_values


def kept(folder: Path, ds: Dataset | bytes) -> Path:
    path = folder / "one.dcm"
    path.write_bytes(ds if isinstance(ds, bytes) else as_bytes(ds))
    return path


def by_pydicom(data: bytes) -> Header | type[InputError]:
    """Return what the whole file says, read and proved with pydicom, or the kind of its refusal."""
    try:
        ds = reading.read(data)
    except InputError as error:
        return type(error)
    if not reading.is_picture(ds):
        return UnsupportedError
    said = {keyword: str(ds.get(keyword) or "").strip() for keyword in ds.dir()}
    day = said.get("StudyDate", "").replace(".", "")
    return Header(
        sop_uid=said["SOPInstanceUID"],
        series_uid=said["SeriesInstanceUID"],
        study_uid=said["StudyInstanceUID"],
        patient_id=said.get("PatientID", ""),
        modality=said["Modality"],
        view=said.get("ViewPosition", "").upper(),
        sex=said.get("PatientSex", "").upper(),
        age=age_of(ds),
        study_date=date.fromisoformat(day) if day else None,
        rows=ds.Rows,
        columns=ds.Columns,
        transfer_syntax=ds.file_meta.TransferSyntaxUID,
        size=len(data),
    )


def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail where a file is read in full."""

    def full(_data: bytes) -> Header:
        raise AssertionError("read in full")

    monkeypatch.setattr(header_index, "_full_header", full)


def a_request() -> Dataset:
    inner, item = Dataset(), Dataset()
    inner.CodeValue, inner.PatientID = "1", "inside"
    item.ReferencedSOPInstanceUID, item.PurposeOfReferenceCodeSequence = "1.2.3.9", [inner]
    return item


def with_sequences(*, undefined: bool) -> Dataset:
    """Return a radiograph with sequences before what is wanted, a patient number inside one of them."""
    ds = a_radiograph(ReferencedStudySequence=[a_request(), a_request()])
    ds["ReferencedStudySequence"].is_undefined_length = undefined
    for item in ds.ReferencedStudySequence:
        item.is_undefined_length_sequence_item = undefined
    return ds


def with_private(size: int) -> Dataset:
    """Return a radiograph with so many private bytes before what is wanted."""
    ds = a_radiograph()
    block = ds.private_block(0x0009, "SOMEBODY", create=True)
    block.add_new(1, "OB", b"\0" * size)
    return ds


PLAIN: dict[str, Callable[[], Dataset]] = {
    "plain": a_radiograph,
    "empty values": lambda: a_radiograph(PatientID="", ViewPosition="", StudyDate=""),
    "padded": lambda: a_radiograph(PatientID=" 77  ", SOPInstanceUID="1.2.34", ViewPosition="pa"),
    "an age": lambda: a_radiograph(PatientBirthDate=None, PatientAge="061Y"),
    "another character set": lambda: a_radiograph(SpecificCharacterSet="GB18030"),
    "sequences": lambda: with_sequences(undefined=False),
    "sequences without length": lambda: with_sequences(undefined=True),
    "private": lambda: with_private(100),
    "a long header": lambda: with_private(20_000),
    "a very long header": lambda: with_private(600_000),
    "compressed": lambda: encapsulated(
        a_radiograph(), bytes(imagecodecs.jpegls_encode(stored_values())), "1.2.840.10008.1.2.4.80"
    ),
}
ODD: dict[str, Callable[[], Dataset]] = {
    "not ASCII": lambda: a_radiograph(SpecificCharacterSet="ISO_IR 192", PatientID="\u738b1"),
    "two patient numbers": lambda: a_radiograph(PatientID=["1", "2"]),
    "a report": lambda: a_radiograph(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22"),
    "colour": lambda: a_radiograph(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.7", PhotometricInterpretation="RGB", SamplesPerPixel=3
    ),
    "no study": lambda: a_radiograph(StudyInstanceUID=None),
    "no class": lambda: a_radiograph(SOPClassUID=None),
    "a CT": lambda: a_radiograph(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
    "for processing": lambda: a_radiograph(PresentationIntentType="FOR PROCESSING"),
}


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("kind", list(PLAIN))
def test_a_plain_header_is_listed_as_pydicom_reads_it_and_the_pixels_are_left_alone(
    kind: str, implicit: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = PLAIN[kind]()
    if implicit and kind != "compressed":
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    path = kept(tmp_path, ds)
    expected = by_pydicom(path.read_bytes())
    unread(monkeypatch)
    assert header_of(path) == expected


@pytest.mark.parametrize("kind", list(ODD))
def test_an_odd_header_is_listed_or_refused_as_by_the_full_way(kind: str, tmp_path: Path) -> None:
    path = kept(tmp_path, ODD[kind]())
    assert outcome(path) == by_pydicom(path.read_bytes())


def outcome(path: Path) -> Header | type[OverreadError]:
    """Return the header, or the kind of a refusal that says why."""
    try:
        return header_of(path)
    except InputError as error:
        return type(error) if str(error) else OverreadError


def test_big_endian_and_what_is_no_dicom_file_are_refused(tmp_path: Path) -> None:
    ds = a_radiograph()
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    ds["PixelData"].VR = "OW"
    assert outcome(kept(tmp_path, ds)) is UnsupportedError
    assert outcome(kept(tmp_path, b"hello")) is MalformedError
    assert outcome(kept(tmp_path, b"")) is MalformedError


def test_plain_characters_are_the_same_in_every_character_set() -> None:
    plain = "".join(map(chr, range(0x20, 0x7F))).replace("\\", "")
    for codec in sorted(set(python_encoding.values())):
        assert decode_bytes(plain.encode(), [codec], set()) == plain, codec


@pytest.mark.parametrize("group", ["chest_frontal", "odd", "other_modality", "radiograph_other"])
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # about these very files
def test_every_real_file_is_listed_or_refused_as_by_the_full_way(group: str) -> None:
    """A file that is cut, or whose pixels contradict it, is listed: nothing but the full way looks there."""
    for path in sorted(real("dicom", group).iterdir()):
        found, expected = outcome(path), by_pydicom(path.read_bytes())
        if isinstance(expected, Header):
            assert found == expected, path.name
        elif isinstance(found, Header):
            ds = dcmread(io.BytesIO(path.read_bytes()), stop_before_pixels=True)
            assert (found.sop_uid, found.rows) == (ds.SOPInstanceUID, ds.Rows), path.name


@pytest.mark.parametrize("kind", ["plain", "sequences without length"])
def test_every_cut_is_listed_as_the_whole_or_refused(kind: str, tmp_path: Path) -> None:
    data = as_bytes(PLAIN[kind]())
    whole = header_of(kept(tmp_path, data))
    for end in range(0, len(data) - 1, 23):
        found = outcome(kept(tmp_path, data[:end]))
        if isinstance(found, Header):
            assert (found.sop_uid, found.patient_id, found.size) == (whole.sop_uid, whole.patient_id, end)


_DATA = as_bytes(with_sequences(undefined=True))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(128, 1000), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_give_a_header_or_a_typed_refusal(
    changes: list[tuple[int, int]], tmp_path: Path
) -> None:
    data = bytearray(_DATA)
    for at, value in changes:
        data[at] = value
    outcome(kept(tmp_path, bytes(data)))
