"""What every statistic accepts, refuses and returns."""

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from overread import measures as m

TRUTH = [0, 0, 0, 1, 1, 1, 0, 1]
SCORE = [0.1, 0.4, 0.35, 0.8, 0.3, 0.9, 0.2, 0.6]
OTHER = [0.2, 0.3, 0.55, 0.7, 0.4, 0.6, 0.1, 0.8]
COUNT: Any = np.int64(3)
PATIENT = ["a", "a", "b", "b", "c", "c", "d", "e"]

SCORED: dict[str, Callable[..., object]] = {
    "auc": m.auc,
    "auc_interval": m.auc_interval,
    "auc_interval_delong": lambda y, s: m.auc_interval(y, s, method="delong"),
    "delong_test": lambda y, s: m.delong_test(y, s, OTHER),
    "partial_auc": lambda y, s: m.partial_auc(y, s, min_specificity=0.5),
    "sensitivity_at_specificity": lambda y, s: m.sensitivity_at_specificity(y, s, specificity=0.8),
    "threshold_for_sensitivity": lambda y, s: m.threshold_for_sensitivity(y, s, sensitivity=0.8),
    "youden_threshold": m.youden_threshold,
    "bootstrap_interval": lambda y, s: m.bootstrap_interval(
        y, s, statistic=m.auc, cluster=PATIENT, n_resamples=20, seed=1
    ),
    "brier": m.brier,
    "ece": m.ece,
    "calibration_fit": m.calibration_fit,
    "hosmer_lemeshow": m.hosmer_lemeshow,
    "net_benefit": lambda y, s: m.net_benefit(y, s, threshold=0.3),
    "decision_curve": lambda y, s: m.decision_curve(y, s, thresholds=[0.1, 0.5]),
    "net_benefit_difference": lambda y, s: m.net_benefit_difference(y, s, OTHER, threshold=0.3),
    "obuchowski_rockette": lambda y, s: m.obuchowski_rockette(y, [[s, OTHER], [OTHER, s]]),
    "horvitz_thompson": lambda y, s: m.horvitz_thompson(y, y, s),
    "decide": lambda y, s: m.decide(y, s, OTHER, production_threshold=0.5, candidate_threshold=0.5),
}
OTHERS: dict[str, Callable[[], object]] = {
    "wilson": lambda: m.wilson(COUNT, 10),
    "clopper_pearson": lambda: m.clopper_pearson(2, COUNT),
    "newcombe_difference": lambda: m.newcombe_difference(3, 10, 2, 9),
    "tango": lambda: m.paired_difference(3, COUNT, 1, 4),
    "newcombe": lambda: m.paired_difference(3, 2, 1, 4, method="newcombe"),
    "noninferiority": lambda: m.tango_noninferiority(3, 2, 100, margin=0.05),
    "mcnemar": lambda: m.mcnemar_midp(COUNT, 9),
    "clustered_proportion": lambda: m.clustered_proportion(TRUTH, PATIENT),
    "clustered_difference": lambda: m.clustered_paired_difference(TRUTH, [1, 0] * 4, PATIENT),
    "cohen": lambda: m.cohen_kappa(TRUTH, [1, 0] * 4),
    "fleiss": lambda: m.fleiss_kappa([[0, 1], [1, 1], [0, 0]]),
    "ac1": lambda: m.gwet_ac1([[0, 1], [1, 1], [0, 0]]),
    "alpha": lambda: m.krippendorff_alpha([[0, 1], [1, 1], [0, 0]], metric="interval"),
    "reader_change": lambda: m.paired_reader_change(TRUTH, [[1, 0] * 4], [TRUTH]),
    "begg_greenes": lambda: m.begg_greenes(
        flagged=9, flagged_diseased=3, flagged_healthy=2, cleared=9, cleared_diseased=1, cleared_healthy=4
    ),
    "bound": lambda: m.missed_finding_bound(1, 10),
    "sprt": lambda: m.sprt(TRUTH, p0=0.1, p1=0.3),
    "cusum": lambda: m.cusum(TRUTH, p0=0.1, p1=0.3, threshold=2),
    "ks": lambda: m.ks(SCORE, OTHER),
    "psi": lambda: m.psi(SCORE, OTHER),
    "chi_square": lambda: m.chi_square(PATIENT, ["a", "e"]),
    "wasserstein": lambda: m.wasserstein(SCORE, OTHER),
    "mmd": lambda: m.mmd(SCORE, OTHER, seed=1, n_permutations=20),
    "power_table": lambda: m.power_table([100], discordances=[0.1], margin=0.05)[0],
}


