"""Recipes: read from TOML, every key known, variants laid over the rest."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from overread.domain.errors import ConfigurationError
from overread.learning.bodies import BODIES
from overread.learning.losses import Doubt
from overread.learning.recipes import Precision, read_recipe, recipe_of
from overread.learning.schedule import Schedule
from tests.overread.learning.toys import toy_recipe

CONFIGS = Path(__file__).parents[3] / "configs"
TABLE: dict[str, Any] = {
    "name": "t",
    "architecture": "resnet10-lse",
    "contract": {"size": 64},
    "images": {"passes": 2, "rate": 1},
    "variants": {"v2": {"images": {"passes": 1}, "mix": {"replay_repeats": {"heart": 4}}}},
}


def test_every_strategy_of_learning_from_corrections_can_be_read_and_differs_from_the_others() -> None:
    with (CONFIGS / "corrections.toml").open("rb") as file:
        names = list(tomllib.load(file)["variants"])
    strategies = [read_recipe(CONFIGS / "corrections.toml", name) for name in names]
    assert len({replace(each, name="").digest for each in strategies}) == len(names) == 9
    assert all(each.mix.replay for each in strategies)
    assert [each.name for each in strategies if each.fresh] == ["corrections-full"]


@pytest.mark.parametrize("name", ["demo", "demo-fast", "production", "paper"])
def test_every_shipped_configuration_and_variant_can_be_read(name: str) -> None:
    base = read_recipe(CONFIGS / f"{name}.toml")
    variants = {"production": ["v2"], "paper": []}.get(name, ["v2", "control", "bad"])
    for variant in variants:
        recipe = read_recipe(CONFIGS / f"{name}.toml", variant, seed=7)
        assert recipe.architecture == base.architecture
        assert recipe.contract == base.contract
        assert recipe.seed == 7
        assert recipe.name == f"{name}-{variant}"


def test_the_papers_recipe_says_what_the_paper_says_and_production_keeps_to_its_network() -> None:
    paper, production = (read_recipe(CONFIGS / f"{name}.toml") for name in ("paper", "production"))
    assert (paper.architecture, paper.contract.size) == ("resnet152", 512)
    assert paper.contract.mean == (0.485, 0.456, 0.406)
    assert paper.contract.std == (0.229, 0.224, 0.225)
    turned = paper.images.augment
    assert min(turned.degrees, turned.scale, turned.shift) > 0
    assert turned.gain == turned.offset == 0
    assert paper.patches.count == 0
    assert BODIES[paper.architecture].published_head  # where Grad-CAM has a closed form
    assert (paper.architecture, paper.contract) == (production.architecture, production.contract)


def test_a_variant_changes_only_what_it_names() -> None:
    base, fine = recipe_of(TABLE), recipe_of(TABLE, "v2")
    assert fine.images.passes == 1
    assert fine.images.rate == base.images.rate == 1.0
    assert fine.mix.replay_repeats == {"heart": 4}


def test_equal_recipes_have_one_digest_and_a_changed_one_another() -> None:
    assert recipe_of(TABLE).digest == recipe_of(TABLE).digest != recipe_of(TABLE, seed=9).digest


def test_what_changes_a_training_is_off_unless_a_recipe_asks_for_it() -> None:
    recipe = recipe_of(TABLE)
    assert (recipe.ema, recipe.images.patience, recipe.loss) == (0.0, 0, Doubt())
    assert not recipe.export.int8
    assert recipe.schedule is Schedule.ONE_CYCLE
    asked = toy_recipe(schedule="cosine", ema=0.999, loss={"power": 0.7})
    assert (asked.schedule, asked.loss.power) == (Schedule.COSINE, 0.7)


def test_precision_is_read_as_a_word() -> None:
    assert toy_recipe(precision="bfloat16").precision is Precision.HALF


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "blue"}, "colour"),
        ({"images": {"pases": 3}}, r"images\.pases"),
        ({"images": {"passes": "many"}}, r"images\.passes must be int"),
        ({"images": {"passes": 0}, "patches": {}}, "above 0"),
        ({"architecture": "perceptron"}, "perceptron"),
        ({"precision": "int4"}, "precision"),
        ({"patches": {"count": 1, "side": 65}}, "larger"),
        ({"schedule": "zigzag"}, "schedule"),
        ({"ema": 1.0}, "ema"),
        ({"images": {"passes": 1, "patience": -1}}, r"images\.patience"),
        ({"export": {"int8": True, "calibration": 0}}, r"export\.calibration"),
        ({"export": {"int8": 1}}, r"export\.int8 must be bool"),
        ({"loss": {"power": 2.0}}, r"loss\.power"),
    ],
)
def test_a_wrong_key_or_value_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        recipe_of(TABLE | change)


def test_a_missing_key_and_an_unknown_variant_are_named() -> None:
    with pytest.raises(ConfigurationError, match="contract"):
        recipe_of({key: value for key, value in TABLE.items() if key != "contract"})
    with pytest.raises(ConfigurationError, match="v2"):
        recipe_of(TABLE, "v3")


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(ConfigurationError, match=r"broken\.toml"):
        read_recipe(broken)
