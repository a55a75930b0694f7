"""Who means to read a study: in a list that others share, they leave it to that person."""

from dataclasses import dataclass
from datetime import datetime

from overread.domain.identifiers import PersonKey, StudyUid


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """One person's study, until they sign it or give it back; unlike a lock it outlasts the open page."""

    study: StudyUid
    person: PersonKey
    at: datetime
