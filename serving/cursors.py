"""Pages of lists: a limit, and a signed cursor that says where the next page begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from itsdangerous import BadSignature, URLSafeSerializer

from overread.domain.errors import InputError

T = TypeVar("T")
Position = Sequence[str | int]


class Cursors:
    """Signs positions in lists, so that nobody leans on what is in them."""

    def __init__(self, secret: bytes) -> None:
        self._signer = URLSafeSerializer(secret, salt="cursor")

    def sign(self, of: str, position: Position) -> str:
        """Return the cursor of a position in the list `of`."""
        return str(self._signer.dumps([of, *position]))

    def read(self, of: str, cursor: str | None) -> list[str | int] | None:
        """Return the position; raise `InputError` when the cursor is not one of ours for this list."""
        if cursor is None:
            return None
        try:
            name, *position = self._signer.loads(cursor)
        except (BadSignature, TypeError, ValueError) as error:
            raise InputError("this cursor was changed; start again without one") from error
        if name != of:
            raise InputError("this cursor belongs to another list; start again without one")
        return list(position)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageAsked:
    """Which page of a list is asked for."""

    limit: int
    cursor: str | None


async def page_asked(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> PageAsked:
    """Read `limit` and `cursor` from the address."""
    return PageAsked(limit=limit, cursor=cursor)


Paging = Annotated[PageAsked, Depends(page_asked)]


def page_of(
    items: Sequence[T], asked: PageAsked, cursors: Cursors, *, of: str, key: Callable[[T], str]
) -> tuple[list[T], str | None]:
    """Cut one page out of a list held whole; it begins behind the row whose key the cursor names."""
    position = cursors.read(of, asked.cursor)
    keys = [key(item) for item in items]
    start = 0 if position is None or position[0] not in keys else keys.index(str(position[0])) + 1
    page = list(items[start : start + asked.limit])
    more = start + asked.limit < len(items)
    return page, cursors.sign(of, [key(page[-1])]) if more else None
