"""What a frozen dataset is made of, in counts: who said its labels, and how corrections came into it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedback.datasets import corrected
from overread.domain.datasets import Split
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import Digest
from overread.store.objects import Objects
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class Composition:
    """Studies by split and by who labelled them; `admits` is the recipe by which they were gathered.

    `added`, `removed` and `relabelled` count studies against an earlier dataset; None where there is none.
    """

    admits: Mapping[str, bool]
    labels: Mapping[str, int]
    added: int | None = None
    removed: int | None = None
    relabelled: int | None = None


def composition(objects: Objects, digest: Digest, *, since: Digest | None = None) -> Composition:
    """Count a frozen dataset, and what moved since an earlier one.

    Keys of `labels` are `split.source.grade`; the source is `registered`, `adjudication`, or `claim` where
    claims went in as filed.

    Raises
    ------
    NotFoundError
        The manifest of one of them is gone or damaged.
    """
    manifest = json.loads(objects.get(digest))
    admits, rows = manifest["recipe"], manifest["rows"]
    corrected = "claim" if admits.get("unadjudicated") else "adjudication"
    labels = Counter(
        f"{row['split']}.{corrected if row['correction'] else 'registered'}.{row['grade']}" for row in rows
    )
    counted = Composition(admits=admits, labels=dict(sorted(labels.items())))
    if since is None:
        return counted
    now, then = _labels(rows), _labels(json.loads(objects.get(since))["rows"])
    return Composition(
        admits=counted.admits,
        labels=counted.labels,
        added=len(now.keys() - then.keys()),
        removed=len(then.keys() - now.keys()),
        relabelled=sum(now[study] != then[study] for study in now.keys() & then.keys()),
    )


def _labels(rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {row["study"]: row["label"] for row in rows}


@dataclass(frozen=True, kw_only=True, slots=True)
class Journey:
    """Studies on their way into a dataset: disputed and settled by then, corrected in it, kept for the test.

    Audits and doubted labels are settled too, so that more may be settled than were disputed.
    """

    disputed: int
    settled: int
    train: int
    tune: int
    test: int


def journey(work: UnitOfWork, objects: Objects, dataset: str) -> Journey | None:
    """Count how corrections came into a dataset version; None where it is not kept here."""
    try:
        version = work.datasets.get(dataset)
        held = Counter(corrected(objects, version.digest).values())
    except NotFoundError:
        return None
    until = version.created_at
    return Journey(
        disputed=work.corrections.count_disputed(until=until),
        settled=work.labels.count_adjudicated(until=until),
        train=held[Split.TRAIN],
        tune=held[Split.TUNE],
        test=len({erratum.study for erratum in work.labels.errata() if erratum.at <= until}),
    )
