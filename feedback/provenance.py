"""What a frozen dataset is made of, in counts: who said its labels, and what moved since another one."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from overread.domain.identifiers import Digest
from overread.store.objects import Objects


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
