"""What the reading page shows of a study's report: as it is kept, as it was typed, and what goes with it."""

from dataclasses import dataclass
from typing import Any

from overread.domain.corrections import Correction
from overread.domain.findings import Finding, Label
from overread.domain.own_calls import OwnCall
from overread.domain.reports import Report, ReportStatus
from overread.wording.catalogue import catalogue
from serving.pages.choices import EVERYTHING, Chosen
from serving.pages.differences import differences
from serving.pages.forms import Filled, slots_of
from serving.pages.visits import Visit, report_language_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """How the page is to be shown: draft begun anew in a language, or as typed; from which list; its film.

    `seen` is how many answers of models a page showed that waits for a further one.
    """

    language: str | None = None
    typed: Filled | None = None
    came_from: Chosen = EVERYTHING
    film: int = 0
    seen: int | None = None


def report_view(visit: Visit, report: Report, asked: Asked, *, automatic: bool) -> dict[str, Any]:
    """Return the report as it is shown; without automatic normal text a new one is empty, its class open."""
    shown: dict[str, Any] = {
        "status": report.status.value,
        "version": report.version,
        "etag": report.etag,
        "language": report.language,
        "label": report.label.value,
        "findings": [_named(visit, finding) for finding in report.findings],
        "findings_text": report.findings_text,
        "impression": report.impression,
        "signed_by": report.signed_by,
        "signed_at": visit.formats.instant(report.signed_at),
        "addenda": [
            {"text": each.text, "by": each.by, "at": visit.formats.instant(each.at)}
            for each in report.addenda
        ],
        "slots": slots_of(report.findings),
    }
    if report.status is ReportStatus.DRAFT and asked.typed is not None:
        shown |= _typed(asked.typed)
    elif report.status is ReportStatus.DRAFT and (language := asked.language or _usual(visit, report)):
        text, impression = visit.web.task.draft_text(report.label, language) if automatic else ("", "")
        shown |= {"language": language, "findings_text": text, "impression": impression}
    if report.version == 0 and asked.typed is None and not automatic:
        shown["label"] = ""
    normal = _normal(visit, shown["language"], automatic=automatic)
    stands = (shown["findings_text"], shown["impression"]) == (
        normal["normal_text"],
        normal["normal_impression"],
    )
    return shown | normal | {"is_template": automatic and stands}


def _usual(visit: Visit, report: Report) -> str | None:
    """Return the language of its reader for a draft that nobody has touched, where it is in another one."""
    usual = report_language_of(visit.request)
    return usual if report.edited_by is None and usual != report.language else None


def _normal(visit: Visit, language: str, *, automatic: bool) -> dict[str, Any]:
    """Return the sections of a report, and the normal text, whole and by section; empty without automatic."""
    task = visit.web.task
    sentences, impression = task.normal[language]
    text, _ = task.draft_text(Label.NO_FINDING, language)
    if not automatic:
        text, impression, sentences = "", "", ("",) * len(sentences)
    return {
        "normal_text": text,
        "normal_impression": impression,
        "colon": catalogue(language).text("report.colon"),
        "sections": [
            {"name": name, "normal": sentence}
            for name, sentence in zip(task.sections[language], (*sentences, ""), strict=True)
        ],
    }


def kept_report(visit: Visit, report: Report, typed: Filled | None = None) -> dict[str, Any]:
    """Return the version that is kept, as whoever wrote another one meanwhile must see it.

    Where it is known what was typed, the two texts come in the pieces in which they differ.
    """
    texts = {"findings_text": report.findings_text, "impression": report.impression}
    mine = texts if typed is None else {name: text_of(typed, name) for name in texts}
    return {
        "marks": {name: differences(mine[name], texts[name]) for name in texts},
        "same_label": typed is None or typed.text("label") == report.label,
        "etag": report.etag,
        "version": report.version,
        "by": report.edited_by,
        "signed": report.status is ReportStatus.SIGNED,
        "language": report.language,
        "label": report.label.value,
        "findings": [_named(visit, finding) for finding in report.findings],
    }


def text_of(form: Filled, name: str) -> str:
    """Return a text of a form with its lines ended as in a browser, not as in the body of a form."""
    return form.text(name).replace("\r\n", "\n")


def contradicts(report: Report, said: Correction | OwnCall | None) -> bool:
    """Say whether a draft says something else than the person's own last word, or own call."""
    return said is not None and report.status is ReportStatus.DRAFT and report.label is not said.label


def _typed(form: Filled) -> dict[str, Any]:
    return {
        "language": "en" if form.text("language") == "en" else "zh",
        "label": form.text("label"),
        "findings_text": text_of(form, "findings_text"),
        "impression": text_of(form, "impression"),
        "slots": form.slots(),
    }


def _named(visit: Visit, finding: Finding) -> dict[str, str]:
    words = visit.words
    where = [
        words.text(f"{kind}.{value}")
        for kind, value in (("side", finding.side), ("zone", finding.zone), ("severity", finding.severity))
        if value is not None
    ]
    return {"name": visit.finding_name(finding.code), "where": " · ".join(where)}
