"""Both servers take what is sent, and a refusal is not counted as an upload."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks import uploads
from benchmarks.dicom_reduction import file_of
from benchmarks.uploads import MULTIPART, OURS, PEER, UIDS, Sender, measured, numbered, started
from bootstrap.clock import utc_now
from bootstrap.credentials import issue_token
from bootstrap.processes import Processes
from bootstrap.storage import initialise, open_storage
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from overread.settings.environment import Settings


def test_each_file_has_an_instance_and_a_study_of_its_own() -> None:
    template = file_of(np.zeros((8, 8), np.uint16), ExplicitVRLittleEndian, uids=UIDS)
    read = [dcmread(io.BytesIO(numbered(template, number))) for number in (7, 8)]
    assert len({ds.SOPInstanceUID for ds in read} | {ds.StudyInstanceUID for ds in read}) == 4
    assert all(ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID for ds in read)


def test_both_servers_keep_what_they_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LONGEST", 0.0)
    settings = Settings(data_dir=tmp_path)
    initialise(settings)
    storage = open_storage(settings)
    token = issue_token(storage, PersonKey("sender"), Role.DEVICE, now=utc_now())
    dicom = {"Content-Type": "application/dicom", "Authorization": f"Bearer {token}"}
    with Processes(tmp_path / "logs") as processes:
        ports = [started(processes, script, tmp_path) for script in (OURS, PEER)]
        ours = Sender(port=ports[0], path="/api/v1/instances", headers=dicom)
        row = measured((48, 40, 2), ours, Sender(port=ports[1], path="/upload", headers=MULTIPART))
        with pytest.raises(RuntimeError, match="answered 401"):
            replace(ours, headers={"Content-Type": "application/dicom"}).post([b""])
    sent = 2 * (1 + row.spread[0].n)  # with the round that warms up
    with storage.look() as work:
        assert sum(work.studies.count_by_state().values()) == sent
    files = list((tmp_path / "peer").iterdir())
    assert len(files) == sent
    assert {dcmread(file).Rows for file in files} == {48}
