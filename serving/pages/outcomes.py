"""What became of one's own corrections, in the words of a page and as a file."""

from collections.abc import Iterable

from fastapi import Response

from feedback.outcomes import Outcome
from overread.domain.models import ModelState
from serving.pages.spreadsheets import sheet
from serving.pages.visits import Visit

_TIMES = ("at", "settled_at", "data_at")
_COLUMNS = (
    "at",
    "study",
    "verdict",
    "kind",
    "said_label",
    "model_said",
    "asked_model",
    "comment",
    "became",
    "label",
    "settled_at",
    "dataset",
    "use",
    "data_at",
    "model",
    "serves",
)


def in_words(visit: Visit, outcome: Outcome) -> dict[str, str | bool]:
    """Return one correction as a row of the page; what is not reached yet is empty."""
    said, label, learned = outcome.said, outcome.label, outcome.learned
    text = visit.words.text
    model = None if learned is None else learned.model
    in_dataset = text("became.no_dataset") if label else ""
    if learned is not None:
        in_dataset = text(
            "became.in_dataset",
            version=learned.dataset.version[:8],
            use=text(f"use.{learned.split}"),
            at=visit.formats.day(learned.dataset.created_at.astimezone(visit.formats.zone).date()),
        )
    shown = text("became.no_model") if learned else ""
    if model is not None:
        shown = text("became.learned", version=model.version, state=text(f"model.{model.state}"))
    return {
        "at": visit.formats.instant(said.at),
        "study": said.study,
        "said": text(f"kind.{said.kind}" if said.kind else f"verdict.{said.verdict}"),
        "became": text(f"claim.{outcome.fate}"),
        "label": text(f"label.{label.label}") if label else "",
        "dataset": in_dataset,
        "model": shown,
        "serves": model is not None and model.state is ModelState.PRODUCTION,
    }


def sheet_of(visit: Visit, outcomes: Iterable[Outcome]) -> Response:
    """Return corrections as a file for a spreadsheet; times are in the site's zone, named in the header."""
    names = {column: visit.words.text(f"became.{column}") for column in _COLUMNS}
    for column in _TIMES:
        names[column] = visit.in_zone(names[column])
    rows = [_cells(visit, outcome) for outcome in outcomes]
    return sheet(
        visit.words.text("became.file"),
        list(names.values()),
        [[row.get(column, "") for column in _COLUMNS] for row in rows],
    )


def _cells(visit: Visit, outcome: Outcome) -> dict[str, str]:
    """Return one correction by column; a column that it has not reached is left out."""
    said, label, learned, text = outcome.said, outcome.label, outcome.learned, visit.words.text
    cells = {
        "at": visit.formats.stamp(said.at),
        "study": str(said.study),
        "verdict": text(f"verdict.{said.verdict}"),
        "kind": text(f"kind.{said.kind}") if said.kind else "",
        "said_label": text(f"label.{said.label}"),
        "model_said": text(f"label.{said.model_label}"),
        "asked_model": str(said.model_version),
        "comment": said.comment,
        "became": text(f"claim.{outcome.fate}"),
    }
    if label is not None:
        cells |= {"label": text(f"label.{label.label}"), "settled_at": visit.formats.stamp(label.at)}
    if learned is not None:
        dataset = learned.dataset
        cells |= {"dataset": dataset.version, "data_at": visit.formats.stamp(dataset.created_at)}
        cells["use"] = text(f"use.{learned.split}")
    if learned is not None and learned.model is not None:
        serves = learned.model.state is ModelState.PRODUCTION
        cells["model"] = str(learned.model.version)
        cells["serves"] = text("became.yes" if serves else "became.no")
    return cells
