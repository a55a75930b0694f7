"""Rows to domain values and back: column names are field names, nested values travel as JSON."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

from cattrs import Converter
from sqlalchemy import JSON, Dialect, Row
from sqlalchemy.types import DateTime, TypeDecorator

from overread.domain.identifiers import Identifier

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def _instant(value: Any, _: type) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _day(value: Any, _: type) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


@cache
def converter() -> Converter:
    """Return the one converter between domain values and plain JSON values."""
    made = Converter(detailed_validation=False)
    made.register_structure_hook(datetime, _instant)
    made.register_structure_hook(date, _day)
    made.register_unstructure_hook(datetime, lambda at: at.astimezone(UTC).isoformat())
    made.register_unstructure_hook(date, lambda day: day.isoformat())
    made.register_unstructure_hook(float, lambda number: number if isfinite(number) else None)
    made.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    made.register_structure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, Identifier), lambda value, kind: kind(value)
    )
    return made


def plain(value: object) -> Any:
    """Return `value` as JSON values; an undefined or infinite number is None."""
    return converter().unstructure(value)


def parsed(kind: type[T], values: Mapping[str, Any] | Row[Any]) -> T:
    """Return the domain value of `kind` that a row or JSON object stands for; extra keys are ignored."""
    return converter().structure(values._asdict() if isinstance(values, Row) else dict(values), kind)


def columns(value: "DataclassInstance") -> dict[str, Any]:
    """Return a domain value's fields as column values; the column types do the rest."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


class Nested(TypeDecorator[Any]):
    """A JSON column that takes domain values as they are."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        """Unstructure on the way in."""
        return None if value is None else plain(value)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive instant; store UTC (SQLite keeps no zone)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
