"""Patients, studies, instances and predictions as rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    not_,
    or_,
    select,
    true,
    update,
)

from overread.domain.datasets import Split
from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import Digest, PatientKey, PersonKey, SopInstanceUid, StudyUid, VersionKey
from overread.domain.predictions import Prediction, counting
from overread.domain.studies import Instance, Patient, Study, StudyState
from overread.store.records import columns, parsed
from overread.store.tables.feedback import own_calls
from overread.store.tables.reports import reports
from overread.store.tables.studies import (
    assignments,
    first_answers,
    instances,
    patients,
    predictions,
    studies,
)

# what each upload asks is built once: building a query costs three times as much as asking it
_SPLIT = select(patients.c.split).where(patients.c.key == bindparam("key"))
_STUDY = select(studies).where(studies.c.uid == bindparam("uid"))
_INSTANCE = select(instances).where(instances.c.sop_uid == bindparam("sop_uid"))
_COUNT = (
    select(func.count()).select_from(studies).where(studies.c.state.in_(bindparam("states", expanding=True)))
)
_ANSWERS = (
    select(predictions)
    .where(predictions.c.study == bindparam("study"))
    .order_by(predictions.c.made_at, predictions.c.model_version)
)
_FIRST = select(first_answers.c.study).where(first_answers.c.study == bindparam("study"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """What a list of studies is narrowed to; `text` is a study UID, or part of a patient's name or id.

    `priority` keeps to the studies with an urgent finding that wait to be read (1), to those that wait with
    another finding (2), or to the rest (3), where those in `not_so` always are. With `called_by` an answer
    counts, for label and priority, only on studies that this person has called. `assigned_to` keeps to a
    person's own studies, `drafted_by` to those in whose report that person has written.
    """

    state: StudyState | None = None
    label: Label | None = None
    text: str = ""
    among: tuple[StudyUid, ...] | None = None
    since: datetime | None = None
    sent_by: str | None = None
    priority: int | None = None
    not_so: frozenset[StudyUid] = frozenset()
    called_by: PersonKey | None = None
    drafted_by: PersonKey | None = None
    assigned_to: PersonKey | None = None


class StudyStore:
    """Rows of studies and what belongs to them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep_patient(self, patient: Patient, split: Split) -> Split:
        """Keep a patient at first sight with the split, for ever; return the split that stands."""
        known = self._connection.execute(_SPLIT, {"key": patient.key}).scalar()
        if known is not None:
            return Split(known)
        self._connection.execute(insert(patients), columns(patient) | {"split": split})
        return split

    def patient(self, key: PatientKey) -> Patient:
        """Return a patient's identity."""
        row = self._connection.execute(select(patients).where(patients.c.key == key)).one()
        return parsed(Patient, row)

    def patients(self) -> list[Patient]:
        """Return every patient's identity, by key."""
        return [
            parsed(Patient, row)
            for row in self._connection.execute(select(patients).order_by(patients.c.key))
        ]

    def split(self, patient: PatientKey) -> Split:
        """Return the split a patient belongs to."""
        return Split(self._connection.execute(_SPLIT, {"key": patient}).scalar_one())

    def splits(self) -> dict[PatientKey, Split]:
        """Return every patient's split."""
        rows = self._connection.execute(select(patients.c.key, patients.c.split))
        return {PatientKey(key): Split(split) for key, split in rows}

    def add(self, study: Study) -> None:
        """Keep a new study."""
        self._connection.execute(insert(studies), columns(study))

    def save(self, study: Study) -> None:
        """Keep a study's new state."""
        self._connection.execute(update(studies).where(studies.c.uid == study.uid).values(**columns(study)))

    def find(self, uid: StudyUid) -> Study | None:
        """Return a study, or None."""
        row = self._connection.execute(_STUDY, {"uid": uid}).one_or_none()
        return None if row is None else parsed(Study, row)

    def get(self, uid: StudyUid) -> Study:
        """Return a study; raise `NotFoundError`."""
        study = self.find(uid)
        if study is None:
            raise NotFoundError("no study with this UID has been received")
        return study

    def among(self, uids: Sequence[StudyUid]) -> list[Study]:
        """Return those studies of at most 500 that there are, the first received first."""
        query = select(studies).where(studies.c.uid.in_(uids)).order_by(studies.c.received_at, studies.c.uid)
        return [parsed(Study, row) for row in self._connection.execute(query)]

    def in_state(self, state: StudyState, *, limit: int | None = None) -> list[Study]:
        """Return studies in a state, the longest waiting first."""
        query = select(studies).where(studies.c.state == state)
        query = query.order_by(studies.c.received_at, studies.c.uid).limit(limit)
        return [parsed(Study, row) for row in self._connection.execute(query)]

    def all(self, *, cohort: bool | None = None) -> list[Study]:
        """Return all studies by UID; with `cohort` only those that may (not) train or test."""
        query = select(studies).order_by(studies.c.uid)
        if cohort is not None:
            query = query.where(studies.c.cohort == cohort)
        return [parsed(Study, row) for row in self._connection.execute(query)]

    def of_patient(self, patient: PatientKey) -> list[Study]:
        """Return a patient's studies, the latest first."""
        query = select(studies).where(studies.c.patient == patient).order_by(studies.c.received_at.desc())
        return [parsed(Study, row) for row in self._connection.execute(query)]

    def count_by_state(self) -> dict[str, int]:
        """Return how many studies stand in each state."""
        rows = self._connection.execute(select(studies.c.state, func.count()).group_by(studies.c.state))
        return {state: count for state, count in rows}  # noqa: C416 - rows are not tuples to dict()

    def count_in(self, states: Collection[StudyState]) -> int:
        """Return how many studies stand in these states; those in others are not looked at."""
        return int(self._connection.execute(_COUNT, {"states": list(states)}).scalar_one())

    def page(
        self, wanted: Filter, *, after: tuple[datetime, str] | None, limit: int, backwards: bool = False
    ) -> list[tuple[Study, Patient]]:
        """Return one page of the list, the latest received first, by keyset `(received_at, uid)`.

        `backwards` it is the page that ends before `after`, or the last one of all.
        """
        place = (studies.c.received_at, studies.c.uid)
        query = (
            select(
                studies, patients.c.key, patients.c.id, patients.c.name, patients.c.birth_date, patients.c.sex
            )
            .join(patients, studies.c.patient == patients.c.key)
            .where(*_conditions(wanted))
            .order_by(*(each.asc() if backwards else each.desc() for each in place))
            .limit(limit)
        )
        if after is not None:
            query = query.where(*_beyond(after, backwards=backwards))
        rows = [(parsed(Study, row), parsed(Patient, row)) for row in self._connection.execute(query)]
        return rows[::-1] if backwards else rows

    def add_instance(self, instance: Instance) -> None:
        """Keep a stored object."""
        self._connection.execute(insert(instances), columns(instance))

    def instance(self, sop_uid: SopInstanceUid) -> Instance | None:
        """Return a stored object, or None."""
        row = self._connection.execute(_INSTANCE, {"sop_uid": sop_uid}).one_or_none()
        return None if row is None else parsed(Instance, row)

    def instances_of(self, study: StudyUid) -> list[Instance]:
        """Return a study's objects, the first received first."""
        query = select(instances).where(instances.c.study == study)
        query = query.order_by(instances.c.received_at, instances.c.sop_uid)
        return [parsed(Instance, row) for row in self._connection.execute(query)]

    def heatmaps_of(self, study: StudyUid) -> list[Digest]:
        """Return the heatmaps of every answer on a study."""
        query = select(predictions.c.heatmap).where(
            predictions.c.study == study, predictions.c.heatmap.is_not(None)
        )
        return [Digest(digest) for digest in self._connection.execute(query).scalars()]

    def holding(self, digest: Digest) -> list[Study]:
        """Return the studies of which one object, or one heatmap, is these very bytes."""
        stored = select(instances.c.study).where(instances.c.digest == digest)
        drawn = select(predictions.c.study).where(predictions.c.heatmap == digest)
        query = select(studies).where(or_(studies.c.uid.in_(stored), studies.c.uid.in_(drawn)))
        return [parsed(Study, row) for row in self._connection.execute(query.order_by(studies.c.uid))]

    def first_instances(self, uids: Sequence[StudyUid]) -> dict[StudyUid, Instance]:
        """Return the first stored object of each study that has one."""
        found: dict[StudyUid, Instance] = {}
        for start in range(0, len(uids), 500):  # SQLite bounds the number of parameters
            query = (
                select(instances)
                .where(instances.c.study.in_(uids[start : start + 500]))
                .order_by(instances.c.received_at, instances.c.sop_uid)
            )
            for row in self._connection.execute(query):
                found.setdefault(StudyUid(row.study), parsed(Instance, row))
        return found

    def add_prediction(self, prediction: Prediction) -> None:
        """Keep one model's answer, and that it was the first where it is."""
        self._connection.execute(insert(predictions), columns(prediction))
        if self._connection.execute(_FIRST, {"study": prediction.study}).first() is None:
            self._connection.execute(insert(first_answers), _as_first(self.get(prediction.study), prediction))

    def prediction(self, study: StudyUid, version: VersionKey | None = None) -> Prediction | None:
        """Return the first answer given on a study, or that of one model version."""
        query = select(predictions).where(predictions.c.study == study)
        if version is not None:
            query = query.where(predictions.c.model_version == version)
        query = query.order_by(predictions.c.made_at, predictions.c.model_version).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else parsed(Prediction, row)

    def answers(self, study: StudyUid) -> list[Prediction]:
        """Return every answer on a study, the first first."""
        return [parsed(Prediction, row) for row in self._connection.execute(_ANSWERS, {"study": study})]

    def answer(self, study: StudyUid) -> Prediction | None:
        """Return the answer that counts on a study now, or None."""
        return counting(self.answers(study))

    def embeddings(self, version: VersionKey) -> dict[StudyUid, tuple[float, ...]]:
        """Return what the network of a version made of every study it has read here."""
        query = select(predictions.c.study, predictions.c.embedding).where(
            predictions.c.model_version == version
        )
        return {StudyUid(study): tuple(embedding) for study, embedding in self._connection.execute(query)}

    def answers_that_count(self, uids: Sequence[StudyUid]) -> dict[StudyUid, Prediction]:
        """Return the answer that counts on each study that has one, without its embedding."""
        found = {uid: counting(answers) for uid, answers in self._answers_on(uids).items()}
        return {uid: answer for uid, answer in found.items() if answer is not None}

    def _answers_on(self, uids: Sequence[StudyUid]) -> dict[StudyUid, list[Prediction]]:
        kept = [column for column in predictions.c if column.name != "embedding"]
        found: dict[StudyUid, list[Prediction]] = {}
        for start in range(0, len(uids), 500):  # SQLite bounds the number of parameters
            query = (
                select(*kept)
                .where(predictions.c.study.in_(uids[start : start + 500]))
                .order_by(predictions.c.made_at, predictions.c.model_version)
            )
            for row in self._connection.execute(query):
                found.setdefault(StudyUid(row.study), []).append(parsed(Prediction, row))
        return found

    def predictions_since(self, since: datetime | None, *, limit: int | None = None) -> list[Prediction]:
        """Return answers, the latest first, but for those that somebody asked for anew."""
        query: Select[tuple[object, ...]] = select(predictions).where(predictions.c.asked_by.is_(None))
        query = query.order_by(predictions.c.made_at.desc())
        if since is not None:
            query = query.where(predictions.c.made_at >= since)
        return [parsed(Prediction, row) for row in self._connection.execute(query.limit(limit))]


