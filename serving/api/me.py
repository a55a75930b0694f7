"""Who I am here and what I may do."""

from fastapi import APIRouter

from overread.domain.people import Permission, Role, Scope
from overread.settings.environment import Language
from serving.api.shapes import Answer
from serving.security.permissions import Anyone, GuardedRoute
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=GuardedRoute)


class MeAnswer(Answer):
    """One person or program."""

    name: str
    role: Role
    scope: Scope | None
    language: str
    may: list[Permission]


@router.get("/me")
def show_me(by: Anyone, web: Wired) -> MeAnswer:
    """Return who is asking."""
    default: Language = web.services.settings.language
    with web.look() as work:
        language = work.people.language(by.key) or default
    may = [permission for permission in Permission if by.may(permission)]
    return MeAnswer(name=by.key, role=by.role, scope=by.scope, language=language, may=may)
