"""May a candidate take over? Each check in three words, and the one verdict that follows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from overread.domain.estimates import Estimate
from overread.measures.decision import paired_benefit
from overread.measures.inputs import (
    Flags,
    Floats,
    checked_alpha,
    checked_choice,
    checked_count,
    checked_flags,
    checked_open,
    checked_probabilities,
    same_length,
)
from overread.measures.power import PowerRow as PowerRow
from overread.measures.power import power_noninferiority as power_noninferiority
from overread.measures.power import power_table as power_table
from overread.measures.power import sample_size_noninferiority as sample_size_noninferiority
from overread.measures.proportion import tango_noninferiority
from overread.measures.results import NAN, NormalTest, mean_difference_test
from overread.measures.roc import paired_areas

_ROLES = ("required", "veto", "information")


@dataclass(frozen=True)
class Check:
    """One comparison of the candidate with a reference; a positive `estimate` favours the candidate."""

    name: str
    role: str
    status: str
    estimate: float
    lower: float
    upper: float
    level: float
    method: str
    n: int
    margin: float


@dataclass(frozen=True)
class Decision:
    """The verdict on a candidate, the checks it rests on in order, and the names of those that decided."""

    verdict: str
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]
    n: int
    n_positive: int
    n_negative: int


@dataclass(frozen=True)
class Policy:
    """How much a candidate may lose, and how much evidence is asked; margins are differences of shares."""

    alpha: float = 0.025
    sensitivity_margin: float = 0.03
    specificity_margin: float = 0.05
    auc_margin: float = 0.02
    critical_margin: float = 0.05
    slice_margin: float = 0.10
    brier_margin: float = 0.01
    net_benefit_margin: float = 0.01
    net_benefit_threshold: float = 0.2
    min_positive: int = 100
    min_negative: int = 100

    def __post_init__(self) -> None:
        checked_alpha(self.alpha)
        for name in ("sensitivity", "specificity", "auc", "critical", "slice", "brier", "net_benefit"):
            checked_open(getattr(self, f"{name}_margin"), f"{name}_margin")
        checked_open(self.net_benefit_threshold, "net_benefit_threshold")
        checked_count(self.min_positive, "min_positive")
        checked_count(self.min_negative, "min_negative")

    @property
    def level(self) -> float:
        """Two-sided level of the limits that `alpha` asks for; 0 at an alpha of a half."""
        return float(1 - 2 * self.alpha)


class Versus(NamedTuple):
    """Cases with the candidate's decisions right or wrong, beside those of one reference."""

    truth: Flags
    candidate_right: Flags
    reference_right: Flags
    alpha: float


def status_of(lower: float, upper: float, *, margin: float) -> str:
    """Return "pass", "fail" or "inconclusive" from the limits of candidate less reference.

    A loss surely smaller than the margin passes, though it may be a sure loss; NaN is inconclusive.
    """
    checked_open(margin, "margin")
    if math.isnan(lower) or math.isnan(upper):
        return "inconclusive"
    if lower > -margin:
        return "pass"
    return "fail" if upper < 0 else "inconclusive"


def slice_rule(count: int) -> str:
    """Return the say of a group of so many cases: "counts-only", "not-evaluable", "veto" or "required"."""
    size = checked_count(count)
    for below, word in ((10, "counts-only"), (30, "not-evaluable"), (100, "veto")):
        if size < below:
            return word
    return "required"


def check_noninferiority(
    name: str, b: int, c: int, n: int, *, margin: float, alpha: float = 0.025, role: str = "required"
) -> Check:
    """Check that a candidate loses less than `margin`, by Tango's score limits.

    Parameters
    ----------
    name : str
    b, c : int
        Cases where only the candidate is right, and where only the reference is right.
    n : int
        All pairs; none is inconclusive.
    margin : float
        Inside (0, 1).
    alpha : float
        One-sided, in (0, 0.5]; the limits have level 1 - 2 alpha.
    role : {"required", "veto", "information"}
    """
    checked_choice(role, _ROLES, "role")
    return check_difference(name, role, tango_noninferiority(b, c, n, margin=margin, alpha=alpha), margin)


