"""Studies in: one DICOM object a request, on disk before it is answered."""

import asyncio
import contextlib
import hashlib
import re
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from overread.domain.errors import MalformedError, UnsupportedError
from overread.domain.identifiers import Digest, Site, StudyUid
from overread.domain.people import Person
from overread.domain.studies import FINAL, Study
from overread.store.unit_of_work import UnitOfWork
from overread.studies.arrivals import arrival_of
from overread.studies.intake import WAITING, Arrival, OtherBytesError, Receipt, receive
from serving.api.predictions import InstanceAnswer, instance_answer
from serving.problems import BusyError
from serving.security.permissions import GuardedRoute, Sender
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1", tags=["studies"], route_class=GuardedRoute)

LONGEST_WAIT = 30
LOOK_AGAIN_SECONDS = 1.0
_PREAMBLE = 132
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/dicom": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taken:
    """What intake did with an object, and what its sender is told."""

    receipt: Receipt
    answer: InstanceAnswer


@router.post("/instances", status_code=202, response_model=InstanceAnswer, openapi_extra=_BODY)
async def send(request: Request, by: Sender, web: Wired) -> Response:
    """Take one DICOM object; with `Prefer: wait=N` answer once it is predicted or excluded."""
    _require_dicom(request)
    content = await _body(request)
    taken = await run_in_threadpool(_take, web, by, content)
    receipt, answer = taken.receipt, taken.answer
    seconds = preferred_wait(request.headers.get("prefer", ""))
    if seconds and web.scoring and answer.state not in FINAL:
        await _until_final(web, receipt.study.uid, seconds)
        answer = await run_in_threadpool(_answer, web, receipt)
    status = 200 if not receipt.is_new else 201 if seconds and answer.state in FINAL else 202
    headers = {"Location": answer.links.study}
    if seconds:
        headers["Preference-Applied"] = f"wait={seconds:g}"
    return Response(answer.model_dump_json(), status, headers, media_type="application/json")


def preferred_wait(prefer: str) -> int:
    """Return the seconds of `Prefer: wait=N` (RFC 7240), at most 30; 0 where nothing is preferred."""
    stated = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", prefer)
    return min(int(stated[1]), LONGEST_WAIT) if stated else 0


def _require_dicom(request: Request) -> None:
    """Judge the media type before the body is read."""
    stated = request.headers.get("content-type", "")
    if stated.partition(";")[0].strip().lower() != "application/dicom":
        raise UnsupportedError("send the object as application/dicom")


async def _body(request: Request) -> bytes:
    """Read the body; what does not begin like DICOM is refused at once."""
    content = bytearray()
    begins_well = False
    async for chunk in request.stream():
        content += chunk
        if not begins_well and len(content) >= _PREAMBLE:
            begins_well = content[_PREAMBLE - 4 : _PREAMBLE] == b"DICM"
            if not begins_well:
                raise MalformedError("not a DICOM file: no DICM behind the preamble")
    if not begins_well:
        raise MalformedError("not a DICOM file: shorter than its preamble")
    return bytes(content)


def _take(web: Web, by: Person, content: bytes) -> _Taken:
    """Judge the header, store the bytes, and keep the arrival; a refused object leaves nothing behind."""
    digest = Digest(hashlib.sha256(content).hexdigest())
    site = Site(web.services.settings.site)
    arrival = arrival_of(content, digest=digest, site=site, sent_by=by.key)
    known = _known(web, arrival)
    if known is not None:
        return known
    web.objects.put(content, digest=digest)

    def keep(work: UnitOfWork) -> _Taken:
        web.objects.ensure(digest, content)
        return _taken(work, receive(work, arrival, task=web.task, now=web.now()))

    taken = web.arrivals.write(keep)
    web.worker.wake()
    return taken


def _known(web: Web, arrival: Arrival) -> _Taken | None:
    """Return what became of the same bytes; raise for other bytes under one UID, or when too many wait."""
    with web.look() as work:
        instance = work.studies.instance(arrival.sop_uid)
        if instance is None:
            waiting = work.studies.count_in(WAITING)
            if waiting >= web.services.settings.max_waiting:
                raise BusyError(waiting)
            return None
        if instance.digest != arrival.digest:
            raise OtherBytesError
        study = work.studies.get(instance.study)
        return _taken(work, Receipt(study=study, instance=instance, is_new=False))


def _taken(work: UnitOfWork, receipt: Receipt) -> _Taken:
    return _Taken(receipt=receipt, answer=instance_answer(work, receipt.study, receipt.instance))


async def _until_final(web: Web, uid: StudyUid, seconds: int) -> None:
    """Wait for a study's answer; also looks by itself, for another process may give it."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    with web.announcements.listening(uid) as told:
        while True:
            told.clear()
            study = await run_in_threadpool(_study, web, uid)
            left = ends - loop.time()
            if study.state in FINAL or left <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_AGAIN_SECONDS)):
                    await told.wait()


def _study(web: Web, uid: StudyUid) -> Study:
    with web.look() as work:
        return work.studies.get(uid)


def _answer(web: Web, receipt: Receipt) -> InstanceAnswer:
    with web.look() as work:
        return instance_answer(work, work.studies.get(receipt.study.uid), receipt.instance)
