"""What was computed as JSON values: an undefined or infinite number is null, never NaN on the wire."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from datetime import date

Json = bool | int | float | str | None | list["Json"] | dict[str, "Json"]


def recorded(value: object) -> Json:
    """Return dataclasses, mappings, sequences, numbers, days and instants (ISO 8601) as JSON values."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str | date):
        return value.isoformat() if isinstance(value, date) else str(value)  # also of an enum or identifier
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: recorded(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): recorded(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [recorded(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no place in a record")
