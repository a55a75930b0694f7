"""Candidate against production and the first release on the very same studies: slices, findings, flips."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model_registry.kept_scores import Floats
from model_registry.test_set import TestCase
from overread.domain.errors import EvidenceError
from overread.domain.identifiers import Digest, VersionKey
from overread.domain.policies import Attribute, GatePolicy, SliceRule
from overread.measures.promotion import Check, check_noninferiority, slice_rule

Flags = NDArray[np.bool_]
UNKNOWN = "unknown"  # a subgroup of its own, not dropped
_SAY = ("information", "veto", "required")  # from none to all


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One version with its scores (n,) of any finding and maps (n, h, w), in the order of the test set."""

    version: VersionKey
    digest: Digest
    threshold: float
    scores: Floats
    maps: Floats | None = None

    @property
    def called(self) -> Flags:
        """Where it says that there is a finding."""
        return np.asarray(self.scores >= self.threshold, bool)

    def right(self, cases: Sequence[TestCase]) -> Flags:
        """Where it says what is true."""
        if len(self.scores) != len(cases):
            raise EvidenceError(
                f"version {self.version} was scored on {len(self.scores)} studies, not on these {len(cases)}"
            )
        return np.asarray(self.called == truth_of(cases), bool)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """A study that the reference had right and the candidate has wrong, with both probabilities."""

    study: str
    kind: str  # missed or false_alarm
    findings: tuple[str, ...]
    production: float
    candidate: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Studies on which only the candidate, or only the reference, is right, among n."""

    gained: int
    lost: int
    n: int


def truth_of(cases: Sequence[TestCase]) -> Flags:
    """Return where the truth is a finding."""
    return np.array([case.positive for case in cases], bool)


def slices_of(cases: Sequence[TestCase], rules: Sequence[SliceRule]) -> dict[str, Flags]:
    """Return the registered subgroups by name; policy and frozen test set alone say what they are."""
    found: dict[str, Flags] = {}
    for rule in rules:
        if rule.attribute is Attribute.AGE:
            bound = rule.at_least or 0
            found[f"age>={bound}"] = np.array([case.age is not None and case.age >= bound for case in cases])
            continue
        values = np.array([getattr(case, rule.attribute) or UNKNOWN for case in cases], str)
        found |= {f"{rule.attribute}={value}": values == value for value in sorted(set(values.tolist()))}
    return found


def critical_of(cases: Sequence[TestCase], policy: GatePolicy) -> Flags | None:
    """Return where a critical finding is shown; None where the policy registers none."""
    if not policy.critical:
        return None
    return np.array([not set(policy.critical).isdisjoint(case.findings) for case in cases], bool)


def showing(cases: Sequence[TestCase], codes: Iterable[str]) -> dict[str, Flags]:
    """Return where each finding is shown."""
    return {code: np.array([code in case.findings for case in cases], bool) for code in codes}


def found_in(cases: Sequence[TestCase]) -> list[str]:
    """Return the findings of the truth, in the order of their codes."""
    return sorted({code for case in cases for code in case.findings})


def pairs(candidate: Flags, reference: Flags, among: Flags) -> Pairs:
    """Count the discordant pairs of two "is right" masks among some studies."""
    return Pairs(
        gained=int((candidate & ~reference & among).sum()),
        lost=int((reference & ~candidate & among).sum()),
        n=int(among.sum()),
    )


def by_finding(
    cases: Sequence[TestCase], candidate: Contender, reference: Contender, *, policy: GatePolicy, alpha: float
) -> dict[str, tuple[Check, Pairs]]:
    """Compare detection of each finding, Tango limits; shown for information, never decided on.

    A group under 10 gives counts only, one under 30 is not evaluable; others get the three-way word.
    """
    ours, theirs = candidate.right(cases), reference.right(cases)
    compared: dict[str, tuple[Check, Pairs]] = {}
    for code, among in showing(cases, found_in(cases)).items():
        counted = pairs(ours, theirs, among)
        check = check_noninferiority(
            f"finding:{code}",
            counted.gained,
            counted.lost,
            counted.n,
            margin=policy.slice_margin,
            alpha=alpha,
        )
        compared[code] = (with_say(check, most="information"), counted)
    return compared


def with_say(check: Check, *, most: str = "required") -> Check:
    """Give a check the say that its number of cases allows by `slice_rule`, but no more than `most`."""
    word = slice_rule(check.n)
    if word in _SAY:
        return replace(check, role=min(word, most, key=_SAY.index))
    shown = replace(check, role="information", status=word)
    none = float("nan")
    return replace(shown, estimate=none, lower=none, upper=none) if word == "counts-only" else shown


def negative_flips(cases: Sequence[TestCase], candidate: Contender, reference: Contender) -> tuple[Flip, ...]:
    """Return the studies that got worse, missed findings first, each kind in the order of the test set."""
    worse = reference.right(cases) & ~candidate.right(cases)
    flips = [
        Flip(
            study=cases[row].study,
            kind="missed" if cases[row].positive else "false_alarm",
            findings=tuple(cases[row].findings),
            production=float(reference.scores[row]),
            candidate=float(candidate.scores[row]),
        )
        for row in np.flatnonzero(worse).tolist()
    ]
    return tuple(sorted(flips, key=lambda flip: flip.kind, reverse=True))


def differences(
    cases: Sequence[TestCase], candidate: Contender, references: Mapping[str, Contender]
) -> dict[str, Pairs]:
    """Return the discordant pairs behind both rates against each reference, by check name."""
    truth, ours = truth_of(cases), candidate.right(cases)
    found: dict[str, Pairs] = {}
    for prefix, reference in references.items():
        theirs = reference.right(cases)
        found[f"{prefix}sensitivity"] = pairs(ours, theirs, truth)
        found[f"{prefix}specificity"] = pairs(ours, theirs, ~truth)
    return found
