"""Retrieving objects: read back with pydicom and the standard library's reader of multipart messages."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes

import imagecodecs
import numpy as np
import pytest
from httpx2 import Response
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, generate_uid

from overread.domain.identifiers import PersonKey, Site, SopInstanceUid, StudyUid
from overread.domain.studies import Acquisition, StudyState
from overread.studies.intake import Arrival, receive
from tests.serving.builders import SIDE, a_dicom, a_picture
from tests.serving.conftest import House

ANY = "transfer-syntax=*"
OCTETS = 'multipart/related; type="application/octet-stream"'
DICOM = 'multipart/related; type="application/dicom"'
PIXELS = a_picture(bright=True, seed=5)


def parts(answer: Response) -> list[tuple[str, bytes]]:
    """Return what the parts of an answer say they are, and the parts."""
    assert answer.status_code == 200, answer.text
    whole = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode() + answer.content
    found = []
    for part in message_from_bytes(whole).get_payload():
        assert not isinstance(part, str)
        begins = answer.content.index(part["Content-Type"].encode()) + len(part["Content-Type"]) + 4
        ends = answer.content.index(b"\r\n--", begins)
        found.append((part["Content-Type"], answer.content[begins:ends]))
    return found


def recoded(content: bytes, syntax: str) -> bytes:
    """Return an object in another transfer syntax, made with imagecodecs and pydicom alone."""
    ds = dcmread(io.BytesIO(content))
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    if syntax == JPEGLSLossless:
        ds.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(PIXELS))])
        ds["PixelData"].is_undefined_length = True
    file = io.BytesIO()
    ds.save_as(file, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    return file.getvalue()


def sent(house: House, content: bytes) -> str:
    """Send an object and return its address."""
    ds = dcmread(io.BytesIO(content))
    assert house.send(content).status_code == 201
    study, series = ds.StudyInstanceUID, ds.SeriesInstanceUID
    return f"/dicomweb/studies/{study}/series/{series}/instances/{ds.SOPInstanceUID}"


def ask(house: House, path: str, accept: str = "*/*") -> Response:
    return house.ask("rita", "GET", path, headers={"Accept": accept})


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless])
def test_an_object_and_its_frame_come_as_stored_or_in_explicit_little_endian(
    served: House, syntax: str
) -> None:
    content = recoded(a_dicom(seed=5), syntax)
    there = sent(served, content)

    for path in (there, there.partition("/instances")[0], there.partition("/series")[0]):
        (found,) = parts(ask(served, path, f"{DICOM}; {ANY}"))
        assert found == (f"application/dicom; transfer-syntax={syntax}", content)
    ((kind, plain),) = parts(ask(served, there, DICOM))
    assert kind == f"application/dicom; transfer-syntax={ExplicitVRLittleEndian}"
    ds = dcmread(io.BytesIO(plain))
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(ds.pixel_array, PIXELS)
    assert (ds.PatientName, ds.SOPInstanceUID) == ("Doe^Jane", there.rpartition("/")[2])

    ((_, frame),) = parts(ask(served, f"{there}/frames/1", OCTETS))
    assert frame == PIXELS.tobytes()
    ((kind, frame),) = parts(ask(served, f"{there}/frames/1", f"{OCTETS}; {ANY}"))
    if syntax == JPEGLSLossless:
        assert kind.endswith(f"transfer-syntax={JPEGLSLossless}")
        assert np.array_equal(imagecodecs.jpegls_decode(frame), PIXELS)
    else:
        assert kind.endswith(f"transfer-syntax={ExplicitVRLittleEndian}")
        assert frame == PIXELS.tobytes()


def test_metadata_has_every_element_but_the_pixels_and_odd_values(served: House) -> None:
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData = [256, 0, 16], (np.arange(256, dtype="<u2") * 257).tobytes()
    odd = a_dicom(
        SeriesDescription="胸部",
        SpecificCharacterSet="ISO_IR 192",
        VOILUTSequence=[lut],
        AcquisitionTime="101112",
    ).replace(b"101112", b"10:o2 ")
    there = sent(served, odd)
    sent_ds = dcmread(io.BytesIO(odd))
    for path in (there, there.partition("/instances")[0], there.partition("/series")[0]):
        answer = ask(served, f"{path}/metadata", "application/dicom+json")
        assert answer.status_code == 200, answer.text
        (said,) = answer.json()
        assert "7FE00010" not in said
        ds = Dataset.from_json(said)
        assert {element.tag for element in sent_ds} - {element.tag for element in ds} == {0x7FE00010}
        assert ds.SeriesDescription == "胸部"
        assert ds.VOILUTSequence[0].LUTData == lut.LUTData
        assert ds.WindowWidth == 256


def test_what_is_not_there_or_not_accepted_is_refused(served: House) -> None:
    there = sent(served, a_dicom(seed=5))
    assert ask(served, f"{there}/frames/2").status_code == 404
    assert ask(served, f"{there}/frames/1,x").status_code == 400
    assert ask(served, f"{there}/frames/1", "image/gif").status_code == 406
    assert (
        ask(served, f"{there}/frames/1", f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.4.90").status_code
        == 406
    )
    assert ask(served, f"{there}/metadata", DICOM).status_code == 406
    elsewhere = there.replace("/studies/", "/studies/1.")
    for path in (
        elsewhere,
        f"{elsewhere}/metadata",
        f"{there}/../../../metadata",
        "/dicomweb/studies/..%2f..%2fsecret",
    ):
        assert ask(served, path).status_code == 404, path
    assert served.client.get(there).status_code == 401


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_from_a_folder_is_a_secondary_capture(served: House, form: str) -> None:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, form, quality=95)
    uid = StudyUid(generate_uid())
    keep(served, uid, file.getvalue())
    (level,) = served.ask("rita", "GET", "/dicomweb/studies", params={"StudyInstanceUID": uid}).json()
    assert Dataset.from_json(level).ModalitiesInStudy == "OT"
    ((_, content),) = parts(ask(served, f"/dicomweb/studies/{uid}", DICOM))
    ds = dcmread(io.BytesIO(content))
    assert ds.SOPClassUID.name == "Secondary Capture Image Storage"
    assert ds.LossyImageCompression == ("01" if form == "JPEG" else "00")
    assert np.abs(ds.pixel_array.astype(int) - PIXELS).max() <= (0 if form == "PNG" else 12)
    there = f"/dicomweb/studies/{uid}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
    ((_, frame),) = parts(ask(served, f"{there}/frames/1", f"{OCTETS}; {ANY}"))
    assert frame == ds.PixelData


def keep(house: House, uid: StudyUid, content: bytes) -> None:
    """Keep a picture as an import of a folder does."""
    now = datetime.now(UTC)
    with house.storage.work() as work:
        arrival = Arrival(
            sop_uid=SopInstanceUid(generate_uid()),
            study=uid,
            digest=house.storage.objects.put(content),
            site=Site("default"),
            patient_id="N1",
            acquisition=Acquisition(rows=SIDE, columns=SIDE),
            sent_by=PersonKey("import"),
            source="import",
        )
        receipt = receive(work, arrival, task=house.app.state.web.task, now=now, queued=False)
        work.studies.save(replace(receipt.study, state=StudyState.SCREENED))
        work.commit()