def _of_priority(wanted: Filter) -> ColumnElement[bool]:
    waits = [studies.c.state == StudyState.PREDICTED]
    if wanted.not_so:
        waits.append(studies.c.uid.not_in(wanted.not_so))
    if wanted.called_by is not None:
        waits.append(_called(wanted.called_by))
    urgent = studies.c.urgent == true()
    found = func.coalesce(studies.c.label, "") == Label.HAS_FINDING  # a row without a label is the rest's too
    match wanted.priority:
        case 1:
            return and_(urgent, *waits)
        case 2:
            return and_(studies.c.urgent == false(), *waits, found)
        case _:
            return not_(and_(or_(urgent, found), *waits))


def _named(text: str) -> list[ColumnElement[bool]]:
    """Return where a patient's id or name holds a text; the parts of a name with a space or without."""
    joined = func.replace(patients.c.name, "^", "")
    spaced = func.replace(func.replace(patients.c.name, "^", " "), "=", " ")
    asked = text.replace("^", " ")
    return [
        patients.c.id.icontains(text, autoescape=True),
        *(name.icontains(asked, autoescape=True) for name in (spaced, joined)),
    ]


def _called(by: PersonKey) -> ColumnElement[bool]:
    return exists().where(own_calls.c.study == studies.c.uid, own_calls.c.by == by)


