"""What a page of another origin may call: the widget's files and calls, with a token, never with a cookie."""

import re
from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        if scope["type"] != "http" or not is_shared(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def send_by_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "origin" not in headers.get("vary", "").lower():
                    headers.add_vary_header("Origin")  # what one origin got is no answer for another
            await send(message)

        await self._shared(scope, receive, send_by_origin)
