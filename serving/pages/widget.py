"""The words and the look of the widget, as one module that its script imports: there is no second request."""

import json
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Response

from overread.wording.catalogue import LANGUAGES, catalogue

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).resolve().parents[1] / "static"
_PARTS = ("widget.", "label.", "state.", "verdict.", "kind.", "rule.", "set_aside.", "queue.")
_SINGLE = frozenset(
    {
        "live.off",
        "list.comma",
        "reading.meter",
        "reading.model",
        "reading.near_above",
        "reading.near_below",
        "reading.not_met",
        "reading.set_aside_by_system",
    }
)


@router.get("/static/widget/furnishing.js")
def show_furnishing() -> Response:
    """Return `WORDS`, by language and key, and `STYLE`, the pages' own look made for a shadow root."""
    return Response(_furnishing(), media_type="text/javascript")


@cache
def _furnishing() -> str:
    words = {language: _words(language) for language in LANGUAGES}
    sheets = ("tokens.css", "components.css", "widget/card.css")
    style = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in sheets)
    style = style.replace(':root[data-theme="light"]', ':host([theme="light"])').replace(":root", ":host")
    return f"export const WORDS = {json.dumps(words)};\nexport const STYLE = {json.dumps(style)};\n"


def _words(language: str) -> dict[str, str]:
    known = catalogue(language)
    return {key: known.raw(key) for key in known.keys if key in _SINGLE or key.startswith(_PARTS)}
