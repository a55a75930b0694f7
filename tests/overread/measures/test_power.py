"""Power and size of the non-inferiority checks, against the printed table, enumeration and simulation."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from overread.measures import (
    PowerRow,
    power_noninferiority,
    power_table,
    sample_size_noninferiority,
    tango_noninferiority,
)

PRINTED = {
    (0.03, 300): (0.64, 0.42, 0.31, 0.25),
    (0.03, 1018): (1.00, 0.91, 0.78, 0.66),
    (0.03, 2000): (1.00, 1.00, 0.97, 0.92),
    (0.05, 300): (0.97, 0.82, 0.68, 0.56),
    (0.05, 995): (1.00, 1.00, 0.99, 0.97),
    (0.10, 100): (0.97, 0.88, 0.75, 0.65),
    (0.10, 300): (1.00, 1.00, 1.00, 0.99),
}


@pytest.mark.parametrize(("margin", "n"), PRINTED)
def test_the_exact_power_is_the_printed_table(margin: float, n: int) -> None:
    powers = [
        power_noninferiority(n, discordance=d, margin=margin, method="exact")
        for d in (0.04, 0.08, 0.12, 0.16)
    ]
    assert tuple(round(p, 2) for p in powers) == PRINTED[margin, n]


@pytest.mark.parametrize("difference", [0.0, 0.04, -0.06])
def test_the_exact_power_sums_every_table(difference: float) -> None:
    n, discordance = 24, 0.3
    chances = multinomial(
        n, [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
    )
    expected = sum(
        chances.pmf([b, c, n - b - c])
        for b in range(n + 1)
        for c in range(n + 1 - b)
        if tango_noninferiority(b, c, n, margin=0.15, alpha=0.05).noninferior
    )
    ours = power_noninferiority(
        n, discordance=discordance, difference=difference, margin=0.15, alpha=0.05, method="exact"
    )
    assert ours == pytest.approx(expected, abs=1e-9)


def test_the_size_at_the_margin_stays_near_alpha() -> None:
    sizes = [
        power_noninferiority(500, discordance=d, difference=-0.05, margin=0.05, method="exact")
        for d in (0.08, 0.15, 0.3)
    ]
    assert all(0.02 < size < 0.028 for size in sizes)


def test_a_thousand_cases_take_less_than_a_second_of_one_core() -> None:
    start = time.process_time()
    power_noninferiority(1000, discordance=0.5, margin=0.03, method="exact")
    assert time.process_time() - start < 1


def test_the_normal_power_nears_the_exact_one() -> None:
    for n, close in ((150, 0.06), (3000, 0.01)):
        normal = power_noninferiority(n, discordance=0.15, margin=0.05)
        assert normal == pytest.approx(
            power_noninferiority(n, discordance=0.15, margin=0.05, method="exact"), abs=close
        )


@pytest.mark.parametrize("method", ["normal", "exact"])
def test_without_discordance_the_table_without_discordant_pairs_decides(method: str) -> None:
    assert power_noninferiority(125, discordance=0.0, margin=0.03, method=method) == 1.0
    assert power_noninferiority(124, discordance=0.0, margin=0.03, method=method) == 0.0
    assert power_noninferiority(0, discordance=0.0, margin=0.03, method=method) == 0.0
    assert power_noninferiority(
        50, discordance=1.0, difference=1.0, margin=0.03, method=method
    ) == pytest.approx(1)
    assert power_noninferiority(50, discordance=1.0, difference=-1.0, margin=0.03, method=method) == 0.0


def test_the_size_asked_for_has_the_power_asked_for() -> None:
    n = sample_size_noninferiority(discordance=0.1, margin=0.05)
    z = 1.959963985 + 1.281551566
    assert n == math.ceil(z**2 * 0.1 / 0.0025)
    assert power_noninferiority(n, discordance=0.1, margin=0.05) >= 0.9
    assert power_noninferiority(n - 1, discordance=0.1, margin=0.05) < 0.9
    better = sample_size_noninferiority(discordance=0.1, difference=0.01, margin=0.05)
    worse = sample_size_noninferiority(discordance=0.1, difference=-0.01, margin=0.05)
    assert better < n < worse


@given(
    discordance=st.floats(0.01, 1),
    share=st.floats(-0.2, 1),
    margin=st.floats(0.01, 0.5),
    alpha=st.floats(0.001, 0.4),
    power=st.floats(0.6, 0.999),
)
def test_no_smaller_size_has_the_power_asked_for(
    discordance: float, share: float, margin: float, alpha: float, power: float
) -> None:
    difference = share * min(discordance, margin)
    n = sample_size_noninferiority(
        discordance=discordance, difference=difference, margin=margin, alpha=alpha, power=power
    )

    def reached(size: int) -> float:
        return power_noninferiority(
            size, discordance=discordance, difference=difference, margin=margin, alpha=alpha
        )

    assert reached(n) >= power - 1e-9 or n == 0
    assert n < 2 or reached(n - 1) < power + 1e-9


@settings(max_examples=30)
@given(n=st.integers(1, 60), discordance=st.floats(0, 1), margin=st.floats(0.02, 0.4))
def test_a_wider_margin_and_a_better_candidate_have_more_power(
    n: int, discordance: float, margin: float
) -> None:
    for method in ("normal", "exact"):
        powers = [
            power_noninferiority(n, discordance=discordance, difference=gain, margin=wide, method=method)
            for gain, wide in ((0.0, margin), (0.0, 2 * margin), (discordance / 2, 2 * margin))
        ]
        assert 0 <= powers[0] <= powers[1] + 1e-9
        assert powers[1] <= powers[2] + 1e-9 <= 1 + 2e-9


def test_the_table_has_sizes_outside_and_discordances_inside() -> None:
    rows = power_table([100, 300], discordances=[0.05, 0.1], margin=0.05)
    assert [(row.n, row.discordance) for row in rows] == [(100, 0.05), (100, 0.1), (300, 0.05), (300, 0.1)]
    assert rows[3] == PowerRow(300, 0.1, power_noninferiority(300, discordance=0.1, margin=0.05))


def test_the_power_is_that_of_simulated_comparisons() -> None:
    rng = np.random.default_rng(2)
    draws = rng.multinomial(200, [0.07, 0.05, 0.88], size=500)
    passed = np.mean([tango_noninferiority(b, c, 200, margin=0.05).noninferior for b, c, _ in draws.tolist()])
    exact = power_noninferiority(200, discordance=0.12, difference=0.02, margin=0.05, method="exact")
    assert passed == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize(
    "wrong",
    [
        {"discordance": 1.2},
        {"difference": 0.2},
        {"difference": math.nan},
        {"margin": 0},
        {"method": "guess"},
        {"n": -1},
    ],
)
def test_a_power_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        power_noninferiority(**{"n": 100, "discordance": 0.1, "margin": 0.05, **wrong})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    "wrong", [{"difference": -0.05}, {"power": 1.0}, {"power": 0.0}, {"difference": -0.2}]
)
def test_a_size_that_no_sample_reaches_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        sample_size_noninferiority(**{"discordance": 0.1, "margin": 0.05, **wrong})