def check_difference(name: str, role: str, shown: Estimate, margin: float) -> Check:
    """Check that a candidate loses less than `margin`, by the limits of candidate less reference."""
    return check_of(name, role, status_of(shown.lower, shown.upper, margin=margin), shown, margin)


def check_of(name: str, role: str, status: str, shown: Estimate, margin: float) -> Check:
    """Return a check that rests on an estimate."""
    return Check(
        name,
        role,
        status,
        shown.estimate,
        shown.lower,
        shown.upper,
        shown.level,
        shown.method,
        shown.n,
        float(margin),
    )


def combine(checks: Sequence[Check]) -> str:
    """Return "REJECT", "INCONCLUSIVE" or "PROMOTE": every required check must pass, and no veto may fail."""
    if _failed(checks):
        return "REJECT"
    if _undecided(checks) or not any(check.role == "required" for check in checks):
        return "INCONCLUSIVE"
    return "PROMOTE"


def deciding(checks: Sequence[Check]) -> tuple[str, ...]:
    """Return the names behind the verdict of `combine`: the failed ones, or the required undecided ones."""
    verdict = combine(checks)
    if verdict == "PROMOTE":
        return ()
    return tuple(check.name for check in (_failed if verdict == "REJECT" else _undecided)(checks))


def decide(
    y_true: ArrayLike,
    production_score: ArrayLike,
    candidate_score: ArrayLike,
    *,
    production_threshold: float,
    candidate_threshold: float,
    policy: Policy | None = None,
    anchor_score: ArrayLike | None = None,
    anchor_threshold: float | None = None,
    critical: ArrayLike | None = None,
    slices: Mapping[str, ArrayLike] | None = None,
) -> Decision:
    """Decide whether a candidate may replace the model in production, on one frozen test set.

    Parameters
    ----------
    y_true : (n_studies,) of 0 and 1
    production_score, candidate_score : (n_studies,)
        Probabilities inside [0, 1].
    production_threshold, candidate_threshold : float
        Each model's own, chosen on the tuning set and frozen.
    policy : Policy, optional
        Margins and minimum counts; its alpha may come from `reuse_alpha`.
    anchor_score, anchor_threshold : optional
        The first released model, so that small tolerated losses cannot add up.
    critical : (n_studies,) of 0 and 1, optional
        Positives that must not be missed.
    slices : mapping of name to (n_studies,) of 0 and 1, optional
        Few, and registered beforehand; checked in the given order.

    Returns
    -------
    Decision
        Verdict "PROMOTE", "REJECT" or "INCONCLUSIVE"; `reasons` names the checks that decided.

    Raises
    ------
    ValueError
        Lengths differ, a score is not a probability, an anchor lacks its threshold, or a critical case is
        negative.

    References
    ----------
    Berger RL. Technometrics 1982; 24: 295-300 (all must pass, so alpha is not split). Tango T. Stat Med 1998.
    """
    rules = policy or Policy()
    truth = checked_flags(y_true)
    production = checked_probabilities(production_score, "production_score")
    candidate = checked_probabilities(candidate_score, "candidate_score")
    same_length(truth, production, candidate)
    right = _right(truth, candidate, candidate_threshold)
    versus = Versus(truth, right, _right(truth, production, production_threshold), rules.alpha)
    checks = [
        _evidence(truth, rules),
        *_both_rates(versus, rules),
        _area(truth, candidate, production, rules),
    ]
    if (anchor_score is None) != (anchor_threshold is None):
        raise ValueError("an anchor needs both its scores and its threshold")
    if anchor_score is not None and anchor_threshold is not None:
        anchor = checked_probabilities(anchor_score, "anchor_score")
        same_length(truth, anchor)
        against = versus._replace(reference_right=_right(truth, anchor, anchor_threshold))
        checks += _both_rates(against, rules, prefix="anchor.")
    if critical is not None:
        checks.append(_critical(versus, critical, rules))
    checks += _probability_vetoes(truth, production, candidate, rules)
    for name, mask in (slices or {}).items():
        checks += _slice(name, versus, mask, rules)
    return decision_of(checks, truth)


def _right(truth: Flags, scores: Floats, threshold: float) -> Flags:
    if math.isnan(threshold):
        raise ValueError("a threshold must not be NaN")
    return np.asarray((scores >= threshold) == truth)


