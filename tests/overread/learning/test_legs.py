"""Legs cover every step of a training once, in order."""

from overread.learning.legs import legs
from tests.overread.learning.toys import toy_recipe, toy_studies


def test_legs_cover_every_step_once() -> None:
    dataset = toy_studies(100).labels
    recipe = toy_recipe(patches={"count": 40_000, "side": 24, "batch": 64})
    found = legs(recipe, dataset)
    patches = [leg for leg in found if leg.stage == "patches"]
    assert [(leg.first, leg.last) for leg in patches] == [(0, 250), (250, 500), (500, 625)]
    assert [leg.number for leg in found] == list(range(5))


def test_a_stage_without_passes_or_patches_has_no_leg() -> None:
    dataset = toy_studies(32).labels
    assert {leg.stage for leg in legs(toy_recipe(patches={}), dataset)} == {"images"}
    assert {leg.stage for leg in legs(toy_recipe(images={}), dataset)} == {"patches"}
