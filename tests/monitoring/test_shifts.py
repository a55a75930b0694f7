"""What a calibration puts into its windows, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.calibration import detected
from monitoring.drift import LEVEL
from monitoring.features import STATISTICS, Features, image_statistics
from monitoring.shifts import Shifts, splits
from monitoring.stattests import p_values, some_drift
from overread.domain.errors import EvidenceError
from tests.monitoring.builders import a_department, some_features

N = 240


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    rng = np.random.default_rng(2)
    shown = rng.integers(20, 160, (N, 1, 1), np.uint8) + rng.integers(0, 60, (N, 24, 24), np.uint8)
    return np.asarray(shown, np.uint8)


@pytest.fixture(scope="module")
def reference(pictures: NDArray[np.uint8]) -> Features:
    table = a_department(N, seed=1)
    return replace(table, numeric={"score": table.numeric["score"], **image_statistics(pictures)})


@pytest.fixture(scope="module")
def shifts(reference: Features, pictures: NDArray[np.uint8]) -> Shifts:
    return Shifts.of(reference, pictures)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_a_split_parts_the_reference_and_changes_nothing(reference: Features) -> None:
    ((rest, drawn),) = splits(reference, 60, 1, rng())
    assert (rest.n, drawn.n) == (180, 60)
    both = np.concatenate([rest.numeric["score"], drawn.numeric["score"]])
    assert sorted(both) == sorted(reference.numeric["score"])


def test_gain_raises_every_grey_by_a_tenth_and_leaves_score_and_tags(shifts: Shifts) -> None:
    rest, drawn = shifts.gain(60, rng())
    same_rest, unchanged = next(splits(shifts.reference, 60, 1, rng()))
    assert rest.numeric["mean"].tolist() == same_rest.numeric["mean"].tolist()
    assert drawn.numeric["mean"] == pytest.approx(1.1 * unchanged.numeric["mean"], abs=0.5)
    assert drawn.numeric["score"].tolist() == unchanged.numeric["score"].tolist()
    assert drawn.categorical["maker"].tolist() == unchanged.categorical["maker"].tolist()


def test_inversion_turns_the_pictures_of_the_most_common_maker_alone(shifts: Shifts) -> None:
    _, drawn = shifts.inversion(60, rng())
    _, unchanged = next(splits(shifts.reference, 60, 1, rng()))
    turned = drawn.attributes["maker"] == "A"
    assert 0 < turned.sum() < 60
    assert drawn.numeric["mean"][turned] == pytest.approx(255 - unchanged.numeric["mean"][turned])
    for name in STATISTICS:
        assert drawn.numeric[name][~turned].tolist() == unchanged.numeric[name][~turned].tolist()


def test_a_new_maker_is_one_that_the_other_side_never_had(shifts: Shifts) -> None:
    rest, drawn = shifts.new_maker(60, rng())
    (new,) = set(drawn.categorical["maker"]) - set(rest.categorical["maker"])
    names, counts = np.unique(shifts.reference.categorical["maker"], return_counts=True)
    assert new == names[counts.argmin()]


def test_an_age_mix_doubles_the_old_in_the_window_and_keeps_their_share_in_the_rest(shifts: Shifts) -> None:
    share = float((shifts.reference.attributes["age"] == "60+").mean())
    rest, drawn = shifts.age_mix(50, rng())
    assert (drawn.attributes["age"] == "60+").mean() == pytest.approx(2 * share, abs=0.01)
    assert (rest.attributes["age"] == "60+").mean() == pytest.approx(share, abs=0.01)
    with pytest.raises(EvidenceError, match="too few patients of an age"):
        shifts.age_mix(120, rng())


def test_without_ages_there_is_no_mix_of_them(shifts: Shifts) -> None:
    ageless = replace(
        shifts.reference, attributes={**shifts.reference.attributes, "age": np.full(N, "", dtype=np.str_)}
    )
    with pytest.raises(EvidenceError, match="too few patients of an age"):
        replace(shifts, reference=ageless).age_mix(50, rng())


def test_a_department_of_one_maker_has_no_new_one(shifts: Shifts) -> None:
    alone = replace(shifts.reference, attributes={"maker": np.full(N, "A", dtype=np.str_)})
    with pytest.raises(EvidenceError, match="rarest maker"):
        replace(shifts, reference=alone).new_maker(60, rng())


def test_the_search_for_a_drift_decides_as_all_p_values_do() -> None:
    before = some_features(200)
    for shift in (0.0, 0.5, 0.8):
        now = some_features(60, seed=4, shift=shift)
        values = p_values(before, now)
        expected = min(values.values()) <= LEVEL / len(values)
        assert some_drift(before, now, level=LEVEL) is expected


def test_what_is_always_seen_is_detected_in_every_draw(shifts: Shifts) -> None:
    told: list[int] = []
    found = detected(shifts.new_maker, 60, draws=8, seed=1, on_draw=told.append)
    assert (found.estimate, found.n) == (1.0, 8)
    assert told == list(range(1, 9))
