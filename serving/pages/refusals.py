"""What a page says of what it refuses: beside the field that is to blame, or above the form."""

from pydantic import ValidationError

from overread.domain.accounts import ROLES_OF_PEOPLE
from overread.domain.errors import InputError, OverreadError
from overread.wording.catalogue import Catalogue
from serving.security.permissions import RoleError

_BLAMED = {
    "wrong-password": "current",
    "different-passwords": "again",
    "known-person": "name",
    "drift-unexplained": "accept_drift",
}
_ON_THE_PAGE = {"text.findings": "findings_text", "text.impression": "impression"}
_NOT_CHOSEN = frozenset({"enum", "literal_error"})
_TOO_LONG = "string_too_long"


class FieldError(InputError):
    """One field cannot be taken as it was filled in; `wrong` is a key of the catalogue's `field`."""

    def __init__(self, message: str, *, field: str, wrong: str, bound: int = 0) -> None:
        super().__init__(message)
        self.field = field
        self.wrong = wrong
        self.bound = bound


def refused_input(error: ValidationError) -> InputError:
    """Return the first fault of a body; a `FieldError` where a page has the field that it is about."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    field, message = _ON_THE_PAGE.get(where, where), f"{where}: {first['msg']}"
    if "." in field:
        return InputError(message)
    bound = int(first.get("ctx", {}).get("max_length", 0))
    return FieldError(message, field=field, wrong=_wrong(first["type"], first.get("input")), bound=bound)


def explained(words: Catalogue, error: OverreadError) -> str:
    """Return an error's words: of a bad input the error's own, beside ours; otherwise the catalogue's."""
    if isinstance(error, RoleError):
        names = [words.text(f"role.{role}") for role in error.roles if role in ROLES_OF_PEOPLE]
        return words.text("problem.role", roles=words.text("list.comma").join(names))
    said = words.text_or(f"problem.{error.code}", str(error))
    is_told_beside = isinstance(error, FieldError)
    return f"{said} ({error})" if error.code == InputError.code and not is_told_beside else said


def above(words: Catalogue, error: OverreadError) -> str | None:
    """Return what is said above a form; nothing where all there is to say stands beside a field."""
    return None if error.code in _BLAMED else explained(words, error)


def faults(words: Catalogue, error: OverreadError) -> dict[str, str]:
    """Return what is wrong with which field; empty where none is to blame."""
    if isinstance(error, FieldError):
        return {error.field: words.text(f"field.{error.wrong}", bound=f"{error.bound:,}")}
    field = _BLAMED.get(error.code)
    return {} if field is None else {field: explained(words, error)}


def _wrong(fault: str, typed: object) -> str:
    if fault in _NOT_CHOSEN:
        return "choose"
    if fault == _TOO_LONG:
        return "too_long"
    return "unfit" if typed is not None and str(typed).strip() else "empty"
