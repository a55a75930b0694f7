"""Addresses of our own pages: what a person is led back to after signing in, or choosing a language."""

from urllib.parse import urlsplit, urlunsplit

from starlette.requests import Request

LONGEST = 2000


def local(address: str) -> str | None:
    """Return path and query of an address that leads to a page of ours; None for every other.

    References
    ----------
    CWE-601, URL redirection to untrusted site: https://cwe.mitre.org/data/definitions/601.html
    """
    if not address.startswith("/") or "\\" in address or not address.isprintable() or len(address) > LONGEST:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else urlunsplit(("", "", parts.path, parts.query, ""))


def place_of(request: Request, *, reads: bool) -> str | None:
    """Return where somebody is: the page that a request asks for, or the one whose form it sends."""
    if reads:
        return local(urlunsplit(("", "", request.url.path, request.url.query, "")))
    came = urlsplit(request.headers.get("referer", ""))
    ours = came.netloc == request.url.netloc
    return local(urlunsplit(("", "", came.path, came.query, ""))) if ours else None
