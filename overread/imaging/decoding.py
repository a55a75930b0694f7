"""Pictures from untrusted bytes, decoded in a warm child process that may be killed without loss.

Only the child loads the decoders: whoever holds a `Decoder` starts without them.
"""

import contextlib
import json
import multiprocessing
import resource
import signal
import threading
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from overread.domain.errors import (
    InputError,
    MalformedError,
    TooLargeError,
    UndecodableError,
    UnsupportedError,
)
from overread.imaging.deep_picture import DeepPicture

Grey = NDArray[np.uint8]
Values = NDArray[np.uint8] | NDArray[np.uint16]

MEMORY_BYTES = 320 * 1024 * 1024
_START_SECONDS = 60.0
_MESSAGE_BYTES = 1 << 16
_KINDS = {each.__name__: each for each in (np.uint8, np.uint16)}
_ERRORS: dict[str, type[InputError]] = {
    each.__name__: each
    for each in (InputError, MalformedError, TooLargeError, UndecodableError, UnsupportedError)
}


class Decoder:
    """A context manager around one child process; safe to share between threads, which then take turns.

    Parameters
    ----------
    seconds
        A picture that takes longer costs the child its life and raises `UndecodableError`.
    memory_bytes
        What the child may take beyond what it has when idle, where the system enforces such a limit.
    """

    def __init__(self, *, seconds: float = 5.0, memory_bytes: int = MEMORY_BYTES) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        self.warm()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def warm(self) -> None:
        """Start the child unless it runs, so that the next picture finds it there."""
        with self._lock:
            self._living()

    def close(self) -> None:
        """End the child; a later call starts another."""
        with self._lock:
            if self._child is not None:
                self._child.kill()
            self._child = None

    def decode(self, data: bytes, size: int) -> Grey:
        """Return a DICOM, PNG or JPEG file as the (size, size) uint8 picture a model is given."""
        return self.render(data, None, None, size)

    def render(
        self, data: bytes, center: float | None = None, width: float | None = None, size: int | None = None
    ) -> Grey:
        """Return the picture in a window of one's own, at its stored size unless `size` is given.

        Raises
        ------
        MalformedError, UnsupportedError, TooLargeError, InputError
            As `overread.imaging.reading.read` says.
        UndecodableError
            The pixels cannot be decoded within the time and memory allowed.
        """
        _, image = self._ask(data, "grey", center=center, width=width, size=size)
        return np.asarray(image, np.uint8)

    def deep(self, data: bytes) -> DeepPicture:
        """Return the picture with all its grey levels; raise as `render` does."""
        said, image = self._ask(data, "deep")
        return DeepPicture(values=np.asarray(image, np.uint16), **said)

    def stored(self, data: bytes) -> Values:
        """Return the values that a DICOM picture stores, unsigned bit by bit; raise as `render` does."""
        _, image = self._ask(data, "stored")
        return image

    def _ask(self, data: bytes, kind: str, **how: float | None) -> tuple[dict[str, float], Values]:
        with self._lock:
            try:
                return self._living().ask(data, kind, how, self._seconds)
            except _GoneError:  # it died while idle, so this picture is not to blame
                return self._living().ask(data, kind, how, self._seconds)

    def _living(self) -> "_Child":
        """Return the child, a new one where it has ended."""
        if self._child is None or not self._child.alive:
            self._child = _Child(self._memory_bytes)
        return self._child


class _GoneError(Exception):
    """The child had ended before it was given its task."""


class _Child:
    """One decoding process and our end of its pipe."""

    def __init__(self, memory_bytes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, memory_bytes), daemon=True, name="decoder"
        )
        self._process.start()
        theirs.close()
        self._ready = False

    @property
    def alive(self) -> bool:
        return not self._pipe.closed and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def ask(
        self, data: bytes, kind: str, how: dict[str, float | None], seconds: float
    ) -> tuple[dict[str, float], Values]:
        """Send one file and wait for its picture; leave no child behind that may still be busy with it."""
        try:
            if not self._ready:
                self._answer(_START_SECONDS)
                self._ready = True
            self._send(json.dumps({"kind": kind, "how": how}).encode(), data)
            answer = self._answer(seconds)
            if "shape" in answer:
                dtype = _KINDS[answer["type"]]
                return answer["said"], np.frombuffer(self._pipe.recv_bytes(), dtype).reshape(answer["shape"])
        except TimeoutError as error:
            self.kill()
            raise UndecodableError(f"the picture was not decoded within {seconds:g} s") from error
        except (EOFError, OSError, ValueError, KeyError) as error:
            self.kill()
            raise UndecodableError("the picture made its decoder fail") from error
        raise _ERRORS.get(answer["error"], UndecodableError)(answer["text"])

    def kill(self) -> None:
        """End the process at once and release what belongs to it."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _send(self, *messages: bytes) -> None:
        """Hand over the task; raise `_GoneError` where nobody is left to take it."""
        try:
            for message in messages:
                self._pipe.send_bytes(message)
        except OSError as error:
            self.kill()
            raise _GoneError from error

    def _answer(self, seconds: float) -> dict[str, Any]:
        """Return the next message, or raise TimeoutError; no pickle: the child may have been taken over."""
        if not self._pipe.poll(seconds):
            raise TimeoutError
        answer: dict[str, Any] = json.loads(self._pipe.recv_bytes(_MESSAGE_BYTES))
        return answer


def _serve(pipe: Connection, memory_bytes: int) -> None:
    """Answer until the other end is gone: `shape` and then the bytes, or `error` and `text`."""
    from overread.imaging import rendering  # before the limit, which counts from here

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end closes our pipe
    _limit(memory_bytes)
    with contextlib.suppress(EOFError, OSError):
        pipe.send_bytes(b"{}")
        while True:
            asked = json.loads(pipe.recv_bytes())
            answer, image = rendering.attempt(partial(rendering.answered, pipe.recv_bytes(), **asked))
            pipe.send_bytes(json.dumps(answer).encode())
            if image is not None:
                pipe.send_bytes(image.tobytes())


def _limit(memory_bytes: int) -> None:
    """Let this process grow by `memory_bytes` and no more, and leave no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    if statm.exists():
        ceiling = int(statm.read_text().split()[0]) * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
