"""Pictures of a study: its films as they are shown, their grey levels, and where the model looked."""

import json
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from overread.domain.errors import ForbiddenError, NotFoundError
from overread.domain.identifiers import Digest, VersionKey
from overread.domain.people import Permission, Person
from overread.domain.studies import Instance, Study, StudyState
from overread.imaging.resizing import within
from overread.store.unit_of_work import UnitOfWork
from serving.api.predictions import answer_on, refuse_hidden, seen_by
from serving.api.shapes import named, study_named
from serving.inference.heatmaps import png
from serving.security.permissions import GuardedRoute, OwnOrAll, Viewer
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1", tags=["studies"], route_class=GuardedRoute)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """How a picture is asked for: in which window, in modality units, and no longer than how many pixels."""

    center: float | None = None
    width: float | None = None
    longest: int | None = None


async def rendering_asked(
    center: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    width: Annotated[float | None, Query(allow_inf_nan=False, gt=0)] = None,
    longest: Annotated[int | None, Query(ge=1)] = None,
) -> Rendering:
    """Read from the address how a picture is asked for."""
    return Rendering(center=center, width=width, longest=longest)


AskedRendering = Annotated[Rendering, Depends(rendering_asked)]


@router.get("/studies/{uid}/heatmap.png", response_class=Response)
def show_heatmap(uid: str, by: OwnOrAll, web: Wired, model: str | None = None) -> Response:
    """Return where the model looked, as colours to lay over the picture; `model` picks another answer."""
    with web.look() as work:
        study = seen_by(work, by, study_named(uid))
        refuse_hidden(work, web, by, study.uid)
        prediction = answer_on(work, study, None if model is None else named(VersionKey, model))
    if prediction.heatmap is None:
        raise NotFoundError("no finding has no heatmap")
    return picture_response(web.objects.get(prediction.heatmap))


Film = Annotated[int, Query(ge=0)]  # of a study, the first received first: 0 is what the model reads


@router.get("/studies/{uid}/image.png", response_class=Response)
def show_image(uid: str, by: Viewer, web: Wired, asked: AskedRendering, film: Film = 0) -> Response:
    """Return the picture as a radiologist would be shown it, or in a window of one's own.

    With `longest`, a picture whose longer side has more pixels is reduced to as many; `film` picks another of
    a study that has several.
    """
    return rendered(web, _shown_to(web, by, uid, film).digest, asked)


@router.get("/studies/{uid}/pixels", response_class=Response)
def show_pixels(uid: str, by: Viewer, web: Wired, film: Film = 0) -> Response:
    """Return all grey levels: uint16, little endian, row by row; the header `Overread-Picture` says of what.

    It is JSON: `rows`, `columns`, `slope` and `offset` (modality value = offset + slope x value; low values
    are dark), and `center` and `width` of the first window, in modality units.
    """
    return grey_levels(web, _shown_to(web, by, uid, film).digest)


def _shown_to(web: Web, by: Person, uid: str, film: int) -> Instance:
    """Return the object whose picture a person may see."""
    with web.look() as work:
        study = work.studies.get(study_named(uid))
        pictures = pictures_of(work, study)
    if study.state is StudyState.QUARANTINED and not by.may(Permission.RELEASE):
        raise ForbiddenError("this study is quarantined; its pictures are not shown")
    if film >= len(pictures):
        raise NotFoundError("this study has no picture" if not pictures else "this study has fewer pictures")
    return pictures[film]


def pictures_of(work: UnitOfWork, study: Study) -> list[Instance]:
    """Return a study's objects that have a picture; a deleted study has none left."""
    if study.deleted:
        return []
    return [instance for instance in work.studies.instances_of(study.uid) if instance.rows > 0]


def rendered(web: Web, digest: Digest, asked: Rendering) -> Response:
    """Return a stored picture as PNG, as it is asked for."""
    picture = web.services.decoder.render(web.objects.get(digest), asked.center, asked.width)
    return picture_response(png(picture if asked.longest is None else within(picture, asked.longest)))


def grey_levels(web: Web, digest: Digest) -> Response:
    """Return all grey levels of a stored picture, as the pixels of a study are described."""
    made = web.services.decoder.deep(web.objects.get(digest))
    rows, columns = made.values.shape
    said = {"rows": rows, "columns": columns, "slope": made.slope, "offset": made.offset}
    return Response(
        made.values.astype("<u2", copy=False).tobytes(),
        media_type="application/octet-stream",
        headers={
            "Overread-Picture": json.dumps({**said, "center": made.center, "width": made.width}),
            "Cache-Control": "private, max-age=300",
        },
    )


def picture_response(content: bytes) -> Response:
    """Return a PNG that the asking browser alone may keep for a while."""
    return Response(content, media_type="image/png", headers={"Cache-Control": "private, max-age=300"})
