"""Plans of findings: where they lie and what they change, without a pixel drawn."""

import cv2
import numpy as np
import pytest

from overread.simulation.lesions import PLANS, plan
from overread.simulation.population import MIX
from tests.overread.simulation.examples import a_clean_study


def test_every_finding_of_the_mix_can_be_planned() -> None:
    assert set(PLANS) == set(MIX)


def test_a_plan_depends_on_its_seed_alone() -> None:
    chest = a_clean_study().chest
    one, same, other = (plan("nodule", chest, subtlety=0.2, seed=seed).box(0.0) for seed in (1, 1, 2))
    assert one == same != other


def test_an_unknown_finding_is_refused() -> None:
    with pytest.raises(KeyError):
        plan("mass", a_clean_study().chest, subtlety=0.0, seed=1)


@pytest.mark.parametrize("code", ["fibrous_strand", "calcification", "nodule", "consolidation"])
def test_what_lies_in_the_lung_is_planned_there(code: str) -> None:
    for number in range(40):
        chest = a_clean_study(number).chest
        middle = plan(code, chest, subtlety=0.2, seed=number).extent.mean(axis=0)
        at = (float(middle[0]), float(middle[1]))
        lungs = [lung.astype(np.float32) for lung in chest.lungs.values()]
        assert max(cv2.pointPolygonTest(lung, at, measureDist=True) for lung in lungs) > -0.01


def test_a_full_heart_is_wider_than_any_normal_one_even_when_subtle() -> None:
    for number in range(60):
        chest = a_clean_study(number).chest
        heart = plan("full_heart", chest, subtlety=0.8, seed=number).measures["heart"]
        assert chest.heart <= 0.508 < heart
