"""Retrieve objects, their headers and their frames (WADO-RS, PS3.18 section 10.4)."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from overread.domain.errors import MalformedError
from serving.dicomweb.holdings import Described, described, held, of_series, one_of
from serving.dicomweb.multipart import (
    DICOM,
    DICOM_JSON,
    EXPLICIT,
    JSON,
    OCTETS,
    Part,
    related,
    require,
    syntax_for,
)
from serving.security.permissions import GuardedRoute, Viewer
from serving.wiring import Web, Wired

if TYPE_CHECKING:
    from pydicom import Dataset

router = APIRouter(prefix="/dicomweb/studies/{uid}", tags=["dicomweb"], route_class=GuardedRoute)

_SERIES = "/series/{series}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
_FRAMES = re.compile(r"\d{1,6}(,\d{1,6}){0,99}")


def in_study(uid: str, web: Wired) -> list[Described]:
    """Return the objects of the study that an address names."""
    return list(described(web, held(web, uid)))


def in_series(uid: str, series: str, web: Wired) -> list[Described]:
    """Return the objects of the series that an address names."""
    return of_series(web, held(web, uid), series)


def named(uid: str, series: str, instance: str, web: Wired) -> Described:
    """Return the object that an address names."""
    return one_of(web, held(web, uid), series, instance)


InStudy = Annotated[list[Described], Depends(in_study)]
InSeries = Annotated[list[Described], Depends(in_series)]
Named = Annotated[Described, Depends(named)]


@router.get("/metadata", response_class=Response)
def study_metadata(request: Request, _by: Viewer, objects: InStudy) -> Response:
    """Return the headers of a study's objects, without pixels and other long values."""
    return _metadata(request, objects)


@router.get(f"{_SERIES}/metadata", response_class=Response)
def series_metadata(request: Request, _by: Viewer, objects: InSeries) -> Response:
    """Return the headers of a series' objects."""
    return _metadata(request, objects)


@router.get(f"{_INSTANCE}/metadata", response_class=Response)
def instance_metadata(request: Request, _by: Viewer, one: Named) -> Response:
    """Return the header of one object."""
    return _metadata(request, [one])


@router.get("", response_class=Response)
def retrieve_study(request: Request, _by: Viewer, web: Wired, objects: InStudy) -> Response:
    """Return a study's objects."""
    return _files(request, web, objects)


@router.get(_SERIES, response_class=Response)
def retrieve_series(request: Request, _by: Viewer, web: Wired, objects: InSeries) -> Response:
    """Return the objects of a series."""
    return _files(request, web, objects)


@router.get(_INSTANCE, response_class=Response)
def retrieve_instance(request: Request, _by: Viewer, web: Wired, one: Named) -> Response:
    """Return one object."""
    return _files(request, web, [one])


@router.get(f"{_INSTANCE}/frames/{{frames}}", response_class=Response)
def retrieve_frames(request: Request, frames: str, _by: Viewer, web: Wired, one: Named) -> Response:
    """Return frames of one object, counted from 1, as `1` or `1,2`: as stored, or explicit little endian."""
    from serving.dicomweb.datasets import frames_of

    if not _FRAMES.fullmatch(frames):
        raise MalformedError("frames are numbers with commas between, at most 100")
    syntax = _syntax(request, OCTETS, one)
    ds = _in(syntax, web, one, web.objects.get(one.instance.digest))
    found = list(frames_of(ds, [int(number) for number in frames.split(",")]))
    return related((Part(content=frame, syntax=syntax) for frame in found), OCTETS)


def _metadata(request: Request, objects: list[Described]) -> Response:
    from serving.dicomweb.datasets import as_json

    require(request.headers.get("accept"), DICOM_JSON, JSON)
    return JSONResponse([as_json(each.header) for each in objects], media_type=DICOM_JSON)


def _files(request: Request, web: Web, objects: list[Described]) -> Response:
    """Return whole objects; one at a time is in memory."""
    syntaxes = [_syntax(request, DICOM, each) for each in objects]

    def parts() -> Iterator[Part]:
        for each, syntax in zip(objects, syntaxes, strict=True):
            yield Part(content=_file_in(syntax, web, each), syntax=syntax)

    return related(parts(), DICOM)


def _syntax(request: Request, kind: str, one: Described) -> str:
    """Return the transfer syntax to answer in; pixels alone are the same in implicit and explicit."""
    from serving.dicomweb.datasets import is_plain

    stored = str(one.header.file_meta.TransferSyntaxUID)
    plain = is_plain(one.header)
    return syntax_for(
        request.headers.get("accept"),
        kind,
        stored=EXPLICIT if plain and kind == OCTETS else stored,
        decodable=plain or one.instance.rows > 0,
    )


def _file_in(syntax: str, web: Web, one: Described) -> bytes:
    from serving.dicomweb.datasets import is_dicom, part10

    content = web.objects.get(one.instance.digest)
    if is_dicom(content) and syntax == one.header.file_meta.TransferSyntaxUID:
        return content
    return part10(_in(syntax, web, one, content))


def _in(syntax: str, web: Web, one: Described, content: bytes) -> "Dataset":
    """Return an object with its pixels as they are stored, or decoded where `syntax` asks for that."""
    from serving.dicomweb.datasets import is_dicom, is_plain, whole, with_pixels

    if not is_dicom(content):
        return with_pixels(one.header, web.services.decoder.render(content))
    if syntax == EXPLICIT and not is_plain(one.header):
        return with_pixels(whole(content), web.services.decoder.stored(content))
    return whole(content)
