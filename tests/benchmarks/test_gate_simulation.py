"""The shipped gate holds what it promises of truly worse models, which are drawn as they are said to be."""

import numpy as np
import pytest
import scipy

from benchmarks.drawn_rivals import Department, Drawn, Scene, draw_candidate, draw_production
from benchmarks.gate_simulation import (
    CO_PRIMARIES,
    POLICIES,
    at_margin,
    false_promotions,
    lenient_set,
    no_change,
    verdicts,
)
from overread.measures.roc import auc
from overread.settings.policies import load_policy

SETS, SMALLEST = 334, 100  # of each co-primary and policy: 10,020 verdicts in all
CERTAIN = 0.999


def most(n: int, chance: float) -> int:
    """Return how many of n may happen before the chance is in doubt."""
    return int(scipy.stats.binom.ppf(CERTAIN, n, chance))


@pytest.mark.slow
def test_a_model_at_the_margin_of_one_co_primary_is_promoted_no_more_often_than_promised() -> None:
    promoted = {}
    for row, name in enumerate(POLICIES):
        policy = load_policy(name)
        department = lenient_set(policy, SMALLEST)
        for column, what in enumerate(CO_PRIMARIES):
            seed = 100 + 10 * row + column
            said = verdicts(
                at_margin(what, policy), policy, department, sets=SETS, looks=policy.looks, seed=seed
            )
            one = said.whole == "PROMOTE"
            assert one.sum() <= most(one.size, policy.alpha / policy.looks), (name, what)
            assert one.any(axis=1).sum() <= most(SETS, policy.alpha), (name, what)
            promoted[name, what] = one
    every = np.stack(list(promoted.values()))
    assert every.size >= 10_000
    assert every.sum() <= most(every.size, 0.005)
    assert every.any(axis=2).mean() <= most(every[:, :, 0].size, 0.025) / every[:, :, 0].size


def right(drawn: Drawn, department: Department, *, positive: bool) -> float:
    return float(drawn.right[department.truth == positive].mean())


@pytest.fixture(scope="module")
def many() -> Department:
    """Return 10,000 studies with a finding and as many without."""
    return Department.of(10_000, findings=["common"])


@pytest.mark.parametrize("what", [*CO_PRIMARIES, "none"])
def test_the_drawn_models_are_as_good_and_as_unlike_as_is_said(what: str, many: Department) -> None:
    scene: Scene = no_change(0.1) if what == "none" else at_margin(what, load_policy("demo"))
    rng = np.random.default_rng(5)
    production = draw_production(rng, many, scene)
    candidate = draw_candidate(rng, many, scene, production)
    for drawn, rates in ((production, scene.production), (candidate, scene.candidate)):
        assert right(drawn, many, positive=True) == pytest.approx(rates.sensitivity, abs=0.015)
        assert right(drawn, many, positive=False) == pytest.approx(rates.specificity, abs=0.015)
        assert auc(many.truth, drawn.contender.scores) == pytest.approx(rates.area, abs=0.01)
        called = drawn.contender.called == many.truth
        assert np.array_equal(called, drawn.right)
    unlike = (production.right != candidate.right)[many.truth].mean()
    assert unlike == pytest.approx(scene.discordance[0], abs=0.012)


def test_a_scene_is_at_the_margin_of_one_rate_and_better_in_the_others() -> None:
    policy = load_policy("demo")
    for what, margin in (("sensitivity", 0.03), ("specificity", 0.05), ("auc", 0.02)):
        scene = at_margin(what, policy)
        pairs = {
            "sensitivity": (scene.candidate.sensitivity, scene.production.sensitivity),
            "specificity": (scene.candidate.specificity, scene.production.specificity),
            "auc": (scene.candidate.area, scene.production.area),
        }
        moved = {name: ours - theirs for name, (ours, theirs) in pairs.items()}
        assert moved.pop(what) == pytest.approx(-margin)
        assert min(moved.values()) > 0.03


def test_the_printed_row_counts_every_look() -> None:
    rows = list(false_promotions(load_policy("demo"), sets=2, n=120, films=2))
    assert len(rows) == len(CO_PRIMARIES)
    assert all("of 10 |" in row for row in rows)
