"""Default deny inside: no route without a declared permission, and nothing is read before it is judged."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Annotated, Any, ClassVar

from fastapi import Depends, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from overread.domain.errors import ForbiddenError, UnsupportedError
from overread.domain.people import Permission, Person, Role


class RoleError(ForbiddenError):
    """The caller's role may not do this; `roles` may."""

    def __init__(self, *, roles: Sequence[Role]) -> None:
        super().__init__(f"this needs one of the roles: {', '.join(roles)} (and a token that covers it)")
        self.roles = tuple(roles)


class Check(ABC):
    """A dependency judged before the body is read; what `judge` returns is what the route is handed.

    `header` names the request header that it judges, for the description of the interface.
    """

    header: ClassVar[str | None] = None

    @abstractmethod
    def judge(self, request: Request) -> object:
        """Return what the route needs, or raise; runs in a thread and may look into the database."""

    async def __call__(self, request: Request) -> object:
        """Hand over what was judged before."""
        return request.state.judged[self]


_TOKEN = HTTPBearer(auto_error=False, description="A token of `overread token new`")


class Guard(Check):
    """Lets a person through who may do any of `permissions`; none at all: everybody known."""

    def __init__(self, *permissions: Permission) -> None:
        self.permissions = permissions

    def judge(self, request: Request) -> Person:
        """Return the person; raise `RoleError`, naming who may."""
        person: Person = request.state.caller.person
        if not self.allows(person):
            roles = [role for role in Role if self.allows(Person(key=person.key, role=role))]
            raise RoleError(roles=sorted(roles))
        return person

    async def __call__(
        self,
        request: Request,
        _described: Annotated[HTTPAuthorizationCredentials | None, Security(_TOKEN)] = None,
    ) -> object:
        """Hand over the person; the second argument only describes how to ask."""
        return await super().__call__(request)

    def allows(self, person: Person) -> bool:
        """Say whether this person gets through."""
        return not self.permissions or any(person.may(permission) for permission in self.permissions)


class GuardedRoute(APIRoute):
    """A route whose checks, the guard first, come before its body; without a guard it is a mistake."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **how: Any) -> None:
        super().__init__(path, endpoint, **how)
        headers = [check.header for check in checks_of(self.dependant)[1] if check.header]
        described = [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in headers
        ]
        if described:
            self.openapi_extra = {**(self.openapi_extra or {}), "parameters": described}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the checks before it."""
        handle = super().get_route_handler()
        guards, others = checks_of(self.dependant)
        if len(guards) != 1:
            raise TypeError(f"{self.path}: a route declares exactly one guard, this one has {len(guards)}")

        async def handle_checked(request: Request) -> Response:
            request.state.judged = {guards[0]: guards[0].judge(request)}
            for check in others:
                request.state.judged[check] = await run_in_threadpool(check.judge, request)
            if self.body_field is not None:
                require_json(request)
            return await handle(request)

        return handle_checked


def require_json(request: Request) -> None:
    """Raise `UnsupportedError` for a body that does not say it is JSON; no body at all is judged later."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind, _, subtype = media_type.partition("/")
    if has_body and (kind != "application" or not (subtype == "json" or subtype.endswith("+json"))):
        raise UnsupportedError("send the body as application/json")


def checks_of(dependant: Dependant) -> tuple[list[Guard], list[Check]]:
    """Return the guards and the other checks among a route's dependencies, in order."""
    found = list(dict.fromkeys(each.call for each in _all(dependant) if isinstance(each.call, Check)))
    return [c for c in found if isinstance(c, Guard)], [c for c in found if not isinstance(c, Guard)]


def _all(dependant: Dependant) -> Iterator[Dependant]:
    for each in dependant.dependencies:
        yield each
        yield from _all(each)


Anyone = Annotated[Person, Depends(Guard())]
Sender = Annotated[Person, Depends(Guard(Permission.SEND))]
OwnOrAll = Annotated[Person, Depends(Guard(Permission.SEE_STUDIES, Permission.SEE_OWN_SENT))]
PredictionViewer = Annotated[Person, Depends(Guard(Permission.SEE_PREDICTIONS))]
PredictionOrOwn = Annotated[Person, Depends(Guard(Permission.SEE_PREDICTIONS, Permission.SEE_OWN_SENT))]
Viewer = Annotated[Person, Depends(Guard(Permission.SEE_STUDIES))]
ReportWriter = Annotated[Person, Depends(Guard(Permission.WRITE_REPORT))]
Reader = Annotated[Person, Depends(Guard(Permission.GIVE_FEEDBACK))]
Rescorer = Annotated[Person, Depends(Guard(Permission.RESCORE))]
Releaser = Annotated[Person, Depends(Guard(Permission.RELEASE))]
CaseReader = Annotated[Person, Depends(Guard(Permission.READ_CASE))]
CaseViewer = Annotated[Person, Depends(Guard(Permission.READ_CASE, Permission.SEE_CASES))]
CaseLister = Annotated[Person, Depends(Guard(Permission.RESOLVE_CASE, Permission.SEE_CASES))]
Senior = Annotated[Person, Depends(Guard(Permission.RESOLVE_CASE))]
CandidateViewer = Annotated[Person, Depends(Guard(Permission.SEE_CANDIDATES))]
Reviewer = Annotated[Person, Depends(Guard(Permission.DECIDE))]
ModelViewer = Annotated[Person, Depends(Guard(Permission.SEE_MODELS))]
RollBacker = Annotated[Person, Depends(Guard(Permission.ROLL_BACK))]
RetrainingViewer = Annotated[Person, Depends(Guard(Permission.SEE_RETRAININGS))]
RetrainingStarter = Annotated[Person, Depends(Guard(Permission.RUN_RETRAININGS))]
RetrainingCanceller = Annotated[Person, Depends(Guard(Permission.CANCEL_RETRAININGS))]
ShadowViewer = Annotated[Person, Depends(Guard(Permission.SEE_SHADOWS))]
ShadowStarter = Annotated[Person, Depends(Guard(Permission.RUN_SHADOWS))]
MonitoringViewer = Annotated[Person, Depends(Guard(Permission.SEE_MONITORING))]
AlertResolver = Annotated[Person, Depends(Guard(Permission.RESOLVE_ALERT))]
TextSwitcher = Annotated[Person, Depends(Guard(Permission.SWITCH_NORMAL_TEXT))]
AuditViewer = Annotated[Person, Depends(Guard(Permission.SEE_AUDIT))]
PeopleViewer = Annotated[Person, Depends(Guard(Permission.SEE_PEOPLE))]
PeopleManager = Annotated[Person, Depends(Guard(Permission.MANAGE_PEOPLE))]
Voucher = Annotated[Person, Depends(Guard(Permission.VOUCH))]
