"""Datasets, test sets and looks, model versions, promotion requests and the production row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from overread.domain.datasets import DatasetVersion, Look, TestSet, Use
from overread.domain.errors import ConflictError, NotFoundError
from overread.domain.identifiers import Digest, PersonKey, StudyUid, VersionKey
from overread.domain.models import ModelState, ModelVersion, Signature
from overread.domain.promotion import PromotionRequest, Review
from overread.store.records import columns, parsed
from overread.store.tables.models import (
    datasets,
    flip_views,
    looks,
    models,
    production,
    production_history,
    requests,
    reviews,
    test_set_uses,
    test_sets,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Succession:
    """One change of production: who came, who went, by whom and why."""

    seq: int
    version: VersionKey
    previous: VersionKey | None
    at: datetime
    by: tuple[str, ...]
    reason: str
    rollback: bool


class DatasetStore:
    """Dataset versions, test sets and the ledger of looks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, dataset: DatasetVersion) -> None:
        """Keep a dataset version."""
        self._connection.execute(insert(datasets).values(**columns(dataset)))

    def get(self, version: str) -> DatasetVersion:
        """Return a dataset version; raise `NotFoundError`."""
        row = self._connection.execute(select(datasets).where(datasets.c.version == version)).one_or_none()
        if row is None:
            raise NotFoundError(f"no dataset version {version}")
        return parsed(DatasetVersion, row)

    def all(self) -> list[DatasetVersion]:
        """Return the dataset versions, in order."""
        rows = self._connection.execute(select(datasets).order_by(datasets.c.created_at, datasets.c.version))
        return [parsed(DatasetVersion, row) for row in rows]

    def add_test_set(self, test_set: TestSet) -> None:
        """Keep a frozen test set."""
        self._connection.execute(insert(test_sets).values(**columns(test_set)))

    def test_set(self) -> TestSet | None:
        """Return the latest frozen test set."""
        known = self.test_sets()
        return known[-1] if known else None

    def test_sets(self) -> list[TestSet]:
        """Return every frozen test set, in order."""
        query = select(test_sets).order_by(test_sets.c.frozen_at, test_sets.c.version)
        return [parsed(TestSet, row) for row in self._connection.execute(query)]

    def set_bridge(self, test_set: str, bridge: Digest) -> None:
        """Add what a refresh alone changes to its test set, once."""
        changed = self._connection.execute(
            update(test_sets)
            .where(test_sets.c.version == test_set, test_sets.c.bridge.is_(None))
            .values(bridge=bridge)
        )
        if changed.rowcount != 1:
            raise ConflictError("this test set has its bridge already")

    def add_use(self, use: Use) -> None:
        """Write a use of a test set without a verdict, before anything is scored."""
        self._connection.execute(insert(test_set_uses).values(**columns(use)))

    def uses(self, test_set: str) -> list[Use]:
        """Return the uses of a test set that asked for no verdict, in order."""
        query = select(test_set_uses).where(test_set_uses.c.test_set == test_set)
        query = query.order_by(test_set_uses.c.at, test_set_uses.c.id)
        return [parsed(Use, row) for row in self._connection.execute(query)]

    def add_look(self, look: Look) -> None:
        """Write a use of the test set, before anything is scored."""
        self._connection.execute(insert(looks).values(**columns(look)))

    def set_verdict(self, look_id: str, verdict: str) -> None:
        """Add the verdict to its look, once."""
        changed = self._connection.execute(
            update(looks).where(looks.c.id == look_id, looks.c.verdict.is_(None)).values(verdict=verdict)
        )
        if changed.rowcount != 1:
            raise ConflictError("this look has its verdict already")

    def looks(self, test_set: str) -> list[Look]:
        """Return the uses of a test set, in order."""
        query = select(looks).where(looks.c.test_set == test_set).order_by(looks.c.look)
        return [parsed(Look, row) for row in self._connection.execute(query)]


