"""The reads of a reader study as rows of a table: cases by their keys, no study and no patient."""

from collections.abc import Iterator, Sequence

from overread.domain.reader_studies import CrossoverRead, CrossoverStudy

COLUMNS = (
    "reader_study",
    "case",
    "truth",
    "reader",
    "arm",
    "period",
    "place",
    "label",
    "rating",
    "seconds",
    "findings",
    "at",
    "model_probability",
    "model_label",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def exported(study: CrossoverStudy, reads: Sequence[CrossoverRead]) -> Iterator[tuple[object, ...]]:
    """Yield a row a read, in the order of `COLUMNS`; text that a spreadsheet would run is quoted."""
    planned = {sequence.reader: sequence for sequence in study.sequences}
    for read in reads:
        sequence, case = planned[read.reader], study.case(read.case)
        period = sequence.arms.index(read.arm)
        yield (
            _harmless(study.name),
            case.key,
            case.truth.value,
            _harmless(read.reader),
            read.arm.value,
            period + 1,
            sequence.orders[period].index(read.case) + 1,
            read.label.value,
            read.rating,
            read.seconds,
            " ".join(finding.code for finding in read.findings),
            read.at.isoformat(),
            case.probability,
            study.called(case).value,
        )


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
