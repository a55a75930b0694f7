"""What a page of another origin may call: the widget's files and calls, with a token, never with a cookie."""

import re
from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_SHARED = re.compile(
    r"/static/.*|/api/v1/(me|context|studies/[^/]+/(card|prediction|feedback|feedback/[^/]+))"
)


def is_shared(path: str) -> bool:
    """Say whether the widget asks for a path."""
    return _SHARED.fullmatch(path) is not None


class Embedding:
    """Lets browsers share the widget's calls with pages of listed origins; with none listed, with nobody.

    Everything else stays as it is for every origin: a browser hands no answer of it to a foreign page.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=tuple(origins),
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        shared = scope["type"] == "http" and is_shared(scope["path"])
        await (self._shared if shared else self._app)(scope, receive, send)
