"""Search for studies, series and instances (QIDO-RS, PS3.18 section 10.6)."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from overread.domain.errors import InputError, NotFoundError
from overread.store.archive import Wanted
from serving.dicomweb.holdings import Described, Holding, described, held, holding, of_series
from serving.dicomweb.multipart import DICOM_JSON, JSON, require
from serving.dicomweb.queries import Search, matches, search_of
from serving.security.permissions import GuardedRoute, Viewer
from serving.wiring import Web, Wired

if TYPE_CHECKING:
    from pydicom import Dataset

router = APIRouter(prefix="/dicomweb", tags=["dicomweb"], route_class=GuardedRoute)

_log = logging.getLogger(__name__)

MOST_LOOKED_AT = 1000  # studies whose headers one search reads
_AT_ONCE = 50

# PS3.18 tables 10.6.3-3 to 10.6.3-5, and what worklists of viewers show besides
_OF_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_OF_STUDY = (
    "SpecificCharacterSet",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "TimezoneOffsetFromUTC",
    "StudyDescription",
    *_OF_PATIENT,
    "StudyInstanceUID",
    "StudyID",
    "InstanceAvailability",
    "ModalitiesInStudy",
    "RetrieveURL",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
_OF_SERIES = (
    "SpecificCharacterSet",
    "Modality",
    "TimezoneOffsetFromUTC",
    "SeriesDate",
    "SeriesTime",
    "SeriesDescription",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "RetrieveURL",
    "NumberOfSeriesRelatedInstances",
)
_OF_INSTANCE = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "TimezoneOffsetFromUTC",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "InstanceNumber",
    "Rows",
    "Columns",
    "BitsAllocated",
    "NumberOfFrames",
    "InstanceAvailability",
    "RetrieveURL",
)


async def search_asked(
    request: Request,
    limit: Annotated[int, Query(ge=1)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Search:
    """Read from the address what is searched for."""
    require(request.headers.get("accept"), DICOM_JSON, JSON)
    return search_of(request.query_params.multi_items(), offset=offset, limit=limit)


Asked = Annotated[Search, Depends(search_asked)]


@router.get("/studies", response_class=Response)
def find_studies(request: Request, _by: Viewer, web: Wired, asked: Asked) -> Response:
    """Return studies that match, the latest received first; any attribute may be asked for.

    StudyInstanceUID, PatientID, PatientName and StudyDate are looked up. Others are read from the objects of
    1000 studies at most; a header `Warning` says where there are more.
    """
    keys, wanted = asked.in_headers, asked.wanted
    levels = _studies(web, wanted, _root(request), start=0 if keys else asked.offset)
    if not keys:
        return _answer(levels, _OF_STUDY, asked, skipped=0)
    with web.look() as work:
        beyond = bool(work.archive.page(wanted, offset=MOST_LOOKED_AT, limit=1))
    looked_at = (level for level in islice(levels, MOST_LOOKED_AT) if matches(level, keys))
    return _answer(looked_at, _OF_STUDY, asked, skipped=asked.offset, beyond=beyond)


@router.get("/studies/{uid}/series", response_class=Response)
def find_series(request: Request, uid: str, _by: Viewer, web: Wired, asked: Asked) -> Response:
    """Return the series of a study that match."""
    root = _root(request)
    levels = (_series_level(members, root) for members in _by_series(described(web, held(web, uid))))
    return _answer(
        (level for level in levels if matches(level, asked.keys)), _OF_SERIES, asked, skipped=asked.offset
    )


@router.get("/studies/{uid}/instances", response_class=Response)
def find_study_instances(request: Request, uid: str, _by: Viewer, web: Wired, asked: Asked) -> Response:
    """Return the instances of a study that match."""
    return _instances(described(web, held(web, uid)), asked, _root(request))


@router.get("/studies/{uid}/series/{series}/instances", response_class=Response)
def find_instances(
    request: Request, uid: str, series: str, _by: Viewer, web: Wired, asked: Asked
) -> Response:
    """Return the instances of a series that match."""
    return _instances(of_series(web, held(web, uid), series), asked, _root(request))


def _root(request: Request) -> str:
    return f"{request.base_url}dicomweb/studies"


def _studies(web: Web, wanted: Wanted, root: str, *, start: int) -> Iterator["Dataset"]:
    """Yield the study level of each study that the database finds."""
    while True:
        with web.look() as work:
            page = [holding(work, *each) for each in work.archive.page(wanted, offset=start, limit=_AT_ONCE)]
        for each in page:
            try:
                level = _study_level(web, each, root)
            except (NotFoundError, InputError) as error:  # one lost object must not close the whole list
                _log.warning("study %s is left out of a search: %s", each.study.uid, error)
                continue
            yield level
        if len(page) < _AT_ONCE:
            return
        start += _AT_ONCE


def _study_level(web: Web, among: Holding, root: str) -> "Dataset":
    from serving.dicomweb.datasets import tagged

    objects = list(described(web, among))
    return tagged(
        objects[0].header,
        {
            "InstanceAvailability": "ONLINE",
            "ModalitiesInStudy": sorted({str(each.header.Modality) for each in objects}),
            "RetrieveURL": f"{root}/{among.study.uid}",
            "NumberOfStudyRelatedSeries": len(_by_series(objects)),
            "NumberOfStudyRelatedInstances": len(objects),
        },
    )


def _by_series(objects: Iterable[Described]) -> Collection[list[Described]]:
    found: dict[str, list[Described]] = {}
    for each in objects:
        found.setdefault(str(each.header.SeriesInstanceUID), []).append(each)
    return found.values()


def _series_level(members: Sequence[Described], root: str) -> "Dataset":
    from serving.dicomweb.datasets import tagged

    first = members[0].header
    return tagged(
        first,
        {
            "RetrieveURL": f"{root}/{first.StudyInstanceUID}/series/{first.SeriesInstanceUID}",
            "NumberOfSeriesRelatedInstances": len(members),
        },
    )


def _instances(objects: Iterable[Described], asked: Search, root: str) -> Response:
    from serving.dicomweb.datasets import tagged

    levels = (
        tagged(
            each.header,
            {
                "InstanceAvailability": "ONLINE",
                "RetrieveURL": f"{root}/{each.header.StudyInstanceUID}/series/{each.header.SeriesInstanceUID}"
                f"/instances/{each.instance.sop_uid}",
            },
        )
        for each in objects
    )
    return _answer(
        (level for level in levels if matches(level, asked.keys)), _OF_INSTANCE, asked, skipped=asked.offset
    )


def _answer(
    levels: Iterator["Dataset"],
    usual: Sequence[str],
    asked: Search,
    *,
    skipped: int,
    beyond: bool = False,
) -> Response:
    """Return results with the usual attributes and those asked for; 204 where there is none."""
    from serving.dicomweb.datasets import as_json, only

    found = list(islice(levels, skipped, skipped + asked.limit + 1))
    said = ["There are additional results that can be requested."] if len(found) > asked.limit else []
    said += [f"Only the {MOST_LOOKED_AT} studies received last were looked at."] if beyond else []
    headers = {"Warning": ", ".join(f'299 overread "{words}"' for words in said)} if said else {}
    if not found:
        return Response(status_code=204, headers=headers)
    shown = [as_json(only(level, (*usual, *asked.fields))) for level in found[: asked.limit]]
    return JSONResponse(shown, media_type=DICOM_JSON, headers=headers)
