"""The picture of a case as the viewer is handed it."""

from collections.abc import Sequence
from typing import Any

from overread.domain.studies import Instance
from serving.pages.reading_view import PREVIEW

EMPTY = 512  # pixels a side, where a picture is no longer stored


def case_picture(case: str, pictures: Sequence[Instance]) -> dict[str, Any]:
    """Return where the first picture of a case comes from, and its size; no map and no film before."""
    image = f"/api/v1/adjudication/{case}/images/0"
    return {
        "image": f"{image}.png",
        "preview": f"{image}.png?longest={PREVIEW}",
        "pixels": f"{image}/pixels",
        "heatmap": None,
        "prior": None,
        "boxless": False,
        "rows": pictures[0].rows if pictures else EMPTY,
        "columns": pictures[0].columns if pictures else EMPTY,
    }
