"""Measures and outlines of one chest."""

import numpy as np

from overread.simulation.chest import LEFT, RIGHT, chest_of
from overread.simulation.seeds import derived, stream, uid


def test_the_body_is_the_patients_and_the_pose_is_the_studys() -> None:
    one, other = (chest_of(patient_seed=1, pose_seed=pose, female=True) for pose in (1, 2))
    assert one.half_width == other.half_width
    assert one.breast == other.breast > 0
    assert one.midline != other.midline


def test_lungs_heart_and_hila_lie_where_they_belong() -> None:
    for seed in range(200):
        chest = chest_of(patient_seed=seed, pose_seed=seed, female=False)
        for side in (RIGHT, LEFT):
            lung = chest.lungs[side]
            assert lung.min() > 0.0
            assert lung.max() < 1.0
            assert (np.sign(lung[:, 0] - chest.midline) == side).all()
        assert chest.dome(RIGHT) < chest.dome(LEFT)
        assert chest.hilum(LEFT)[1] < chest.hilum(RIGHT)[1]
        assert np.ptp(chest.heart_outline[:, 0]) < 1.2 * 2 * chest.half_width * chest.heart


def test_a_seed_depends_on_every_word_and_on_their_order() -> None:
    assert derived("a", 1) == derived("a", 1)
    assert len({derived("a", 1), derived(1, "a"), derived("a", 2), derived("a")}) == 4
    assert stream("a").random() == stream("a").random()


def test_uids_are_valid_and_short_enough() -> None:
    for number in range(100):
        text = uid("study", number)
        assert len(text) <= 64
        assert text.startswith("2.25.")
        assert not text.startswith("2.25.0")
