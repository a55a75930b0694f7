"""What the monitoring page shows of corrections: rates with their limits, and the way into production."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from feedback.to_production import Journeys, Place
from monitoring.corrections import FEWEST, FEWEST_READERS, CorrectionRates, Rate
from overread.domain.people import Permission, Person
from overread.measures.proportion import wilson
from overread.store.readings import Scanner
from serving.api.corrections import seen_readers
from serving.pages.formats import between, grouped, percent
from serving.pages.periods import Period
from serving.pages.visits import Visit

MOST_FINDINGS = 12
WAITS = (Place.READ, Place.DATASET, Place.MODEL, Place.RELEASE)
ENDS = (Place.NOT_ACCEPTED, Place.TEST_PATIENT)


def corrections_view(visit: Visit, rates: CorrectionRates, by: Person, period: Period) -> dict[str, Any]:
    """Return rates by finding, scanner and reader as rows of a table; a scanner's leads to it alone."""
    overall = wilson(rates.corrected.count, rates.answers).upper
    by_count = sorted(rates.findings.items(), key=lambda item: (-item[1].count, item[0]))
    alarms = rate_row(visit, visit.words.text("monitoring.false_alarms"), rates.false_alarms)
    return {
        "findings": [rate_row(visit, visit.finding_name(code), rate) for code, rate in by_count][
            :MOST_FINDINGS
        ],
        "more_findings": max(0, len(by_count) - MOST_FINDINGS),
        "false_alarms": alarms if rates.false_alarms.n else None,
        "scanners": [
            rate_row(visit, scanner_name(visit, scanner), rate, warn_above=overall)
            | {"href": replace(period, scanner=scanner).address}
            for scanner, rate in rates.scanners.items()
        ],
        "readers": _reader_rows(visit, rates, by),
        "readers_withheld": by.may(Permission.SEE_READER_RATES) and not rates.readers_shown,
        "fewest": FEWEST,
        "fewest_readers": FEWEST_READERS,
    }


def rate_row(visit: Visit, name: str, rate: Rate, *, warn_above: float | None = None) -> dict[str, Any]:
    """Return one line: name, counts and, where there are enough studies, the share with its limits."""
    row: dict[str, Any] = {"name": name, "k": grouped(rate.count), "n": grouped(rate.n), "share": None}
    if rate.share is None:
        return row | {"said": visit.words.text("monitoring.too_few", fewest=FEWEST)}
    return row | {
        "share": rate.share.estimate,
        "lower": rate.share.lower,
        "upper": rate.share.upper,
        "rate": percent(rate.share.estimate),
        "interval": between(100 * rate.share.lower, 100 * rate.share.upper, 1),
        "warn": warn_above is not None and rate.share.lower > warn_above,
    }


def scanner_name(visit: Visit, scanner: Scanner) -> str:
    """Return a scanner as a page names it: what its header says, or that it says nothing."""
    return " · ".join(part for part in scanner if part) or visit.words.text("monitoring.unknown")


def _reader_rows(visit: Visit, rates: CorrectionRates, by: Person) -> list[dict[str, Any]]:
    """Return the readers' lines; the own one says so."""
    return [
        rate_row(visit, visit.words.text("monitoring.you", code=code) if is_own else code, rate)
        for code, is_own, rate in seen_readers(rates, by, visit.web.services.secret)
    ]


def journeys_view(visit: Visit, found: Journeys) -> dict[str, Any]:
    """Return how long corrections took that reached production, and where the others are."""
    formats, times = visit.formats, found.times
    return {
        "n": grouped(len(times)),
        "median": formats.duration(found.median),
        "range": _range(visit, times) if times else "",
        "waits": [_place(visit, found, place) for place in WAITS],
        "ends": [_place(visit, found, place) for place in ENDS],
        "all": sum(found.places.values()),
    }


def _place(visit: Visit, found: Journeys, place: Place) -> dict[str, Any]:
    return {"name": visit.words.text(f"monitoring.place.{place}"), "n": found.places[place]}


def _range(visit: Visit, times: Sequence[timedelta]) -> str:
    shortest, longest = (visit.formats.duration(each) for each in (times[0], times[-1]))
    return visit.words.text("monitoring.range", shortest=shortest, longest=longest)
