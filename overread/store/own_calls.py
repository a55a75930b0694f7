"""Own calls as rows, one a person and study, and the orders in which answers were shown."""

from collections.abc import Collection

from sqlalchemy import Connection, insert, select

from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.own_calls import OrderSet, OwnCall
from overread.store.records import columns, parsed
from overread.store.tables.feedback import answer_orders, own_calls


class OwnCallStore:
    """Append-only."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, call: OwnCall) -> None:
        """Keep a call."""
        self._connection.execute(insert(own_calls).values(**columns(call)))

    def find(self, study: StudyUid, by: PersonKey) -> OwnCall | None:
        """Return a person's call on a study, or None."""
        query = select(own_calls).where(own_calls.c.study == study, own_calls.c.by == by)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else parsed(OwnCall, row)

    def called(self, by: PersonKey, among: Collection[StudyUid]) -> frozenset[StudyUid]:
        """Return those of some studies that a person has called."""
        query = select(own_calls.c.study).where(own_calls.c.by == by, own_calls.c.study.in_(among))
        return frozenset(StudyUid(study) for study in self._connection.execute(query).scalars())

    def set_order(self, order: OrderSet) -> None:
        """Keep a new order."""
        self._connection.execute(insert(answer_orders).values(**columns(order)))

    def latest_order(self) -> OrderSet | None:
        """Return the order that holds; None where none was ever set."""
        query = select(answer_orders).order_by(answer_orders.c.at.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else parsed(OrderSet, row)
