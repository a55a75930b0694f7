"""Has a candidate seen the test set? Asked before a look is spent."""

from collections.abc import Sequence, Set

from feedback.datasets import load
from feedback.leaks import Leak, leaks
from model_registry.test_set import TestCase
from overread.domain.datasets import Split
from overread.domain.errors import RuleError
from overread.domain.identifiers import Digest, PatientKey, StudyUid
from overread.domain.studies import Study
from overread.store.unit_of_work import UnitOfWork
from pipeline.services import PipelineServices


class LeakError(RuleError):
    """A candidate, or a version it started from, learned from a patient or a picture of the test set."""

    code = "leak"

    def __init__(self, version: str, what: str) -> None:
        super().__init__(
            f"version {version} has learned from the test set ({what}), so its score would say nothing; "
            "build a dataset now and train again"
        )
        self.version = version


def refuse_leaks(services: PipelineServices, version: str, cases: Sequence[TestCase]) -> None:
    """Raise where a version learned from a test patient, or from a look-alike of a test picture."""
    with services.storage.look() as work:
        datasets = _learned_from(work, version)
        studies = work.studies.all()
    seen: dict[StudyUid, PatientKey] = {}
    for dataset in datasets:
        seen |= {row.study: row.patient for row in load(services.storage.objects, dataset)}
    tested = {case.study: case.patient for case in cases}
    shared = set(seen.values()) & set(tested.values())
    if shared or set(seen) & set(tested):
        raise LeakError(version, f"{len(shared)} patients are in both")
    found = leaks_between(services, studies, learned=set(seen), tested=set(tested))
    if found:
        first = found[0]
        raise LeakError(version, f"{len(found)} look-alikes, such as {first.leaves} of {first.stays}")


def leaks_between(
    services: PipelineServices, studies: Sequence[Study], *, learned: Set[StudyUid], tested: Set[StudyUid]
) -> list[Leak]:
    """Return the studies learned from whose picture a tested one shows again."""
    splits = dict.fromkeys(learned, Split.TRAIN) | dict.fromkeys(tested, Split.TEST)
    return leaks(services.look_alikes(studies), splits)


def _learned_from(work: UnitOfWork, version: str) -> list[Digest]:
    """Return the datasets of a version and of all it descends from."""
    found: list[Digest] = []
    at: str | None = version
    while at is not None:
        lineage = work.models.get(at).lineage
        found.append(work.datasets.get(lineage.dataset_version).digest)
        at = lineage.parent
    return found
