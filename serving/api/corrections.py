"""How often readers correct the model, and how long a correction takes to reach it."""

from typing import Annotated

from fastapi import Depends, Query

from feedback.to_production import Journeys, Place
from monitoring.corrections import CorrectionRates, Rate
from monitoring.reader_codes import reader_code
from overread.domain.errors import InputError
from overread.domain.people import Permission, Person
from overread.store.readings import Scanner
from serving.api.performance import EstimateAnswer
from serving.api.shapes import Answer

PART = "\\"
LONGEST = 200


def chosen_scanner(scanner: Annotated[str | None, Query(max_length=LONGEST)] = None) -> Scanner | None:
    r"""Return the scanner that a call is narrowed to: `maker\model\station`, parts may be empty.

    DICOM parts several values by a backslash, so none of the three has one (PS3.5 6.2).
    """
    if not scanner:
        return None
    parts = scanner.split(PART)
    if len(parts) != len(("maker", "model", "station")):
        raise InputError(f"a scanner is its maker, model and station with a {PART} between them")
    maker, model, station = parts
    return maker, model, station


ChosenScanner = Annotated[Scanner | None, Depends(chosen_scanner)]


class RateAnswer(Answer):
    """So many of `n` studies; `share` is null where they are too few for a rate."""

    count: int
    n: int
    share: EstimateAnswer | None


class FindingRateAnswer(RateAnswer):
    """Of the studies in which readers named a finding, those on which they corrected the model."""

    finding: str


class ScannerRateAnswer(RateAnswer):
    """Of the answered studies of a scanner, those on which readers corrected the model."""

    maker: str
    model: str
    station: str


class ReaderRateAnswer(RateAnswer):
    """Of the studies a reader signed or gave a word on, those with a correction; `own` is the asker's."""

    reader: str
    own: bool


class CorrectionsAnswer(Answer):
    """What readers said of a period's answers; `readers` has what the asker may see, by code."""

    answers: int
    spoken: RateAnswer
    corrected: RateAnswer
    false_alarms: RateAnswer
    findings: list[FindingRateAnswer]
    scanners: list[ScannerRateAnswer]
    readers: list[ReaderRateAnswer]


class JourneysAnswer(Answer):
    """Corrections by where they stand; seconds from word to production of those that arrived."""

    places: dict[Place, int]
    arrived: int
    median_seconds: float | None
    shortest_seconds: float | None
    longest_seconds: float | None


def corrections_answer(rates: CorrectionRates, by: Person, secret: bytes) -> CorrectionsAnswer:
    """Return the wire's shape of correction rates, with the readers that `by` may see."""
    return CorrectionsAnswer(
        answers=rates.answers,
        spoken=rate_answer(rates.spoken),
        corrected=rate_answer(rates.corrected),
        false_alarms=rate_answer(rates.false_alarms),
        findings=[
            FindingRateAnswer(finding=code, **rate_answer(rate).model_dump())
            for code, rate in rates.findings.items()
        ],
        scanners=[
            ScannerRateAnswer(maker=maker, model=model, station=station, **rate_answer(rate).model_dump())
            for (maker, model, station), rate in rates.scanners.items()
        ],
        readers=[
            ReaderRateAnswer(reader=code, own=is_own, **rate_answer(rate).model_dump())
            for code, is_own, rate in seen_readers(rates, by, secret)
        ],
    )


def seen_readers(rates: CorrectionRates, by: Person, secret: bytes) -> list[tuple[str, bool, Rate]]:
    """Return code, whether it is the asker's own, and rate of the readers that `by` may see.

    That is oneself, and all for who may see them once enough readers have enough studies; in the order of
    the codes, so that no reader is first or last of anything.
    """
    sees_all = by.may(Permission.SEE_READER_RATES) and rates.readers_shown
    seen = [
        (reader_code(person, secret), person == by.key, rate)
        for person, rate in rates.readers.items()
        if sees_all or person == by.key
    ]
    return sorted(seen, key=lambda each: each[0])


def rate_answer(rate: Rate) -> RateAnswer:
    """Return the wire's shape of a rate."""
    share = None if rate.share is None else EstimateAnswer.model_validate(rate.share, from_attributes=True)
    return RateAnswer(count=rate.count, n=rate.n, share=share)


def journeys_answer(found: Journeys) -> JourneysAnswer:
    """Return the wire's shape of how far corrections have come."""
    return JourneysAnswer(
        places=dict(found.places),
        arrived=len(found.times),
        median_seconds=None if found.median is None else found.median.total_seconds(),
        shortest_seconds=found.times[0].total_seconds() if found.times else None,
        longest_seconds=found.times[-1].total_seconds() if found.times else None,
    )