def _evidence(truth: Flags, rules: Policy) -> Check:
    positives = int(truth.sum())
    enough = positives >= rules.min_positive and truth.size - positives >= rules.min_negative
    status = "pass" if enough else "inconclusive"
    return Check("evidence", "required", status, NAN, NAN, NAN, rules.level, "counts", truth.size, NAN)


def _compared(name: str, versus: Versus, among: Flags, margin: float, role: str = "required") -> Check:
    """Check the share right among some cases, by the pairs on which only one model is right."""
    wins = int((versus.candidate_right & ~versus.reference_right)[among].sum())
    losses = int((versus.reference_right & ~versus.candidate_right)[among].sum())
    return check_noninferiority(
        name, wins, losses, int(among.sum()), margin=margin, alpha=versus.alpha, role=role
    )


def _both_rates(versus: Versus, rules: Policy, prefix: str = "") -> list[Check]:
    return [
        _compared(f"{prefix}sensitivity", versus, versus.truth, rules.sensitivity_margin),
        _compared(f"{prefix}specificity", versus, ~versus.truth, rules.specificity_margin),
    ]


def _area(truth: Flags, candidate: Floats, production: Floats, rules: Policy) -> Check:
    area = paired_areas(truth, candidate, production, rules.level)
    return check_difference("auc", "required", area, rules.auc_margin)


def _by_size(name: str, versus: Versus, among: Flags, margin: float) -> Check:
    """Check a group with the say its number of cases gives it."""
    word = slice_rule(int(among.sum()))
    if word in _ROLES:
        return _compared(name, versus, among, margin, role=word)
    shown = _compared(name, versus, among, margin, role="information")
    if word == "counts-only":
        return replace(shown, status=word, estimate=NAN, lower=NAN, upper=NAN)
    return replace(shown, status=word)


def _critical(versus: Versus, mask: ArrayLike, rules: Policy) -> Check:
    critical = _mask(mask, versus.truth, "critical")
    if (critical & ~versus.truth).any():
        raise ValueError("a critical case must be positive")
    return _by_size("critical.sensitivity", versus, critical, rules.critical_margin)


def _slice(name: str, versus: Versus, mask: ArrayLike, rules: Policy) -> list[Check]:
    inside = _mask(mask, versus.truth, f"slice {name}")
    return [
        _by_size(f"slice:{name}:sensitivity", versus, inside & versus.truth, rules.slice_margin),
        _by_size(f"slice:{name}:specificity", versus, inside & ~versus.truth, rules.slice_margin),
    ]


def _mask(values: ArrayLike, truth: Flags, name: str) -> Flags:
    mask = checked_flags(values, name)
    same_length(truth, mask)
    return mask


def _probability_vetoes(truth: Flags, production: Floats, candidate: Floats, rules: Policy) -> list[Check]:
    quantile = float(scipy.special.ndtri(1 - rules.alpha))
    losses = (production - truth) ** 2 - (candidate - truth) ** 2
    benefit = paired_benefit(truth, candidate, production, rules.net_benefit_threshold, quantile)
    return [
        _veto(
            "brier",
            mean_difference_test(losses, quantile),
            "brier-paired",
            truth.size,
            rules.brier_margin,
            rules,
        ),
        _veto("net_benefit", benefit, "net-benefit-paired", truth.size, rules.net_benefit_margin, rules),
    ]


def _veto(name: str, test: NormalTest, method: str, n: int, margin: float, rules: Policy) -> Check:
    status = status_of(test.lower, test.upper, margin=margin)
    return Check(
        name, "veto", status, test.estimate, test.lower, test.upper, rules.level, method, n, float(margin)
    )


def decision_of(checks: Sequence[Check], truth: Flags) -> Decision:
    """Return the verdict on all checks, with the sizes of the set it rests on."""
    positives = int(truth.sum())
    return Decision(
        combine(checks), tuple(checks), deciding(checks), truth.size, positives, truth.size - positives
    )


def _failed(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.role in {"required", "veto"} and check.status == "fail"]


def _undecided(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.role == "required" and check.status != "pass"]
