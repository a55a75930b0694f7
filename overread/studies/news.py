"""What has become of studies since a place in the change record, the one order all processes write in."""

from collections.abc import Mapping
from dataclasses import dataclass

from overread.domain.identifiers import StudyUid
from overread.domain.studies import StudyState
from overread.store.unit_of_work import UnitOfWork

ARRIVAL = "instance-received"
ASSIGNMENT = "study-assigned"
MOVES = (
    "study-screened",
    "study-predicted",
    "study-quarantined",
    "study-released",
    "study-deleted",
    "report-signed",
)
MOST_BEHIND = 5_000  # rows; whoever is further behind loads the list again
MOST_AT_ONCE = 500  # rows


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What happened up to `place`; `missed` says that more did than is told here."""

    place: int
    arrived: tuple[StudyUid, ...] = ()
    states: Mapping[StudyUid, StudyState]
    assigned: tuple[StudyUid, ...] = ()
    missed: bool = False


def since(work: UnitOfWork, place: int) -> News:
    """Return the next news behind a place in the change record; nothing new has the same place."""
    last = work.audit.length()
    if last - place > MOST_BEHIND or place > last:  # also a place of another, longer record
        return News(place=last, states={}, missed=True)
    rows = work.audit.rows(after=place, limit=MOST_AT_ONCE) if last > place else []
    received = {row.event.study: row.event.at for row in rows if row.event.action == ARRIVAL}
    moved = {row.event.study for row in rows if row.event.action in MOVES}
    assigned = {row.event.study for row in rows if row.event.action == ASSIGNMENT}
    named = [StudyUid(uid) for uid in {*received, *moved} if uid is not None]
    studies = work.studies.among(named)
    return News(
        place=rows[-1].seq if rows else place,
        arrived=tuple(study.uid for study in studies if received.get(study.uid) == study.received_at),
        states={study.uid: study.state for study in studies if study.uid in moved},
        assigned=tuple(StudyUid(uid) for uid in sorted(filter(None, assigned))),
    )
