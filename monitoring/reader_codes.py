"""Readers by a code: on screens and prints nobody reads a colleague's name beside a rate."""

import base64
import hashlib
import hmac

_LENGTH = 4


def reader_code(person: str, secret: bytes) -> str:
    """Return a reader's code, the same for as long as the installation's secret is."""
    digest = hmac.new(secret, f"reader|{person}".encode(), hashlib.sha256).digest()
    return f"R-{base64.b32encode(digest).decode()[:_LENGTH]}"
