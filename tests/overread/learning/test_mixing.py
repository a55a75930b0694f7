"""Corrections mixed with replay: each study as heavy and as often as the recipe says."""

import math
from typing import Any

import numpy as np
import pytest

from overread.domain.errors import ConfigurationError, InputError
from overread.learning.mixing import Mix, careless, mixed
from tests.overread.learning.test_data import NEGATIVE, a_positive, a_set


def test_a_mix_weighs_replayed_no_findings_and_repeats_corrections_and_what_would_be_forgotten() -> None:
    mix = Mix(no_finding_weight=0.6, correction_repeats=3, replay_repeats={"heart": 4})
    both = mixed(a_set(NEGATIVE, a_positive("heart"), a_positive()), a_set(a_positive()), mix, seed=1)
    assert both.weights.tolist() == pytest.approx([0.6, 1, 1, 1])
    assert both.repeats.tolist() == [1, 4, 1, 3]


def test_without_replay_only_corrections_come_though_the_pictures_stay_in_place() -> None:
    mix = Mix(replay=False, correction_repeats=8, replay_repeats={"heart": 4})
    both = mixed(a_set(NEGATIVE, a_positive("heart")), a_set(a_positive()), mix, seed=1)
    assert both.repeats.tolist() == [0, 0, 8]


def test_a_mix_that_repeats_an_unknown_code_is_refused() -> None:
    with pytest.raises(InputError, match="ghost"):
        mixed(a_set(NEGATIVE), a_set(NEGATIVE), Mix(replay_repeats={"ghost": 2}), seed=1)


def test_a_careless_reader_turns_answers_round_and_leaves_no_mark() -> None:
    turned = careless(a_set(a_positive(), NEGATIVE), share=1.0, rng=np.random.default_rng(0))
    assert turned.labels[0].tolist() == [0, 0, 0]
    assert turned.labels[1, 0] == 1
    assert np.isnan(turned.labels[1, 1:]).all()
    assert len(turned.boxes) == 0


def test_a_careless_share_of_30_percent_turns_about_that_many() -> None:
    claims = a_set(*[a_positive(), NEGATIVE] * 500)
    turned = careless(claims, share=0.3, rng=np.random.default_rng(0))
    share = float((turned.labels[:, 0] != claims.labels[:, 0]).mean())
    assert share == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / 1000))


def test_what_fell_is_replayed_as_often_as_asked_and_never_less_than_before() -> None:
    mix = Mix(replay_repeats={"heart": 6, "rib": 2}, fallen_repeats=4)
    assert mix.replaying(["heart", "strand"]).replay_repeats == {"heart": 6, "rib": 2, "strand": 4}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hard_share": 1.5}, r"mix\.hard_share"),
        ({"hard_repeats": 0}, r"mix\.hard_repeats"),
        ({"fallen_repeats": -1}, r"mix\.fallen_repeats"),
        ({"grade_weights": {"report": -0.5}}, "grade_weights"),
    ],
)
def test_a_mix_that_cannot_be_made_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Mix(**wrong)
