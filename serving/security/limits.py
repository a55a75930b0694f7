"""How much one caller may send: bytes a body, requests a minute."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.problems import QuotaError

MIB = 1 << 20
_MOST_CALLERS = 10_000


class BodyLimit:
    """Refuses a body that is too long: at its declared length before a byte is read, else where it passes.

    The refusal comes when the body is first asked for, so that credentials and role are judged before it.
    """

    def __init__(self, app: ASGIApp, *, limit: Callable[[Scope], int]) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope)
        length = Headers(scope=scope).get("content-length", "0")
        declared = int(length) if length.isdecimal() else 0
        seen = 0

        async def receive_bounded() -> Message:
            nonlocal seen
            if declared > limit:
                raise _too_large(limit)
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, receive_bounded, send)


def _too_large(limit: int) -> HTTPException:
    # FastAPI makes any other error in the body a 400
    return HTTPException(
        413, detail=f"the body is longer than {limit} bytes", headers={"Connection": "close"}
    )


class Quota:
    """A bucket of requests for each caller that refills over a minute."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> None:
        """Count one request; raise `QuotaError` with the seconds to wait when the bucket is empty."""
        now = self._clock()
        with self._lock:
            left, at = self._buckets.pop(caller, (float(self._per_minute), now))
            left = min(self._per_minute, left + (now - at) * self._per_minute / 60)
            self._buckets[caller] = (max(left - 1, 0) if left >= 1 else left, now)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        if left < 1:
            raise QuotaError(seconds=math.ceil((1 - left) * 60 / self._per_minute))

    def forget(self, caller: str) -> None:
        """Fill a caller's bucket again."""
        with self._lock:
            self._buckets.pop(caller, None)
