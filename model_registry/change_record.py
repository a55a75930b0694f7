"""The change records of models as one page that can be printed: self-contained, in Chinese or English."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_registry.recording import Json
from overread.domain.change_control import CLAUSES, Clause
from overread.domain.findings import Vocabulary
from overread.wording.catalogue import Catalogue, catalogue
from overread.wording.checks import check_title

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATE = "change_record.html"
NOTHING = "\N{EM DASH}"
_MINUS = "\N{MINUS SIGN}"


def record_page(
    record: Mapping[str, Json], *, language: str, vocabulary: Vocabulary, draft: bool = False
) -> str:
    """Return a record, as `record.json` of a bundle has it, as a page; a draft says that nobody signed it."""
    words = catalogue(language)
    return (
        _pages()
        .get_template(TEMPLATE)
        .render(
            record=record,
            draft=draft,
            language=language,
            t=words.text,
            word=partial(_word, words),
            check_name=partial(_check_name, words, _names(vocabulary, language)),
            clauses={clause.chapter: clause for clause in CLAUSES},
            clause_title=partial(_clause_title, words),
        )
    )


@cache
def _pages() -> "Environment":
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=ChainableUndefined,  # an earlier comparison lacks what a later one records
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "instant": _instant,
        "number": _number,
        "signed": _signed,
        "limits": _limits,
        "shown": _shown,
    }
    pages.filters.update(filters)
    pages.tests["of_slice"] = lambda name: str(name).startswith("slice:")
    return pages


def _word(words: Catalogue, kind: str, name: object) -> str:
    """Return a recorded word in this language; one that nobody has translated stands for itself."""
    return NOTHING if name is None else words.text_or(f"{kind}.{name}", str(name))


def _names(vocabulary: Vocabulary, language: str) -> dict[str, str]:
    return {row.code: row.zh if language == "zh" else row.en for row in vocabulary.rows}


def _check_name(words: Catalogue, findings: Mapping[str, str], name: str) -> str:
    """Return a check's name; where it ends in a finding's code, that finding's."""
    code = name.rpartition(":")[2]
    return findings.get(code) or check_title(words, name)


def _clause_title(words: Catalogue, clause: Clause) -> str:
    return words.text(f"clause.{clause.id}.title")


def _instant(value: str | None) -> str:
    """Return a recorded instant to the minute, in UTC as it is recorded."""
    return NOTHING if value is None else f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M} UTC"


def _number(value: object, digits: int = 3) -> str:
    if not isinstance(value, int | float):
        return NOTHING
    return str(value) if isinstance(value, int) else f"{value:.{digits}f}".replace("-", _MINUS)


def _signed(value: object, digits: int = 3) -> str:
    return f"{value:+.{digits}f}".replace("-", _MINUS) if isinstance(value, int | float) else NOTHING


def _limits(estimate: Mapping[str, Any] | None, digits: int = 3) -> str:
    """Return `0.912 (0.894 … 0.928)`, or a dash where it is not defined."""
    if not estimate or estimate.get("estimate") is None:
        return NOTHING
    lower, upper = _number(estimate.get("lower"), digits), _number(estimate.get("upper"), digits)
    return f"{_number(estimate['estimate'], digits)} ({lower} … {upper})"


def _shown(value: object) -> str:
    """Return any recorded value on one line."""
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_shown(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
