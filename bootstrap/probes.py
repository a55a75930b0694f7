"""Whether somebody answers at an address, asked with the standard library: no HTTP client is loaded."""

from base64 import b64encode
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from overread.domain.errors import UnavailableError

_PATIENCE = 5.0


def answers(address: str, *, seconds: float) -> bool:
    """Say whether a GET of `address` is answered 200 within `seconds`; no proxy is asked, none redirected."""
    parts = urlsplit(address)
    connection = (HTTPSConnection if parts.scheme == "https" else HTTPConnection)(
        parts.hostname or "", parts.port, timeout=seconds
    )
    headers = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    try:
        connection.request("GET", parts.path or "/", headers=headers)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def require_answer(what: str, address: str, remedy: str) -> str:
    """Return the address of a server that answers, without its password.

    Raises
    ------
    UnavailableError
        It does not answer; the message names `what` and where, and ends with the remedy.
    """
    parts = urlsplit(address)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if not answers(f"{address.rstrip('/')}/health", seconds=_PATIENCE):
        raise UnavailableError(f"{what} at {shown} does not answer; start it, or {remedy}")
    return shown