def _beyond(
    place: tuple[datetime, str], *, backwards: bool
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return what is after a place in the list, or before it; the first half lets the index begin there."""
    (at, uid), received = place, studies.c.received_at
    if backwards:
        return received >= at, or_(received > at, studies.c.uid > uid)
    return received <= at, or_(received < at, studies.c.uid < uid)


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.among is not None:
        conditions.append(studies.c.uid.in_(wanted.among))
    if wanted.state is not None:
        conditions.append(studies.c.state == wanted.state)
    if wanted.label is not None:
        conditions.append(studies.c.label == wanted.label)
        if wanted.called_by is not None:
            conditions.append(_called(wanted.called_by))
    if wanted.priority is not None:
        conditions.append(_of_priority(wanted))
    if wanted.since is not None:
        conditions.append(studies.c.received_at >= wanted.since)
    if wanted.text:
        conditions.append(or_(studies.c.uid == wanted.text, *_named(wanted.text)))
    return conditions + _ones_own(wanted)


def _ones_own(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return what keeps to the studies that a person has taken on, written about or sent."""
    owners = (
        (assignments.c.study, assignments.c.person, wanted.assigned_to),
        (reports.c.study, reports.c.edited_by, wanted.drafted_by),
        (instances.c.study, instances.c.sent_by, wanted.sent_by),
    )
    return [
        studies.c.uid.in_(select(study).where(owner == person))
        for study, owner, person in owners
        if person is not None
    ]


def _as_first(study: Study, answer: Prediction) -> dict[str, Any]:
    """Return the row of a first answer: with what the study was taken, and the seconds that it waited."""
    return {
        "study": study.uid,
        "made_at": answer.made_at,
        "waited": (answer.made_at - study.received_at).total_seconds(),
        "label": answer.label,
        "probability": answer.probability,
        "manufacturer": study.acquisition.manufacturer,
        "model": study.acquisition.model,
        "station": study.acquisition.station,
    }
