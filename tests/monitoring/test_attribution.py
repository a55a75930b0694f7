"""A drift is attributed to the studies it was put into, and to none where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.attribution import attributions
from monitoring.drift import LEVEL, check
from monitoring.features import Features
from monitoring.stattests import p_values
from overread.domain.drift import Attribution, Cause
from tests.monitoring.builders import a_department, some_features


@pytest.fixture(scope="module")
def reference() -> Features:
    return a_department(900, seed=1)


def drifted(reference: Features, current: Features) -> list[str]:
    """Decide as the check does, without its pages."""
    found = p_values(reference, current)
    return [name for name, p_value in found.items() if p_value <= LEVEL / len(found)]


def attributed(reference: Features, current: Features) -> tuple[Attribution, ...]:
    return attributions(reference, current, drifted(reference, current), minimum=50)


def only(found: tuple[Attribution, ...]) -> Attribution:
    (one,) = found
    return one


def test_where_nothing_drifts_nothing_is_attributed(reference: Features) -> None:
    assert attributed(reference, a_department(400, seed=2)) == ()


def test_a_new_maker_is_named_with_its_studies(reference: Features) -> None:
    verdict, _ = check(reference, a_department(400, seed=2, new_maker=60))
    found = only(verdict.attributions)
    assert (found.cause, found.attribute, found.levels) == (Cause.NEW, "maker", ("N",))
    assert found.same_as == ("station",)
    assert (found.n_current, found.n_reference) == (60, 0)
    assert set(found.columns) == {"mean", "maker"} == set(verdict.drifted)
    assert verdict.unattributed == ()


def test_a_window_of_a_new_maker_alone_leaves_nothing_to_compare(reference: Features) -> None:
    found = only(attributed(reference, a_department(100, seed=2, new_maker=100)))
    assert (found.cause, found.levels, found.n_current) == (Cause.NEW, ("N",), 100)
    assert found.shown is False


def test_gain_on_one_scanner_is_found_in_that_scanner(reference: Features) -> None:
    found = only(attributed(reference, a_department(400, seed=2, gain={"A": 1.1})))
    assert (found.cause, found.attribute, found.levels) == (Cause.LEVEL, "maker", ("A",))
    assert found.columns == ("mean",)
    assert found.same_as == ("station",)


def test_gain_on_all_scanners_is_found_in_every_group(reference: Features) -> None:
    found = only(attributed(reference, a_department(400, seed=2, gain=dict.fromkeys("ABC", 1.1))))
    assert (found.cause, found.columns) == (Cause.EVERYWHERE, ("mean",))
    assert {found.attribute, *found.same_as} == {"maker", "station", "age", "sex"}


def test_pictures_turned_upside_down_with_their_tag_are_found_by_the_tag(reference: Features) -> None:
    found = attributed(reference, a_department(400, seed=2, inverted="B"))
    named = {one.attribute: one for one in found}
    assert (named["polarity"].cause, named["polarity"].levels) == (Cause.NEW, ("MONOCHROME1",))
    assert named["polarity"].columns == ("polarity",)
    assert (named["maker"].cause, named["maker"].levels) == (Cause.LEVEL, ("B",))
    assert named["maker"].columns == ("mean",)  # without B's pictures of before, too


def test_a_score_that_follows_age_is_put_down_to_the_mix_of_ages(reference: Features) -> None:
    found = only(attributed(reference, a_department(400, seed=2, old=0.8)))
    assert (found.cause, found.attribute, found.levels) == (Cause.MIX, "age", ("60+",))
    assert found.columns == ("score",)
    assert found.n_current > found.n_reference * 400 / 900


def test_a_drift_in_studies_that_nothing_tells_apart_is_not_attributed() -> None:
    before, now = some_features(400), some_features(200, seed=1, shift=1.0)
    verdict, _ = check(before, replace(now, attributes={}))
    assert verdict.drifted == verdict.unattributed == ("noise",)
    assert verdict.attributions == ()


def test_rare_stations_are_not_taken_for_new_ones(reference: Features) -> None:
    rare = np.random.default_rng(5)
    before = replace(reference, attributes={"station": rare.integers(300, size=900).astype(np.str_)})
    now = a_department(400, seed=2, gain=dict.fromkeys("ABC", 1.1))
    now = replace(now, attributes={"station": rare.integers(300, size=400).astype(np.str_)})
    assert attributions(before, now, ("mean",), minimum=50) == ()


def test_the_embedding_as_a_whole_is_attributed_too() -> None:
    before, now = some_features(300), some_features(200, seed=1, embedding_shift=2.5)
    assert before.embeddings is not None
    assert now.embeddings is not None
    half = np.arange(200) < 100
    unmoved = now.embeddings - 2.5 * (np.arange(12) == 0)
    now = replace(now, embeddings=np.where(half[:, None], now.embeddings, unmoved))
    before = replace(before, attributes={"site": np.where(np.arange(300) < 150, "east", "west")})
    now = replace(now, attributes={"site": np.where(half, "east", "west")})
    (found,) = attributions(before, now, ("embedding",), minimum=50)
    assert (found.cause, found.attribute, found.levels) == (Cause.LEVEL, "site", ("east",))
