"""Which studies a drift check compares: those production was tested on, and those that came lately."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from overread.domain.identifiers import PatientKey, StudyUid


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A study that the model read: whose, and when it came."""

    study: StudyUid
    patient: PatientKey
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Windows:
    """The two sides of a drift check, oldest study first."""

    reference: tuple[StudyUid, ...]
    current: tuple[StudyUid, ...]


def windows(
    seen: Iterable[Seen],
    *,
    now: datetime,
    span: timedelta,
    tested: Collection[StudyUid] = (),
    most: int = 1000,
) -> Windows:
    """Choose both windows: at most `most` studies each, the newest, one a patient.

    Parameters
    ----------
    seen
        Every study that may take part, in any order.
    now, span
        The current window is the time (now - span, now].
    tested
        The studies production was tested on: the reference. Without any, the reference is what came before
        the current window.
    most
        Bound on each side; a test on thousands sees changes too small to matter.

    Notes
    -----
    The tests take studies as independent, and the films of one patient are not: only a patient's latest
    study of a window is in it. Whether enough are left is the check's to say.
    """
    if span <= timedelta(0) or most < 1:
        raise ValueError("the span and the number of studies must be positive")
    named = frozenset(tested)
    past = [one for one in seen if one.at <= now]
    lately = [one for one in past if one.at > now - span and one.study not in named]
    before = [one for one in past if (one.study in named if named else one.at <= now - span)]
    return Windows(reference=_newest(before, most), current=_newest(lately, most))


def _newest(seen: Iterable[Seen], most: int) -> tuple[StudyUid, ...]:
    latest = {one.patient: one for one in sorted(seen, key=lambda one: (one.at, one.study))}
    chosen = sorted(latest.values(), key=lambda one: (one.at, one.study))[-most:]
    return tuple(one.study for one in chosen)