def _assert_plain(value: object) -> None:
    if isinstance(value, tuple):
        for item in value:
            _assert_plain(item)
    elif dataclasses.is_dataclass(value):
        for item in vars(value).values():
            _assert_plain(item)
    else:
        assert type(value) in {float, int, str, bool, type(None)}


@pytest.mark.parametrize("name", SCORED)
def test_a_result_holds_plain_values_whatever_the_array_type(name: str) -> None:
    measure = SCORED[name]
    expected = measure(TRUTH, SCORE)
    _assert_plain(expected)
    for kind in (tuple, np.array, pd.Series):
        assert repr(measure(kind(TRUTH), kind(SCORE))) == repr(expected)
    assert repr(measure(np.array(TRUTH, dtype=bool), np.array(SCORE, dtype=object))) == repr(expected)


@pytest.mark.parametrize("name", OTHERS)
def test_a_result_survives_json(name: str) -> None:
    result = OTHERS[name]()
    _assert_plain(result)
    assert dataclasses.is_dataclass(result)
    assert not isinstance(result, type)
    assert json.loads(json.dumps(dataclasses.asdict(result)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.n = 3  # type: ignore[attr-defined]  # the point is that it cannot be set


def test_settings_may_be_numpy_s_and_the_result_is_plain_all_the_same() -> None:
    given: Any = np.float64(0.025), np.float32(0.03), np.int64(20)
    alpha, margin, many = given
    policy = m.Policy(alpha=alpha, auc_margin=margin, brier_margin=margin, min_positive=many)
    for result in (
        m.tango_noninferiority(3, 2, 100, margin=margin, alpha=alpha),
        m.check_noninferiority("x", 3, 2, 100, margin=margin, alpha=alpha),
        m.bootstrap_interval(TRUTH, SCORE, statistic=m.auc, n_resamples=many, seed=1),
        m.bootstrap_interval(TRUTH, SCORE, statistic=m.auc, n_resamples=20.0, seed=1),  # type: ignore[arg-type]  # a count all the same
        m.decide(TRUTH, SCORE, OTHER, production_threshold=0.5, candidate_threshold=0.5, policy=policy),
    ):
        _assert_plain(result)
        assert json.loads(json.dumps(dataclasses.asdict(result)))


@pytest.mark.parametrize("name", SCORED)
def test_inputs_are_left_as_they_were(name: str) -> None:
    truth, score = np.array(TRUTH), np.array(SCORE)
    truth.flags.writeable = score.flags.writeable = False
    SCORED[name](truth, score)
    assert truth.tolist() == TRUTH
    assert score.tolist() == SCORE


BAD: dict[str, tuple[object, object]] = {
    "lengths differ": (TRUTH, SCORE[:-1]),
    "a label of 2": ([*TRUTH[:-1], 2], SCORE),
    "a label of NaN": ([*TRUTH[:-1], math.nan], SCORE),
    "a label of None": ([*TRUTH[:-1], None], SCORE),
    "a label as text": ([str(y) for y in TRUTH], SCORE),
    "a score of NaN": (TRUTH, [*SCORE[:-1], math.nan]),
    "an infinite score": (TRUTH, [*SCORE[:-1], math.inf]),
    "a score as text": (TRUTH, [str(s) for s in SCORE]),
    "a complex score": (TRUTH, [s + 0j for s in SCORE]),
    "two dimensions": (TRUTH, [[s] for s in SCORE]),
    "a scalar": (1, 0.5),
}


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_refused(name: str, fault: str) -> None:
    truth, score = BAD[fault]
    with pytest.raises(ValueError, match=r"\w"):
        SCORED[name](truth, score)


def test_masked_values_are_refused_not_dropped() -> None:
    with pytest.raises(ValueError, match="masked"):
        m.auc(TRUTH, np.ma.masked_less(SCORE, 0.15))


@pytest.mark.parametrize(
    "name",
    [
        "brier",
        "ece",
        "calibration_fit",
        "hosmer_lemeshow",
        "net_benefit",
        "decision_curve",
        "net_benefit_difference",
        "decide",
        "horvitz_thompson",
    ],
)
@pytest.mark.parametrize("value", [-0.01, 1.01])
def test_a_probability_outside_0_and_1_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="inside"):
        SCORED[name](TRUTH, [*SCORE[:-1], value])


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, math.nan, "0.95", None])
@pytest.mark.parametrize(
    "measure",
    [
        lambda level: m.wilson(3, 10, level=level),
        lambda level: m.clopper_pearson(3, 10, level=level),
        lambda level: m.newcombe_difference(3, 10, 3, 10, level=level),
        lambda level: m.paired_difference(1, 2, 3, 4, level=level),
        lambda level: m.clustered_proportion(TRUTH, PATIENT, level=level),
        lambda level: m.clustered_paired_difference(TRUTH, TRUTH, PATIENT, level=level),
        lambda level: m.auc_interval(TRUTH, SCORE, level=level),
        lambda level: m.delong_test(TRUTH, SCORE, OTHER, level=level),
        lambda level: m.sensitivity_at_specificity(TRUTH, SCORE, specificity=0.9, level=level),
        lambda level: m.bca_limits(1.0, [1, 2, 3], [1, 2], level=level),
        lambda level: m.bootstrap_interval(TRUTH, SCORE, statistic=m.auc, level=level, seed=1),
        lambda level: m.brier(TRUTH, SCORE, level=level),
        lambda level: m.calibration_fit(TRUTH, SCORE, level=level),
        lambda level: m.net_benefit(TRUTH, SCORE, threshold=0.5, level=level),
        lambda level: m.net_benefit_difference(TRUTH, SCORE, OTHER, threshold=0.5, level=level),
        lambda level: m.cohen_kappa(TRUTH, TRUTH, level=level),
        lambda level: m.fleiss_kappa([[0, 1], [1, 1]], level=level),
        lambda level: m.gwet_ac1([[0, 1], [1, 1]], level=level),
        lambda level: m.krippendorff_alpha([[0, 1], [1, 1]], level=level),
        lambda level: m.obuchowski_rockette(TRUTH, [[SCORE], [OTHER]], level=level),
        lambda level: m.paired_reader_change(TRUTH, [TRUTH], [TRUTH], level=level),
        lambda level: m.horvitz_thompson(TRUTH, TRUTH, SCORE, level=level),
        lambda level: m.missed_finding_bound(1, 10, level=level),
        lambda level: m.audit_sample_size(0.1, level=level),
    ],
)
def test_a_level_outside_0_and_1_is_refused(measure: Callable[..., object], level: object) -> None:
    with pytest.raises(ValueError, match="level"):
        measure(level)


