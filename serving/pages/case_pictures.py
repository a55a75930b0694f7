"""The pictures of a case as the viewer is handed them."""

from collections.abc import Sequence
from typing import Any

from overread.domain.studies import Instance
from serving.pages.reading_view import PREVIEW
from serving.pages.visits import Visit

EMPTY = 512  # pixels a side, where a picture is no longer stored


def case_picture(visit: Visit, case: str, pictures: Sequence[Instance]) -> dict[str, Any]:
    """Return where the pictures of a case come from, the first with its size; no map and no film before."""
    further = [
        _addresses(case, number) | {"name": visit.words.text("viewer.film", n=number + 1, of=len(pictures))}
        for number in range(1, len(pictures))
    ]
    return {
        **_addresses(case, 0),
        "further": further,
        "heatmap": None,
        "prior": None,
        "boxless": False,
        "rows": pictures[0].rows if pictures else EMPTY,
        "columns": pictures[0].columns if pictures else EMPTY,
    }


def _addresses(case: str, number: int) -> dict[str, str]:
    image = f"/api/v1/adjudication/{case}/images/{number}"
    return {
        "image": f"{image}.png",
        "preview": f"{image}.png?longest={PREVIEW}",
        "pixels": f"{image}/pixels",
    }
