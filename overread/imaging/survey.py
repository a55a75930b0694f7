"""What a collection holds by its headers and tables alone, before anything is decoded; no identities."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydicom.uid import UID

from overread.imaging.collections import Item, Outcome, Rejected

_SILENT = "not stated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """Counts over a collection; `refused` has the reasons, `size` the bytes of its DICOM files."""

    files: int
    patients: int
    studies: int
    size: int
    views: Mapping[str, int]
    labels: Mapping[str, int]
    transfer_syntaxes: Mapping[str, int]
    refused: Mapping[str, int]


def survey(outcomes: Iterable[Outcome]) -> Survey:
    """Count what a collection says of itself; a file or row that is refused counts as a file and no more.

    A picture of a table is a study of its own. Files without a patient number count as one patient a study,
    as they do when they come in.
    """
    patients: set[str] = set()
    studies: set[str] = set()
    views: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    syntaxes: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    size = 0
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            refused[outcome.reason] += 1
            continue
        study = _study_of(outcome)
        studies.add(study)
        patients.add(outcome.patient_id or study)
        views[outcome.view or _SILENT] += 1
        labels[outcome.label or _SILENT] += 1
        if outcome.header is not None:
            syntaxes[outcome.header.transfer_syntax] += 1
            size += outcome.header.size
    return Survey(
        files=views.total() + refused.total(),
        patients=len(patients),
        studies=len(studies),
        size=size,
        views=dict(views.most_common()),
        labels=dict(labels.most_common()),
        transfer_syntaxes={UID(syntax).name: count for syntax, count in syntaxes.most_common()},
        refused=dict(refused.most_common()),
    )


def _study_of(item: Item) -> str:
    return str(item.path) if item.header is None else item.header.study_uid
