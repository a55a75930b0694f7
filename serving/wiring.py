"""What every route is handed: the wired services and this process's own moving parts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from bootstrap.web import WebServices
from overread.domain.people import Permission, Person
from overread.domain.tasks import Task
from overread.store.group_commit import GroupCommit
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork
from serving.announcements import Announcements
from serving.contexts import Contexts
from serving.cursors import Cursors
from serving.inference.model_slot import ModelSlot
from serving.inference.worker import Worker
from serving.live import Streams
from serving.metrics import Metrics
from serving.security.forgery import Forgery
from serving.security.limits import Quota
from serving.security.sessions import Sessions

GUESSES_PER_MINUTE = 10  # passwords of one name from one address


@dataclass(frozen=True, kw_only=True)
class Web:
    """One running web process; `scoring` says whether its own worker scores."""

    services: WebServices
    sessions: Sessions
    forgery: Forgery
    guesses: Quota
    cursors: Cursors
    arrivals: GroupCommit
    announcements: Announcements
    streams: Streams
    contexts: Contexts
    slot: ModelSlot
    worker: Worker
    metrics: Metrics
    scoring: bool

    @property
    def task(self) -> Task:
        """The question that is asked."""
        return self.services.task

    @property
    def objects(self) -> Objects:
        """Stored bytes."""
        return self.services.storage.objects

    def shows_test_cases(self, person: Person) -> bool:
        """Say whether this person sees single studies of the test set; a policy may open them to all."""
        opened = self.services.policy.test_set.open_cases and person.may(Permission.SEE_CANDIDATES)
        return opened or person.may(Permission.SEE_TEST_CASES)

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return self.services.now()

    def work(self) -> UnitOfWork:
        """Return a unit of work that may write."""
        return self.services.storage.work()

    def look(self) -> UnitOfWork:
        """Return a unit of work that only reads."""
        return self.services.storage.look()


def wire(services: WebServices, *, scoring: bool) -> Web:
    """Put the parts of a web process together; nothing starts yet."""
    settings, storage = services.settings, services.storage
    slot = ModelSlot(
        storage,
        task=services.task.name,
        threads=settings.inference_threads,
        signing_key=settings.signing_key_path,
    )
    announcements, metrics = Announcements(), Metrics()
    return Web(
        services=services,
        sessions=Sessions(services.secret, minutes=settings.session_minutes),
        forgery=Forgery(services.secret),
        guesses=Quota(GUESSES_PER_MINUTE),
        cursors=Cursors(services.secret),
        arrivals=GroupCommit(storage.work),
        announcements=announcements,
        streams=Streams(
            storage.look,
            announcements,
            now=services.now,
            zone=settings.zone,
        ),
        contexts=Contexts(),
        slot=slot,
        worker=Worker(services, slot, announcements=announcements, metrics=metrics),
        metrics=metrics,
        scoring=scoring,
    )


def wired_now(request: Request) -> Web:
    """Return the parts of the app that a request came to."""
    web: Web = request.app.state.web
    return web


async def wired(request: Request) -> Web:
    """Hand them to a route, without a thread of its own."""
    return wired_now(request)


Wired = Annotated[Web, Depends(wired)]
