"""Every real DICOM file, odd ones too, gives a picture or a typed refusal, soon."""

import time
from collections import defaultdict

import numpy as np
import pytest

from overread.domain.errors import InputError
from overread.imaging.decoding import Decoder
from overread.imaging.rendering import picture
from tests.overread.imaging.builders import real


def outcome(data: bytes) -> str:
    """Return "picture", or the kind of refusal; each has words to go with it."""
    try:
        image = picture(data, 64)
    except InputError as error:
        return type(error).__name__ if str(error) else "speechless"
    return "picture" if image.shape == (64, 64) and image.dtype == np.uint8 else "misshapen"


@pytest.mark.parametrize("group", ["chest_frontal", "odd", "other_modality", "radiograph_other"])
def test_every_real_file_gives_a_picture_or_a_typed_refusal_within_5_seconds(group: str) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for path in sorted(real("dicom", group).iterdir()):
        started = time.perf_counter()
        seen[outcome(path.read_bytes())].add(path.name)
        assert time.perf_counter() - started < 5, path.name
    assert set(seen) <= {"picture", "InputError", "MalformedError", "UnsupportedError", "UndecodableError"}
    if group == "chest_frontal":
        assert set(seen) == {"picture"}
    if group == "radiograph_other":
        assert seen["UnsupportedError"] == {"MG_Explicit_Little.dcm"}
        assert len(seen["picture"]) == 12


def test_the_child_decodes_every_real_chest_as_this_process_does() -> None:
    with Decoder(seconds=30) as decoder:
        for path in sorted(real("dicom/chest_frontal").iterdir()):
            data = path.read_bytes()
            assert np.array_equal(decoder.decode(data, 128), picture(data, 128)), path.name


def test_every_cut_of_a_real_file_is_refused() -> None:
    data = real("dicom/chest_frontal/gdcm-CR-MONO1-10-chest.dcm").read_bytes()
    cuts = range(0, len(data) - 1, len(data) // 60)
    assert {outcome(data[:end]) for end in cuts} <= {"InputError", "MalformedError"}
