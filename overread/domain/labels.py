"""What is held to be true of a study: labels with their sources, and which source wins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from overread.domain.adjudication import Grade
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import StudyUid

# Later in this tuple wins; a parser never overwrites a reader (clinical vocabulary, section 2).
_RANK = (Grade.REPORT, Grade.SINGLE, Grade.DOUBLE, Grade.ADJUDICATED)
ADJUDICATION = "adjudication"  # the source of what closed cases settle
_COLLECTION = "import"  # begins the source of what a collection says


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyLabel:
    """One label of a study with its provenance; `complete` says that all findings were looked for."""

    id: str
    study: StudyUid
    label: Label
    grade: Grade
    source: str
    at: datetime
    findings: tuple[Finding, ...] = ()
    case: str | None = None
    complete: bool = True

    @property
    def registered(self) -> bool:
        """Whether it came in with a collection."""
        return self.source.startswith(_COLLECTION)

    @property
    def adjudicated(self) -> bool:
        """Whether a closed case settled it."""
        return self.source == ADJUDICATION


def prevailing(labels: Iterable[StudyLabel]) -> StudyLabel | None:
    """Return the label that counts: the best grade, and among equals the latest."""
    ranked = sorted(labels, key=lambda label: (_RANK.index(label.grade), label.at))
    return ranked[-1] if ranked else None
