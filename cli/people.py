"""People and programs: `overread user add`, `overread token new`."""

import secrets
from datetime import timedelta
from typing import Annotated

import typer

from cli.settings import AsJson, answer, settings
from overread.domain.people import Role, Scope

user = typer.Typer(no_args_is_help=True, help="People who sign in.")
token = typer.Typer(no_args_is_help=True, help="Credentials of programs.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(user, name="user")
    app.add_typer(token, name="token")


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="How the person signs in.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")],
    as_json: AsJson = False,
) -> None:
    """Add a person; the one-time password is printed once and changed at the first sign-in."""
    from bootstrap.clock import utc_now
    from bootstrap.storage import open_storage
    from overread.domain.audit import AuditEvent
    from overread.domain.identifiers import PersonKey
    from overread.domain.people import password_digest

    password, now = secrets.token_urlsafe(12), utc_now()
    with open_storage(settings()).work() as work:
        work.people.add(PersonKey(name), role, password=password_digest(password), at=now)
        details = {"role": role}
        work.audit.append(
            AuditEvent(
                at=now, by="operator", action="person-added", subject=f"person:{name}", details=details
            )
        )
        work.commit()
    answer({"name": name, "role": role.value, "password": password}, as_json=as_json)


@token.command("new")
def new_token(
    name: Annotated[str, typer.Argument(help="Whose voice it is; an unknown name is made.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    only: Annotated[Scope | None, typer.Option(help="Narrow it to one scope.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it ends.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is printed once, we keep only its digest."""
    from bootstrap.clock import utc_now
    from bootstrap.credentials import issue_token
    from bootstrap.storage import open_storage
    from overread.domain.identifiers import PersonKey

    now = utc_now()
    expires = None if days is None else now + timedelta(days=days)
    storage = open_storage(settings())
    made = issue_token(storage, PersonKey(name), role, scope=only, now=now, expires_at=expires)
    if not as_json:
        typer.echo(made)
        return
    result = {"name": name, "role": role.value, "token": made}
    answer({**result, "expires_at": None if expires is None else expires.isoformat()}, as_json=True)