class ModelStore:
    """Model versions, requests to promote them, and which one serves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, model: ModelVersion) -> None:
        """Keep a new version."""
        self._connection.execute(insert(models).values(**columns(model)))

    def get(self, version: str) -> ModelVersion:
        """Return a version; raise `NotFoundError`."""
        row = self._connection.execute(select(models).where(models.c.version == version)).one_or_none()
        if row is None:
            raise NotFoundError(f"no model version {version}")
        return parsed(ModelVersion, row)

    def all(self) -> list[ModelVersion]:
        """Return all versions, the oldest first."""
        rows = self._connection.execute(select(models).order_by(models.c.trained_at, models.c.version))
        return [parsed(ModelVersion, row) for row in rows]

    def set_signature(self, version: str, signature: Signature) -> None:
        """Keep a site's word on a version's package."""
        self._connection.execute(
            update(models).where(models.c.version == version).values(signature=signature)
        )

    def set_state(self, version: str, state: ModelState) -> None:
        """Keep a version's new state."""
        self._connection.execute(update(models).where(models.c.version == version).values(state=state))

    def production(self, task: str) -> ModelVersion | None:
        """Return the version in production."""
        version = self._connection.execute(
            select(production.c.version).where(production.c.task == task)
        ).scalar()
        return None if version is None else self.get(version)

    def put_in_production(
        self, task: str, version: VersionKey, *, at: datetime, by: Sequence[str], reason: str, rollback: bool
    ) -> VersionKey | None:
        """Make `version` the one that serves and return the one that did; the states follow."""
        before = self.production(task)
        if before is None:
            self._connection.execute(insert(production).values(task=task, version=version, since=at))
        else:
            self.set_state(before.version, ModelState.RETIRED)
            self._connection.execute(
                update(production).where(production.c.task == task).values(version=version, since=at)
            )
        self.set_state(version, ModelState.PRODUCTION)
        previous = None if before is None else before.version
        self._connection.execute(
            insert(production_history).values(
                task=task,
                version=version,
                previous=previous,
                at=at,
                by=list(by),
                reason=reason,
                rollback=rollback,
            )
        )
        return previous

    def successions(self, task: str) -> list[Succession]:
        """Return every change of production, in order."""
        query = (
            select(production_history)
            .where(production_history.c.task == task)
            .order_by(production_history.c.seq)
        )
        return [parsed(Succession, row) for row in self._connection.execute(query)]

    def add_request(self, request: PromotionRequest) -> None:
        """Keep a request to promote."""
        values = columns(request)
        values.pop("reviews")
        self._connection.execute(insert(requests).values(**values))

    def save_request(self, request: PromotionRequest) -> None:
        """Keep a request's new state and whatever reviews are new."""
        self._connection.execute(
            update(requests).where(requests.c.version == request.version).values(state=request.state)
        )
        known = {review.id for review in self.request(request.version).reviews}
        for review in request.reviews:
            if review.id not in known:
                self._connection.execute(insert(reviews).values(version=request.version, **columns(review)))

    def add_seen_flips(
        self, version: VersionKey, reviewer: PersonKey, studies: Sequence[StudyUid], *, at: datetime
    ) -> None:
        """Note flips that a reviewer looks at for the first time."""
        seen = {"version": version, "reviewer": reviewer, "at": at}
        self._connection.execute(insert(flip_views), [{**seen, "study": study} for study in studies])

    def seen_flips(self, version: VersionKey, reviewer: PersonKey) -> frozenset[StudyUid]:
        """Return the flips of a candidate that a reviewer has looked at."""
        query = select(flip_views.c.study).where(
            flip_views.c.version == version, flip_views.c.reviewer == reviewer
        )
        return frozenset(StudyUid(study) for study in self._connection.execute(query).scalars())

    def request(self, version: str) -> PromotionRequest:
        """Return the request for a version; raise `NotFoundError`."""
        found = self._requests(requests.c.version == version)
        if not found:
            raise NotFoundError(f"nobody has asked to promote version {version}")
        return found[0]

    def requests(self) -> list[PromotionRequest]:
        """Return all requests, the latest first."""
        return self._requests()

    def _requests(self, *conditions: ColumnElement[bool]) -> list[PromotionRequest]:
        asked = select(requests).where(*conditions)
        given: dict[str, list[Review]] = {}
        versions = asked.with_only_columns(requests.c.version)
        query = select(reviews).where(reviews.c.version.in_(versions)).order_by(reviews.c.at, reviews.c.id)
        for row in self._connection.execute(query):
            given.setdefault(row.version, []).append(parsed(Review, row))
        rows = self._connection.execute(asked.order_by(requests.c.created_at.desc(), requests.c.version))
        return [
            replace(parsed(PromotionRequest, row), reviews=tuple(given.get(row.version, ()))) for row in rows
        ]
