"""Where production or candidate saw a finding in a study that got worse, to lay over its picture."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from model_registry.flips import flip_map
from overread.domain.errors import ForbiddenError, NotFoundError
from overread.domain.identifiers import VersionKey
from serving.api.pictures import picture_response, pictures_of
from serving.api.shapes import named, study_named
from serving.inference.heatmaps import LONGEST_SIDE, overlay, png
from serving.security.permissions import CandidateViewer, GuardedRoute
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/candidates", tags=["candidates"], route_class=GuardedRoute)


@router.get("/{version}/flips/{uid}/{part}.png", response_class=Response)
def show_flip_map(
    version: str,
    uid: str,
    part: Literal["production", "candidate"],
    by: CandidateViewer,
    web: Wired,
    longest: Annotated[int, Query(ge=1, le=LONGEST_SIDE)] = LONGEST_SIDE,
) -> Response:
    """Return the heatmap that was compared; whoever trains sees no single study of the test set."""
    if not web.shows_test_cases(by):
        raise ForbiddenError("single studies of the test set are for reviewers and auditors")
    with web.look() as work:
        comparison = work.models.request(named(VersionKey, version)).comparison
        study = work.studies.get(study_named(uid))
        pictures = pictures_of(work, study)
        found = flip_map(work, web.objects, comparison, study=study.uid, part=part)
    if found is None or not pictures:
        raise NotFoundError("no finding has no heatmap, and neither has what was not kept")
    return picture_response(png(overlay(found, pictures[0].rows, pictures[0].columns, longest=longest)))
