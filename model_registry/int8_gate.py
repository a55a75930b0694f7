"""Whether a graph in eight-bit integers may answer in place of the same in floats: a rule on their scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.domain.errors import InputError
from overread.domain.estimates import Estimate
from overread.domain.policies import Int8Margins
from overread.measures.promotion import Check, check_noninferiority
from overread.measures.proportion import wilson

FINITE = "finite"


@dataclass(frozen=True, kw_only=True, slots=True)
class Int8Verdict:
    """What was found on the tuning set at the served threshold; differences are int8 less floats.

    `reasons` names what decided against it. `changed` is the share of studies that are called otherwise,
    `largest_change` of any study's probability of any finding, 0 to 1; neither decides by itself.
    """

    passed: bool
    reasons: tuple[str, ...]
    threshold: float
    sensitivity: Check
    specificity: Check
    changed: Estimate
    largest_change: float
    n: int


def judge_int8(
    truth: ArrayLike, in_floats: ArrayLike, in_int8: ArrayLike, *, threshold: float, margins: Int8Margins
) -> Int8Verdict:
    """Hold the answers of both graphs to the same studies against each other.

    It passes where sensitivity and specificity are both non-inferior by Tango's score limits, at margins that
    were set before. A set too small to show that is no pass.

    Parameters
    ----------
    truth : (n_studies,) of 0 and 1
        1 where the study has a finding.
    in_floats, in_int8 : (n_studies,)
        Probability of any finding, 0 to 1; what is no number in `in_int8` calls no finding, and is no pass.
    """
    positive = np.asarray(truth, bool)
    floats, ints = np.asarray(in_floats, np.float64), np.asarray(in_int8, np.float64)
    if not positive.shape == floats.shape == ints.shape or positive.ndim != 1:
        raise InputError("a verdict on eight bits needs one truth and two scores for each study")
    before, after = floats >= threshold, ints >= threshold
    checks = {
        "sensitivity": _check("sensitivity", before, after, positive, margins.sensitivity, margins.alpha),
        "specificity": _check("specificity", ~before, ~after, ~positive, margins.specificity, margins.alpha),
    }
    finite = bool(np.isfinite(ints).all())
    failed = tuple(name for name, check in checks.items() if check.status != "pass")
    reasons = failed if finite else (FINITE, *failed)
    return Int8Verdict(
        passed=not reasons,
        reasons=reasons,
        threshold=threshold,
        **checks,
        changed=wilson(int((before != after).sum()), positive.size),
        largest_change=float(np.abs(ints - floats).max(initial=0.0)),
        n=positive.size,
    )


def _check(
    name: str,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    among: NDArray[np.bool_],
    margin: float,
    alpha: float,
) -> Check:
    """Compare who is right in a group; `before` and `after` are True where a graph is right."""
    gained, lost = int((after & ~before & among).sum()), int((before & ~after & among).sum())
    return check_noninferiority(name, gained, lost, int(among.sum()), margin=margin, alpha=alpha)
