"""Has a candidate seen the test set? Asked when a dataset is built, and again before a look is spent."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from feedback.datasets import load
from feedback.leaks import Kind, Leak, Owners, leaks, same_people
from model_registry.kept_scores import kept_scores
from model_registry.test_set import TestCase, cases_of
from overread.domain.datasets import Split
from overread.domain.errors import RuleError
from overread.domain.identifiers import Digest, PatientKey, StudyUid
from overread.domain.studies import Study
from overread.imaging.copies import same_exposure
from overread.imaging.likeness import Fingerprint
from overread.store.unit_of_work import UnitOfWork
from pipeline.known_copies import KnownCopies
from pipeline.neighbours import Vectors, neighbours
from pipeline.services import PipelineServices

NAMED = 5  # pairs that the error names itself; the file has them all


class LeakError(RuleError):
    """A candidate, or a version it started from, learned from a patient or a picture of the test set."""

    code = "leak"

    def __init__(self, version: str, found: Sequence[Leak], place: Path) -> None:
        counted = Counter(leak.kind.value for leak in found)
        kinds = ", ".join(f"{count} by {kind}" for kind, count in counted.items())
        named = "; ".join(f"{leak.leaves} and {leak.stays}" for leak in found[:NAMED])
        super().__init__(
            f"version {version} has learned from the test set, so its score would say nothing: {kinds} "
            f"({named}; all in {place.name} of the data folder); build a dataset now and train "
            "from the first weights, or refresh the test set, which leaves them out"
        )
        self.version = version
        self.found = tuple(found)


def refuse_leaks(services: PipelineServices, version: str, cases: Sequence[TestCase]) -> None:
    """Raise where a version, or one it descends from, learned what the test set holds, whatever its name.

    Raises
    ------
    LeakError
        It names pairs of studies; all of them are in a file of the data folder.
    """
    tested = {case.study: case.patient for case in cases}
    learned: dict[StudyUid, PatientKey] = {}
    with services.storage.look() as work:
        for dataset in _learned_from(work, version):
            learned |= {row.study: row.patient for row in load(services.storage.objects, dataset)}
        found = leaks_between(services, work, learned=learned, tested=tested)
    if found:
        place = services.settings.folder / f"leaks-{version}.json"
        pairs = [{"learned": leak.leaves, "tested": leak.stays, "kind": leak.kind} for leak in found]
        place.write_text(json.dumps(pairs, indent=1), encoding="utf-8")
        raise LeakError(version, found, place)


def leaks_between(
    services: PipelineServices, work: UnitOfWork, *, learned: Owners, tested: Owners
) -> list[Leak]:
    """Return the studies learned from that a tested one gives away, each pair once: people, then pictures."""
    studies = {study.uid: study for study in work.studies.all()}
    splits = dict.fromkeys(learned, Split.TRAIN) | dict.fromkeys(tested, Split.TEST)
    alike = leaks(services.look_alikes(list(studies.values())), splits)
    found = [*hidden_leaks(services, work, studies, learned, tested), *alike]
    order = list(Kind)
    found.sort(key=lambda leak: (order.index(leak.kind), leak.leaves, leak.stays))
    first: dict[tuple[StudyUid, StudyUid], Leak] = {}
    for leak in found:
        first.setdefault((leak.leaves, leak.stays), leak)
    return list(first.values())


def hidden_leaks(
    services: PipelineServices,
    work: UnitOfWork,
    studies: Mapping[StudyUid, Study],
    learned: Owners,
    tested: Owners,
) -> list[Leak]:
    """Return people and exposures that are learned from and tested on, whatever they are called.

    Neighbours are looked for where production has read learned studies and been tested: what it has made of
    them is kept, and nothing is scored for this.
    """
    place = services.settings.caches / "copies.json"
    found = KnownCopies(place).between(_prints(studies, learned), _prints(studies, tested))
    near = [
        (ours, theirs)
        for ours, theirs in _near(services, work, learned, tested)
        if _one_exposure(studies.get(ours), studies.get(theirs))
    ]
    return [
        *same_people(work, studies, learned, tested),
        *(Leak(leaves=ours, stays=theirs, kind=Kind.COPY) for ours, theirs in found),
        *(Leak(leaves=ours, stays=theirs, kind=Kind.NEIGHBOUR) for ours, theirs in near),
    ]


def _prints(studies: Mapping[StudyUid, Study], owners: Owners) -> dict[StudyUid, bytes]:
    known = {uid: studies[uid].fingerprint for uid in owners if uid in studies}
    return {uid: content for uid, content in known.items() if content}


def _one_exposure(one: Study | None, other: Study | None) -> bool:
    if one is None or other is None or not one.fingerprint or not other.fingerprint:
        return False
    return same_exposure(Fingerprint(one.fingerprint), Fingerprint(other.fingerprint))


def _near(
    services: PipelineServices, work: UnitOfWork, learned: Owners, tested: Owners
) -> list[tuple[StudyUid, StudyUid]]:
    production, test_set = work.models.production(services.task.name), work.datasets.test_set()
    if production is None or test_set is None:
        return []
    objects = services.storage.objects
    scores = kept_scores(work, objects, model=production.digest, dataset=test_set.digest)
    if scores is None:
        return []
    read = work.studies.embeddings(production.version)
    known: dict[StudyUid, Vectors] = {
        uid: np.asarray(read[uid], np.float32) for uid in learned if read.get(uid)
    }
    cases = zip(cases_of(objects, test_set), scores.embedding, strict=True)
    return neighbours(known, {case.study: row for case, row in cases if case.study in tested}, learned)


def _learned_from(work: UnitOfWork, version: str) -> list[Digest]:
    """Return the datasets of a version and of all it descends from."""
    found: list[Digest] = []
    at: str | None = version
    while at is not None:
        lineage = work.models.get(at).lineage
        found.append(work.datasets.get(lineage.dataset_version).digest)
        at = lineage.parent
    return found
