"""What the worklist is narrowed to: in its own address, and carried along to the studies opened from it."""

from dataclasses import dataclass
from typing import Annotated, Self
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query

from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.studies import StudyState
from overread.store.studies import Filter

LONGEST_SEARCH = 200
DRAFT = "draft"  # waits to be read, and its reader has begun the report
STATES = (*(each.value for each in StudyState), DRAFT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A state, a result, part of a name or id, and whether one's own alone; empty where nothing is chosen."""

    state: str = ""
    label: str = ""
    q: str = ""
    mine: bool = False

    @classmethod
    def told(cls, query: str) -> Self:
        """Return the choices that a study's page was handed; what is unknown or too long is left out."""
        said = dict(parse_qsl(query[: 4 * LONGEST_SEARCH]))
        state, label = said.get("state", ""), said.get("label", "")
        return cls(
            state=state if state in STATES else "",
            label=label if label in {each.value for each in Label} else "",
            q=said.get("q", "").strip()[:LONGEST_SEARCH],
            mine=bool(said.get("mine")),
        )

    def query(self, **more: str) -> str:
        """Return the choices as the query of an address."""
        asked = {
            "state": self.state,
            "label": self.label,
            "q": self.q,
            "mine": "1" if self.mine else "",
        } | more
        return urlencode({name: value for name, value in asked.items() if value})

    def address(self, **more: str) -> str:
        """Return the address of the list with these choices."""
        query = self.query(**more)
        return f"/?{query}" if query else "/"

    def export(self) -> str:
        """Return the address of the list as a file."""
        return f"/worklist.csv?{self.query()}"

    def study(self, uid: str, **more: str) -> str:
        """Return the address of a study that leads back to this list."""
        asked = {"list": self.query(), **more}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"/studies/{uid}?{query}" if query else f"/studies/{uid}"

    def filter(self, by: PersonKey) -> Filter:
        """Return a person's choices as the store takes them; raise `InputError` for unknown words."""
        begun = self.state == DRAFT
        state = StudyState.PREDICTED.value if begun else self.state
        try:
            return Filter(
                state=StudyState(state) if state else None,
                label=Label(self.label) if self.label else None,
                text=self.q,
                assigned_to=by if self.mine else None,
                drafted_by=by if begun else None,
            )
        except ValueError as error:
            raise InputError("there is no such state or result") from error


EVERYTHING = Chosen()


def _asked(
    state: str = "",
    label: str = "",
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    mine: Annotated[str, Query(max_length=1)] = "",
) -> Chosen:
    return Chosen(state=state, label=label, q=q.strip(), mine=bool(mine))


Asking = Annotated[Chosen, Depends(_asked)]
