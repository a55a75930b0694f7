"""What a search asks for: attributes to match, attributes to answer, and how many (PS3.18 section 8.3.4)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from overread.domain.errors import InputError, MalformedError
from overread.domain.identifiers import StudyUid
from overread.store.archive import Wanted

if TYPE_CHECKING:
    from pydicom import Dataset

MOST = 200
_OTHER = frozenset({"limit", "offset", "includefield", "fuzzymatching", "emptyvaluematching"})
_IN_THE_DATABASE = frozenset({"StudyInstanceUID", "PatientID", "PatientName", "StudyDate"})
_RANGED = frozenset({"DA", "TM", "DT"})
_TAG = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """One search: values to match by keyword, keywords that are wanted besides, and which of the results."""

    keys: dict[str, str]
    fields: tuple[str, ...]
    offset: int
    limit: int

    @property
    def in_headers(self) -> dict[str, str]:
        """Keys that only the objects themselves can answer."""
        return {name: value for name, value in self.keys.items() if name not in _IN_THE_DATABASE}

    @property
    def wanted(self) -> Wanted:
        """Keys that the database answers."""
        first, last = _days(self.keys.get("StudyDate", ""))
        return Wanted(
            uids=_uids(self.keys.get("StudyInstanceUID", "")),
            patient_id=self.keys.get("PatientID", ""),
            patient_name=self.keys.get("PatientName", ""),
            first=first,
            last=last,
        )


def search_of(parameters: Iterable[tuple[str, str]], *, offset: int, limit: int) -> Search:
    """Read a search from an address; an empty value matches all, and what is no attribute is ignored."""
    pairs = [(name, value.replace("\x00", "")) for name, value in parameters]
    asked = {_keyword(name): value for name, value in pairs if name not in _OTHER}
    fields = [
        _keyword(field) for name, value in pairs if name == "includefield" for field in value.split(",")
    ]
    return Search(
        keys={name: value for name, value in asked.items() if name and value},
        fields=tuple(name for name in (*asked, *fields) if name),
        offset=offset,
        limit=min(limit, MOST),
    )


def _keyword(name: str) -> str:
    """Return the keyword of an attribute given by keyword or tag; empty where there is no such."""
    from pydicom.datadict import keyword_for_tag, tag_for_keyword

    if _TAG.fullmatch(name):
        return keyword_for_tag(int(name, 16))
    return name if tag_for_keyword(name) is not None else ""


def _uids(text: str) -> tuple[StudyUid, ...]:
    try:
        return tuple(StudyUid(each) for each in re.split(r"[,\\]", text) if each)
    except InputError as error:
        raise MalformedError("StudyInstanceUID: not a UID, or a list of UIDs") from error


def _days(text: str) -> tuple[date | None, date | None]:
    """Return both ends of a day or a range of days, such as 20240101-20240131 (PS3.4 C.2.2.2.5)."""
    first, dash, last = text.partition("-")
    try:
        ends = [date.fromisoformat(each) if each else None for each in (first, last if dash else first)]
    except ValueError as error:
        raise MalformedError("StudyDate: write it as 20240131, or 20240101-20240131") from error
    return ends[0], ends[1]


def matches(ds: "Dataset", keys: dict[str, str]) -> bool:
    """Say whether a header has what is asked for (PS3.4 C.2.2.2); an attribute it lacks matches nothing."""
    return all(keyword in ds and _match(ds, keyword, wanted) for keyword, wanted in keys.items())


def _match(ds: "Dataset", keyword: str, wanted: str) -> bool:
    element = ds[keyword]
    value = element.value
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    values = [str(each) for each in value] if several else [str(value)]
    if element.VR in _RANGED and "-" in wanted:
        first, _, last = wanted.partition("-")
        return any((first or each) <= each <= (last or each) for each in values if each)
    if element.VR == "PN":
        values, wanted = [each.casefold() for each in values], wanted.casefold()
    patterns = [each.replace("[", "[[]") for each in re.split(r"[,\\]", wanted)]
    return any(fnmatchcase(each, pattern) for each in values for pattern in patterns)
