"""People, their passwords and tokens, and the facts of an installation."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from overread.domain.errors import ConflictError, NotFoundError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Person, Role, Token
from overread.store.records import columns, parsed
from overread.store.tables.people import installation, people, tokens


class PeopleStore:
    """Rows of people and tokens; passwords only as digests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, key: PersonKey, role: Role, *, password: str | None, at: datetime) -> None:
        """Keep a new person; `password` is a digest, to be changed at first sign-in."""
        if self.find(key) is not None:
            raise ConflictError(f"{key} is known already")
        self._connection.execute(
            insert(people).values(
                key=key,
                role=role,
                password=password,
                must_change_password=password is not None,
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
        """Return the digest of a person's password."""
        return self._connection.execute(select(people.c.password).where(people.c.key == key)).scalar()

    def set_password(self, key: PersonKey, digest: str, *, must_change: bool) -> None:
        """Replace a password."""
        self._connection.execute(
            update(people)
            .where(people.c.key == key)
            .values(password=digest, must_change_password=must_change)
        )

    def language(self, key: PersonKey) -> str | None:
        """Return the language a person chose."""
        return self._connection.execute(select(people.c.language).where(people.c.key == key)).scalar()

    def set_language(self, key: PersonKey, language: str) -> None:
        """Remember the language a person chose."""
        self._connection.execute(update(people).where(people.c.key == key).values(language=language))

    def add_token(self, token: Token) -> None:
        """Keep a token's digest."""
        self._connection.execute(insert(tokens).values(**columns(token)))

    def token(self, digest: str) -> Token | None:
        """Return a token by its digest."""
        row = self._connection.execute(select(tokens).where(tokens.c.digest == digest)).one_or_none()
        return None if row is None else parsed(Token, row)

    def fact(self, name: str) -> str:
        """Return a fact of the installation, such as the split salt."""
        value = self._connection.execute(
            select(installation.c.value).where(installation.c.name == name)
        ).scalar()
        if value is None:
            raise NotFoundError(f"the installation has no {name}; run `overread init`")
        return str(value)

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a fact once; a later different value is a conflict."""
        known = self._connection.execute(
            select(installation.c.value).where(installation.c.name == name)
        ).scalar()
        if known is None:
            self._connection.execute(insert(installation).values(name=name, value=value))
        elif known != value:
            raise ConflictError(f"the installation's {name} is set already and never changes")
