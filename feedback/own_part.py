"""How much of a training set one person had a hand in: a conflict that is named, not hidden."""

from dataclasses import dataclass

from feedback.datasets import corrected
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey, StudyUid
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPart:
    """Corrected studies of a dataset that a person disputed, or read for the label that they have there."""

    disputed: frozenset[StudyUid] = frozenset()
    read: frozenset[StudyUid] = frozenset()

    @property
    def studies(self) -> int:
        """How many studies that makes, one counted once."""
        return len(self.disputed | self.read)


def own_part(work: UnitOfWork, objects: Objects, person: PersonKey, *, dataset: str) -> OwnPart | None:
    """Return what a person said, before a dataset version was built, of the corrected studies in it.

    None where that version is not kept here, so that nobody can say.
    """
    try:
        version = work.datasets.get(dataset)
        held = corrected(objects, version.digest)
    except NotFoundError:
        return None
    disputed = {
        word.study
        for word in work.corrections.latest_by(person)
        if word.disagrees and word.withdrawn_at is None and word.at <= version.created_at
    }
    # a senior's decision takes an own read, so that reads name whoever made a label
    read = {study for study, at in work.cases.read_by(person) if at <= version.created_at}
    return OwnPart(disputed=frozenset(disputed & held.keys()), read=frozenset(read & held.keys()))