@pytest.mark.parametrize("alpha", [0, -0.1, 0.51, math.nan, "0.025"])
@pytest.mark.parametrize(
    "measure",
    [
        lambda alpha: m.tango_noninferiority(1, 2, 10, margin=0.1, alpha=alpha),
        lambda alpha: m.sprt(TRUTH, p0=0.1, p1=0.2, alpha=alpha),
        lambda alpha: m.alpha_spending([0.5, 1], alpha=alpha),
        lambda alpha: m.reuse_alpha(1, alpha=alpha),
        lambda alpha: m.Policy(alpha=alpha),
        lambda alpha: m.check_noninferiority("x", 1, 2, 10, margin=0.1, alpha=alpha),
        lambda alpha: m.power_noninferiority(10, discordance=0.1, margin=0.1, alpha=alpha),
        lambda alpha: m.sample_size_noninferiority(discordance=0.1, margin=0.1, alpha=alpha),
    ],
)
def test_an_alpha_outside_0_and_a_half_is_refused(measure: Callable[..., object], alpha: object) -> None:
    with pytest.raises(ValueError, match="alpha"):
        measure(alpha)


@pytest.mark.parametrize("bad", [-1, 2.5, math.nan, math.inf, "3", None])
@pytest.mark.parametrize(
    "measure",
    [
        lambda bad: m.wilson(bad, 10),
        lambda bad: m.wilson(0, bad),
        lambda bad: m.clopper_pearson(bad, 10),
        lambda bad: m.newcombe_difference(1, 2, bad, 10),
        lambda bad: m.paired_difference(1, bad, 2, 3),
        lambda bad: m.tango_noninferiority(bad, 1, 10, margin=0.1),
        lambda bad: m.tango_noninferiority(1, 1, bad, margin=0.1),
        lambda bad: m.mcnemar_midp(bad, 1),
        lambda bad: m.missed_finding_bound(bad, 5),
        m.slice_rule,
        m.reuse_alpha,
        lambda bad: m.reuse_alpha(1, looks=bad),
        lambda bad: m.begg_greenes(
            flagged=9,
            flagged_diseased=bad,
            flagged_healthy=2,
            cleared=9,
            cleared_diseased=1,
            cleared_healthy=4,
        ),
    ],
)
def test_a_count_that_is_no_count_is_refused(measure: Callable[..., object], bad: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        measure(bad)


@pytest.mark.parametrize(
    "call",
    [
        lambda: m.wilson(11, 10),
        lambda: m.clopper_pearson(11, 10),
        lambda: m.newcombe_difference(1, 2, 11, 10),
        lambda: m.missed_finding_bound(11, 10),
        lambda: m.paired_difference(1, 1, 1, 1, method="wald"),
        lambda: m.auc_interval(TRUTH, SCORE, method="wald"),
        lambda: m.bootstrap_interval(TRUTH, SCORE, statistic=m.auc, method="normal", seed=1),
        lambda: m.bootstrap_interval(TRUTH, SCORE, statistic=m.auc, n_resamples=0, seed=1),
        lambda: m.bootstrap_interval(TRUTH, SCORE, statistic=m.auc, cluster=["a"], seed=1),
        lambda: m.partial_auc(TRUTH, SCORE, min_specificity=1.2),
        lambda: m.threshold_for_sensitivity(TRUTH, SCORE, sensitivity=-0.1),
        lambda: m.sensitivity_at_specificity(TRUTH, SCORE, specificity=math.nan),
        lambda: m.bca_limits(0.0, [0.0, math.nan], [0.0, 1.0]),
        lambda: m.net_benefit(TRUTH, SCORE, threshold=1.0),
        lambda: m.decision_curve(TRUTH, SCORE, thresholds=[0.0, 0.5]),
        lambda: m.ece(TRUTH, SCORE, n_bins=0),
        lambda: m.clustered_proportion(TRUTH, PATIENT[:-1]),
        lambda: m.clustered_proportion(TRUTH, "abcdefgh"),
        lambda: m.clustered_proportion(TRUTH, [*range(7), math.nan]),
        lambda: m.clustered_proportion(TRUTH, [*PATIENT[:-1], None]),
        lambda: m.clustered_paired_difference(TRUTH, TRUTH, [*PATIENT[:-1], None]),
        lambda: m.bootstrap_interval(TRUTH, statistic=np.mean, cluster=[*PATIENT[:-1], pd.NA], seed=1),
        lambda: m.horvitz_thompson(TRUTH, TRUTH, SCORE, strata=[*"aabbccd", pd.NaT]),
        lambda: m.clustered_proportion(TRUTH, [[1]] * 8),  # type: ignore[list-item]  # a list cannot be hashed
    ],
)
def test_a_value_outside_its_range_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        call()


def test_patients_may_be_any_hashable() -> None:
    tuples = [("site", name) for name in PATIENT]
    assert m.clustered_proportion(TRUTH, tuples) == m.clustered_proportion(TRUTH, np.array(PATIENT))


def test_everything_public_is_named_once() -> None:
    assert sorted(set(m.__all__)) == sorted(m.__all__)
    assert all(getattr(m, name).__doc__ for name in m.__all__)
