"""Untrusted pixels cost at most a child process."""

import io
import threading
from collections.abc import Iterator

import imagecodecs
import numpy as np
import psutil
import pytest
from PIL import Image

from overread.domain.errors import InputError, MalformedError, UndecodableError, UnsupportedError
from overread.imaging.decoding import Decoder
from overread.imaging.rendering import picture
from tests.overread.imaging.builders import a_radiograph, as_bytes, encapsulated, stored_values

_FILE = as_bytes(a_radiograph(WindowCenter="2048", WindowWidth="4096"))
_J2K = "1.2.840.10008.1.2.4.90"


def a_large_file(side: int = 2000) -> bytes:
    """Return a picture that is small on disk and large in memory."""
    stream = bytes(imagecodecs.jpeg2k_encode(np.zeros((side, side), np.uint16), level=0, codecformat="j2k"))
    return as_bytes(encapsulated(a_radiograph(np.zeros((side, side), np.uint16)), stream, _J2K))


def the_child_of(decoder: Decoder) -> psutil.Process:
    assert decoder._child is not None
    assert decoder._child.pid is not None
    return psutil.Process(decoder._child.pid)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as running:
        yield running


def test_the_child_gives_what_this_process_would(decoder: Decoder) -> None:
    assert np.array_equal(decoder.decode(_FILE, 32), picture(_FILE, 32))


def test_a_picture_is_rendered_at_its_stored_size_in_a_window_of_ones_own(decoder: Decoder) -> None:
    assert decoder.render(_FILE).shape == (48, 40)
    assert np.array_equal(decoder.render(_FILE, 1000.0, 500.0), picture(_FILE, center=1000.0, width=500.0))


def test_png_files_are_decoded_too(decoder: Decoder) -> None:
    file = io.BytesIO()
    Image.fromarray((stored_values(64, 64) >> 4).astype(np.uint8)).save(file, "PNG")
    assert decoder.decode(file.getvalue(), 16).shape == (16, 16)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"not a file", MalformedError),
        (as_bytes(a_radiograph(PresentationIntentType="FOR PROCESSING")), UnsupportedError),
        (as_bytes(a_radiograph(Rows=47)), InputError),
    ],
)
def test_refusals_keep_their_kind_and_the_child_lives_on(
    decoder: Decoder, data: bytes, kind: type[InputError]
) -> None:
    child = the_child_of(decoder).pid
    with pytest.raises(InputError) as refusal:
        decoder.decode(data, 32)
    assert type(refusal.value) is kind
    assert the_child_of(decoder).pid == child


def test_threads_share_one_decoder(decoder: Decoder) -> None:
    expected = picture(_FILE, 32)
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(np.array_equal(decoder.decode(_FILE, 32), expected)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_a_killed_child_is_replaced() -> None:
    with Decoder() as decoder:
        decoder.decode(_FILE, 32)
        child = the_child_of(decoder)
        child.kill()
        child.wait()
        assert decoder.decode(_FILE, 32).shape == (32, 32)
        assert the_child_of(decoder).pid != child.pid


def test_a_picture_that_takes_too_long_costs_the_child_and_nothing_else() -> None:
    large = a_large_file()
    with Decoder(seconds=1e-6) as decoder:
        with pytest.raises(UndecodableError, match="within"):
            decoder.decode(large, 32)
        decoder._seconds = 30.0
        assert decoder.decode(_FILE, 32).shape == (32, 32)


def test_a_picture_that_needs_too_much_memory_is_refused() -> None:
    with Decoder(memory_bytes=24 * 1024 * 1024) as decoder:
        with pytest.raises(UndecodableError):
            decoder.decode(a_large_file(3000), 32)
        assert decoder.decode(_FILE, 32).shape == (32, 32)


def test_closing_ends_the_child() -> None:
    with Decoder() as decoder:
        decoder.decode(_FILE, 32)
        child = the_child_of(decoder)
    assert not child.is_running()


def test_a_decoder_starts_its_child_when_it_is_warmed_and_only_once() -> None:
    decoder = Decoder()
    assert decoder._child is None
    decoder.warm()
    child = the_child_of(decoder)
    decoder.warm()
    assert the_child_of(decoder).pid == child.pid
    decoder.close()
    assert not child.is_running()
