"""Whether somebody answers at an address, asked with the standard library: no HTTP client is loaded."""

from base64 import b64encode
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit


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
