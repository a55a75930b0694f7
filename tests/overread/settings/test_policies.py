"""Promotion policies as files: the shipped ones can be read, and a wrong one is named."""

from pathlib import Path

import pytest

from overread.domain.errors import ConfigurationError, InputError
from overread.domain.policies import Attribute, SliceRule
from overread.measures.promotion import Policy
from overread.settings.policies import ROOT, load_policy
from overread.settings.tasks import load_task

SHIPPED = sorted(path.stem for path in (ROOT / "policies").glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_policy_can_be_read(name: str) -> None:
    policy = load_policy(name)
    assert policy.name == name
    assert (policy.alpha, policy.looks) == (0.025, 5)
    assert min(policy.min_positive, policy.min_negative) >= 100
    assert [rule.attribute for rule in policy.slices] == [Attribute.MAKER, Attribute.SEX, Attribute.AGE]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_margins_are_those_of_the_statistics(name: str) -> None:
    policy, measured = load_policy(name), Policy()
    for margin in ("sensitivity", "specificity", "auc", "critical", "slice", "brier", "net_benefit"):
        assert getattr(policy, f"{margin}_margin") == getattr(measured, f"{margin}_margin")
    assert policy.net_benefit_threshold == measured.net_benefit_threshold


@pytest.mark.parametrize("name", SHIPPED)
def test_eight_bits_may_lose_less_than_a_candidate(name: str) -> None:
    policy = load_policy(name)
    assert policy.int8.sensitivity < policy.sensitivity_margin
    assert policy.int8.specificity < policy.specificity_margin


def test_a_policy_that_says_nothing_of_eight_bits_has_the_shipped_margins(tmp_path: Path) -> None:
    folder = altered(tmp_path, "[int8]\nsensitivity = 0.02\nspecificity = 0.02\nalpha = 0.025\n", "")
    assert load_policy("other", folder=folder).int8 == load_policy("demo").int8


@pytest.mark.parametrize("task", ["demo", "cxr-binary"])
def test_every_task_names_a_policy_whose_critical_findings_it_knows(task: str) -> None:
    question = load_task(task)
    assert set(load_policy(question.policy).critical) <= set(question.vocabulary.codes)


def altered(folder: Path, old: str, new: str) -> Path:
    text = (ROOT / "policies" / "demo.toml").read_text()
    assert old in text
    (folder / "other.toml").write_text(text.replace(old, new, 1))
    return folder


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("specificity = 0.05", "specificity = 0", "margins.specificity"),
        ("looks = 5", "looks = 0", "looks"),
        ("positive = 100", "positive = 40", "minimum.positive"),
        ("alpha = 0.025", "alpha = 0.025\nbeta = 0.1", "beta"),
        ('attribute = "maker"', 'attribute = "weight"', "slices.0.attribute"),
        ("auc = 0.55", "", "floors.auc"),
        ("[int8]\nsensitivity = 0.02", "[int8]\nsensitivity = 0", "int8.sensitivity"),
    ],
)
def test_a_wrong_policy_is_refused_by_file_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"policies/other.toml: {field}: "):
        load_policy("other", folder=altered(tmp_path, old, new))


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("looks = = 5")
    with pytest.raises(ConfigurationError, match=r"policies/other.toml"):
        load_policy("other", folder=tmp_path)


def test_a_missing_policy_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"no policy 'other'; known: .*demo"):
        load_policy("other")


@pytest.mark.parametrize(
    ("attribute", "at_least"), [(Attribute.AGE, None), (Attribute.SEX, 60), (Attribute.MAKER, 1)]
)
def test_only_a_slice_by_age_has_a_bound(attribute: Attribute, at_least: int | None) -> None:
    with pytest.raises(InputError):
        SliceRule(attribute=attribute, at_least=at_least)
