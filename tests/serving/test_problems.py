import errno
import json

import pytest

from overread.domain.errors import (
    ConfigurationError,
    EvidenceError,
    ForbiddenError,
    InputError,
    MalformedError,
    NotFoundError,
    OverreadError,
    PreconditionError,
    RuleError,
    TooLargeError,
    UnavailableError,
    UnsupportedError,
)
from serving.problems import answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedError("x"), 400),
        (ForbiddenError("x"), 403),
        (NotFoundError("x"), 404),
        (RuleError("x"), 409),
        (EvidenceError("x"), 409),
        (PreconditionError("x"), 412),
        (TooLargeError("x"), 413),
        (UnsupportedError("x"), 415),
        (InputError("x"), 422),
        (OverreadError("x"), 500),
        (ConfigurationError("x"), 503),
        (UnavailableError("x"), 503),
    ],
)
def test_each_error_of_the_tree_has_its_status_and_keeps_its_code(error: OverreadError, status: int) -> None:
    given = answer(error, path="/api/v1/x")
    said = json.loads(bytes(given.body))
    assert (given.status_code, said["status"], said["code"]) == (status, status, error.code)
    assert said["type"] == f"urn:overread:problem:{error.code}"
    assert ("retry-after" in given.headers) == (status == 503)


def test_a_full_disk_is_507() -> None:
    error = UnavailableError("the object store does not take data")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert answer(error, path="/").status_code == 507


def test_an_unforeseen_error_says_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    given = answer(KeyError("Doe, Jane"), path="/api/v1/x")
    assert given.status_code == 500
    assert b"Jane" not in bytes(given.body)
    assert caplog.records[0].levelname == "ERROR"
