"""How often readers correct the model: by finding, scanner and reader, each with its denominator."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from overread.domain.corrections import Kind, Word
from overread.domain.estimates import Estimate
from overread.domain.findings import Label
from overread.measures.proportion import wilson
from overread.store.readings import Reading, Scanner, Tally
from overread.store.unit_of_work import UnitOfWork

FEWEST = 20  # studies: of fewer a rate says more about chance than about anything else
FEWEST_READERS = 3  # of so many studies each: among two, each would know the other's


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
    work: UnitOfWork, said: Sequence[Word], *, since: datetime, scanner: Scanner | None = None
) -> CorrectionRates:
    """Return the rates of studies whose first answer is not older than `since`, from all said since.

    With a `scanner` they are of what it took; the rates by scanner are of all, to compare it with.
    """
    every = {reading.study: reading for reading in work.readings.with_words(since)}
    wrong = {word.study for word in latest(said) if word.study in every and word.disagrees}
    read = {study: reading for study, reading in every.items() if scanner in {None, reading.scanner}}
    words = latest(word for word in said if word.study in read)
    corrected = {word.study for word in words if word.disagrees}
    alarms = {word.study for word in words if word.kind == Kind.FALSE_ALARM}
    sent = work.readings.by_scanner(since)
    chosen = [tally for sender, tally in sent.items() if scanner in {None, sender}]
    answers, flagged = sum(tally.answers for tally in chosen), sum(tally.flagged for tally in chosen)
    return CorrectionRates(
        answers=answers,
        spoken=rate(len({word.study for word in words}), answers),
        corrected=rate(len(corrected), answers),
        false_alarms=rate(sum(read[study].called == Label.HAS_FINDING for study in alarms), flagged),
        findings=_by_finding(work.readings.signed_findings(since, scanner), words),
        scanners=_by_scanner(sent, [every[study].scanner for study in wrong]),
        readers=_by_reader(work.readings.by_signer(since, scanner), words, read),
    )


def rate(count: int, n: int) -> Rate:
    """Return a rate, without a share where the studies are too few."""
    return Rate(count=count, n=n, share=wilson(count, n) if n >= FEWEST else None)


def latest(said: Iterable[Word]) -> list[Word]:
    """Return the words that count of those in order: each person's latest on a study."""
    return list({(word.study, word.by): word for word in said}.values())


def _by_finding(signed: Mapping[str, Sequence[str]], words: Sequence[Word]) -> dict[str, Rate]:
    named, corrected = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for study, codes in signed.items():
        for code in codes:
            named[code].add(study)
    for word in words:
        for code in word.findings:
            named[code].add(word.study)
            if word.disagrees:
                corrected[code].add(word.study)
    return {code: rate(len(corrected[code]), len(named[code])) for code in sorted(named)}


def _by_scanner(sent: Mapping[Scanner, Tally], corrected: Iterable[Scanner]) -> dict[Scanner, Rate]:
    wrong = Counter(corrected)
    return {scanner: rate(wrong[scanner], sent[scanner].answers) for scanner in sorted(sent)}


def _by_reader(
    signed: Mapping[str, int], words: Sequence[Word], read: Mapping[str, Reading]
) -> dict[str, Rate]:
    """Count a study once for a reader who both signed it and gave a word on it."""
    spoken = Counter(word.by for word in words if read[word.study].signed_by != word.by)
    wrong = Counter(word.by for word in words if word.disagrees)
    known = sorted({*signed, *spoken, *wrong})
    return {person: rate(wrong[person], signed.get(person, 0) + spoken[person]) for person in known}
