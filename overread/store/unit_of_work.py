"""One transaction and the stores that share it."""

from typing import Self

from sqlalchemy import Engine

from overread.store.answers import AnswerStore
from overread.store.archive import ArchiveStore
from overread.store.assignments import AssignmentStore
from overread.store.audit import AuditLog
from overread.store.audits import LotStore, TextSwitchStore
from overread.store.feedback import CaseStore, CorrectionStore, LabelStore
from overread.store.locks import ReadingLockStore
from overread.store.models import DatasetStore, ModelStore
from overread.store.monitoring import MonitoringStore
from overread.store.outbox import Outbox
from overread.store.own_calls import OwnCallStore
from overread.store.people import PeopleStore
from overread.store.reader_studies import ReaderStudyStore
from overread.store.readings import ReadingStore
from overread.store.reports import ReportStore
from overread.store.shadows import ShadowStore
from overread.store.studies import StudyStore


class UnitOfWork:
    """One transaction and the stores that share it; leaving without `commit` undoes everything.

    A reading unit sees one state of the database and never waits for a writer.
    """

    def __init__(self, engine: Engine, *, reading: bool = False) -> None:
        self._engine = engine
        self._reading = reading

    def __enter__(self) -> Self:
        self._connection = self._engine.connect().execution_options(reading=self._reading)
        try:
            self._transaction = self._connection.begin()
        except BaseException:
            self._connection.close()
            raise
        connection = self._connection
        self.answers = AnswerStore(connection)
        self.archive = ArchiveStore(connection)
        self.assignments = AssignmentStore(connection)
        self.audit = AuditLog(connection)
        self.cases = CaseStore(connection)
        self.corrections = CorrectionStore(connection)
        self.datasets = DatasetStore(connection)
        self.labels = LabelStore(connection)
        self.lots = LotStore(connection)
        self.models = ModelStore(connection)
        self.monitoring = MonitoringStore(connection)
        self.outbox = Outbox(connection)
        self.own_calls = OwnCallStore(connection)
        self.people = PeopleStore(connection)
        self.reader_studies = ReaderStudyStore(connection)
        self.readings = ReadingStore(connection)
        self.reading_locks = ReadingLockStore(connection)
        self.reports = ReportStore(connection)
        self.shadows = ShadowStore(connection)
        self.studies = StudyStore(connection)
        self.text_switches = TextSwitchStore(connection)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._connection.close()  # rolls back what was not committed

    def commit(self) -> None:
        """Make everything done in this unit durable, all or nothing."""
        self._transaction.commit()
