"""How often readers correct the model: by finding, scanner and reader, each with its denominator."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from overread.domain.corrections import Correction, Kind, standing
from overread.domain.estimates import Estimate
from overread.domain.findings import Label
from overread.measures.proportion import wilson
from overread.store.readings import Reading
from overread.store.unit_of_work import UnitOfWork

FEWEST = 20  # studies: of fewer a rate says more about chance than about anything else
FEWEST_READERS = 3  # of so many studies each: among two, each would know the other's

Scanner = tuple[str, str, str]
"""Maker, model and station; empty where the header does not say."""

K = TypeVar("K", str, Scanner)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """So many of `n` studies; `share` has Wilson's limits, None where the studies are too few for a rate."""

    count: int
    n: int
    share: Estimate | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectionRates:
    """What readers said of a period's answers, by study: corrected is what a standing word disagrees with.

    A finding's rate is of the studies in which readers named it, in a signed report or a correction; a
    scanner's of all it sent that have an answer; a reader's of those they signed or gave a word on.
    `readers` keeps to those with a study; `readers_shown` says whether enough of them have enough.
    """

    answers: int
    spoken: Rate
    corrected: Rate
    false_alarms: Rate
    findings: Mapping[str, Rate]
    scanners: Mapping[Scanner, Rate]
    readers: Mapping[str, Rate]

    @property
    def readers_shown(self) -> bool:
        """Say whether there are enough readers for their rates to be shown side by side."""
        return sum(rate.share is not None for rate in self.readers.values()) >= FEWEST_READERS


def correction_rates(
    work: UnitOfWork, readings: Sequence[Reading], said: Sequence[Correction], *, since: datetime
) -> CorrectionRates:
    """Return the rates of studies whose first answer is not older than `since`, from all that was said."""
    words = _standing(said, among={reading.study for reading in readings})
    corrected = {str(word.study) for word in words if word.disagrees}
    alarms = {str(word.study) for word in words if word.kind is Kind.FALSE_ALARM}
    flagged = {reading.study for reading in readings if reading.called == Label.HAS_FINDING}
    return CorrectionRates(
        answers=len(readings),
        spoken=rate(len({word.study for word in words}), len(readings)),
        corrected=rate(len(corrected), len(readings)),
        false_alarms=rate(len(alarms & flagged), len(flagged)),
        findings=_by_finding(work.readings.signed_findings(since), words),
        scanners=_by_scanner(readings, corrected),
        readers=_by_reader(readings, words),
    )


def rate(count: int, n: int) -> Rate:
    """Return a rate, without a share where the studies are too few."""
    return Rate(count=count, n=n, share=wilson(count, n) if n >= FEWEST else None)


def _standing(said: Sequence[Correction], *, among: Collection[str]) -> list[Correction]:
    """Return the words that count on some studies."""
    by_study: dict[str, list[Correction]] = defaultdict(list)
    for word in said:
        if word.study in among:
            by_study[word.study].append(word)
    return [word for words in by_study.values() for word in standing(words)]


def _by_finding(signed: Mapping[str, Sequence[str]], words: Sequence[Correction]) -> dict[str, Rate]:
    named, corrected = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for study, codes in signed.items():
        for code in codes:
            named[code].add(study)
    for word in words:
        for finding in word.findings:
            named[finding.code].add(word.study)
            if word.disagrees:
                corrected[finding.code].add(word.study)
    return _rates(named, corrected)


def _by_scanner(readings: Sequence[Reading], corrected: Collection[str]) -> dict[Scanner, Rate]:
    sent, wrong = defaultdict[Scanner, set[str]](set), defaultdict[Scanner, set[str]](set)
    for reading in readings:
        scanner = (reading.maker, reading.model, reading.station)
        sent[scanner].add(reading.study)
        if reading.study in corrected:
            wrong[scanner].add(reading.study)
    return _rates(sent, wrong)


def _by_reader(readings: Sequence[Reading], words: Sequence[Correction]) -> dict[str, Rate]:
    read, wrong = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for reading in readings:
        if reading.signed_by is not None:
            read[reading.signed_by].add(reading.study)
    for word in words:
        read[word.by].add(word.study)
        if word.disagrees:
            wrong[word.by].add(word.study)
    return _rates(read, wrong)


def _rates(groups: Mapping[K, set[str]], counted: Mapping[K, set[str]]) -> dict[K, Rate]:
    return {key: rate(len(counted.get(key, ())), len(groups[key])) for key in sorted(groups)}
