"""Writes that are safe to repeat: the same key and body get the first answer, another body a conflict."""

import hashlib
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from overread.domain.identifiers import PersonKey
from overread.store.answers import Remembered
from overread.store.unit_of_work import UnitOfWork
from serving.api.shapes import Answer, Body
from serving.problems import KeyRequiredError
from serving.security.permissions import Check
from serving.wiring import Web

LONGEST = 200


class RequiredKey(Check):
    """The key of a write, judged before its body."""

    header = "Idempotency-Key"

    def judge(self, request: Request) -> str:
        """Return the Idempotency-Key; raise `KeyRequiredError` where it is missing or unfit."""
        key = request.headers.get(self.header, "")
        if not 1 <= len(key) <= LONGEST or not key.isprintable():
            raise KeyRequiredError
        return key


Key = Annotated[str, Depends(RequiredKey())]


class Once:
    """One write under one key; used inside the unit of work that does the writing."""

    def __init__(self, request: Request, by: PersonKey, key: str, body: Body) -> None:
        self._by = by
        self._key = key
        said = f"{request.method} {request.url.path}\n{body.model_dump_json()}"
        self._request = hashlib.sha256(said.encode()).hexdigest()

    def before(self, work: UnitOfWork) -> JSONResponse | None:
        """Return the first answer to the same request; raise a conflict for another under this key."""
        known = work.answers.recall(self._by, self._key, self._request)
        return None if known is None else JSONResponse(known.answer, status_code=known.status)

    def keep(self, work: UnitOfWork, answer: Answer, web: Web, *, status: int = 201) -> JSONResponse:
        """Remember an answer in the transaction of its write, and return it as it goes out."""
        given = Remembered(status=status, answer=answer.plain())
        work.answers.remember(self._by, self._key, self._request, given=given, at=web.now())
        return JSONResponse(given.answer, status_code=status)
