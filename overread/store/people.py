"""People, their passwords and tokens, and the facts of an installation."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from overread.domain.accounts import ONE_TIME_LASTS, Account, KnownPersonError
from overread.domain.errors import ConflictError, NotFoundError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Person, Role, Scope, Token
from overread.store.records import columns, parsed
from overread.store.tables.people import installation, people, tokens

_FACT = select(installation.c.value).where(installation.c.name == bindparam("name"))
_TOKEN = (
    select(tokens)
    .join(people)
    .where(tokens.c.digest == bindparam("digest"))
    .where(people.c.switched_off_at.is_(None))
)


class PeopleStore:
    """Rows of people and tokens; passwords only as digests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, key: PersonKey, role: Role, *, password: str | None, at: datetime) -> None:
        """Keep a new person; `password` is a digest, to be changed at the first sign-in, soon."""
        if self.find(key) is not None:
            raise KnownPersonError(f"{key} is known already")
        self._connection.execute(
            insert(people).values(
                key=key,
                role=role,
                password=password,
                must_change_password=password is not None,
                one_time_until=None if password is None else at + ONE_TIME_LASTS,
                created_at=at,
            )
        )

    def find(self, key: PersonKey) -> Person | None:
        """Return a person, or None."""
        row = self._connection.execute(select(people).where(people.c.key == key)).one_or_none()
        return None if row is None else parsed(Person, row)

    def all(self) -> list[Person]:
        """Return everybody, by name."""
        rows = self._connection.execute(select(people).order_by(people.c.key))
        return [parsed(Person, row) for row in rows]

    def password(self, key: PersonKey) -> str | None:
        """Return the digest of a person's password; None without one and while switched off."""
        is_on = people.c.switched_off_at.is_(None)
        return self._connection.execute(
            select(people.c.password).where(people.c.key == key).where(is_on)
        ).scalar()

    def set_password(self, key: PersonKey, digest: str) -> None:
        """Replace a password by one of the person's own."""
        self._change(key, password=digest, must_change_password=False, one_time_until=None)

    def give_password(self, key: PersonKey, digest: str, *, until: datetime) -> None:
        """Replace a password by one to be changed at the next sign-in, which opens nothing after `until`."""
        self._change(key, password=digest, must_change_password=True, one_time_until=until)

    def account(self, key: PersonKey) -> Account:
        """Return the account of a name; raise `NotFoundError` for an unknown one."""
        row = self._connection.execute(_accounts().where(people.c.key == key)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is nobody of the name {key}")
        return parsed(Account, row)

    def accounts(self) -> list[Account]:
        """Return every account, by name."""
        return [parsed(Account, row) for row in self._connection.execute(_accounts().order_by(people.c.key))]

    def signed_in(self, key: PersonKey, *, at: datetime) -> None:
        """Remember when somebody last signed in."""
        self._change(key, signed_in_at=at)

    def switch(self, key: PersonKey, *, off_at: datetime | None) -> None:
        """Switch an account off, or on with None."""
        self._change(key, switched_off_at=off_at)

    def set_role(self, key: PersonKey, role: Role) -> None:
        """Give somebody another role; their tokens keep the one they were made for."""
        self._change(key, role=role)

    def language(self, key: PersonKey) -> str | None:
        """Return the language a person chose."""
        return self._connection.execute(select(people.c.language).where(people.c.key == key)).scalar()

    def set_language(self, key: PersonKey, language: str) -> None:
        """Remember the language a person chose."""
        self._change(key, language=language)

    def add_token(self, token: Token) -> None:
        """Keep a token's digest."""
        self._connection.execute(insert(tokens).values(**columns(token)))

    def token(self, digest: str) -> Token | None:
        """Return a token by its digest; None also while its person is switched off."""
        row = self._connection.execute(_TOKEN, {"digest": digest}).one_or_none()
        return None if row is None else parsed(Token, row)

    def tokens_of(self, key: PersonKey) -> list[Token]:
        """Return the tokens of a name, the latest first."""
        rows = self._connection.execute(
            select(tokens).where(tokens.c.person == key).order_by(tokens.c.created_at.desc())
        )
        return [parsed(Token, row) for row in rows]

    def end_token(self, digest: str, *, at: datetime) -> None:
        """Let a token end now."""
        self._connection.execute(update(tokens).where(tokens.c.digest == digest).values(expires_at=at))

    def forget_ended(self, key: PersonKey, scope: Scope, *, now: datetime) -> None:
        """Forget the tokens of a name and scope that have ended; the record keeps that they were made."""
        ended = tokens.c.person == key, tokens.c.scope == scope, tokens.c.expires_at <= now
        self._connection.execute(delete(tokens).where(*ended))

    def fact(self, name: str) -> str:
        """Return a fact of the installation, such as the split salt."""
        value = self._connection.execute(_FACT, {"name": name}).scalar()
        if value is None:
            raise NotFoundError(f"the installation has no {name}; run `overread init`")
        return str(value)

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a fact once; a later different value is a conflict."""
        known = self._connection.execute(_FACT, {"name": name}).scalar()
        if known is None:
            self._connection.execute(insert(installation).values(name=name, value=value))
        elif known != value:
            raise ConflictError(f"the installation's {name} is set already and never changes")

    def _change(self, key: PersonKey, **values: object) -> None:
        self._connection.execute(update(people).where(people.c.key == key).values(**values))


def _accounts() -> Select[Any]:
    """Return the query of what an `Account` holds: whether there is a password, never which."""
    return select(
        *(column for column in people.c if column.name != "password"),
        people.c.password.is_not(None).label("has_password"),
    )
