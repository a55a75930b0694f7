"""The table over seeds: means with their range, and differences to one strategy of the same folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.correction_seeds import answered, heads, signs, spread, table


def a_strategy(name: str, corrected: float | None, auc: float, lost: float, **falls: float) -> dict[str, Any]:
    return {
        "name": name,
        "corrected": {"estimate": corrected},
        "auc": {"estimate": auc},
        "lost": {"estimate": lost},
        "falls": falls,
        "cpu_seconds": 40.4,
    }


def a_comparison(*strategies: dict[str, Any]) -> dict[str, Any]:
    return {
        "corrections": 120,
        "codes": ["calcification", "fibrous_strand"],
        "specificity": 0.9,
        "note": "",
        "strategies": list(strategies),
    }


def test_each_strategy_has_a_mean_its_range_and_its_differences_within_folders() -> None:
    first = a_comparison(a_strategy("replay", 0.5, 0.8, 0.1), a_strategy("hard", 0.6, 0.79, 0.1, nodule=0.25))
    second = a_comparison(a_strategy("replay", 0.7, 0.9, 0.2), a_strategy("hard", 0.75, 0.92, 0.3))
    head, rule, replay, hard = table([first, second]).splitlines()
    assert head.count("|") == rule.count("|") == hard.count("|") == 10
    assert replay == (
        "| replay | 0.600 (0.500 to 0.700) | 0.850 (0.800 to 0.900) | 0.150 (0.100 to 0.200) "
        "| 0.000 (0.000 to 0.000) | 40 (40 to 40) | - | - | - |"
    )
    assert "| 0.125 (0.000 to 0.250) |" in hard
    assert hard.endswith("| +0.075 (2 up, 0 down) | +0.005 (1 up, 1 down) | +0.050 (1 up, 0 down) |")


def test_a_strategy_that_one_folder_lacks_is_left_out_and_another_may_be_the_measure() -> None:
    first = a_comparison(a_strategy("replay", 0.5, 0.8, 0.1), a_strategy("full", 0.6, 0.79, 0.1))
    second = a_comparison(a_strategy("full", 0.6, 0.79, 0.1))
    lines = table([first, second], against="full").splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| full |")


def test_what_is_undefined_in_one_folder_has_no_mean() -> None:
    assert spread([0.5, None]) == "-"
    assert signs([0.1, None]) == "-"
    assert signs([0.0, 0.0]) == "+0.000 (0 up, 0 down)"
    lines = table([a_comparison(a_strategy("replay", None, 0.8, 0.1), a_strategy("hard", 0.5, 0.8, 0.1))])
    assert lines.splitlines()[3].endswith("| - | +0.000 (0 up, 0 down) | +0.000 (0 up, 0 down) |")


def test_a_folder_says_what_its_corrections_are_about_and_that_it_is_small() -> None:
    said = "- 120 corrections, mostly of calcification, fibrous_strand; specificity 0.90."
    note = "No verdict: 28 of one class, fewer than 100."
    assert heads([a_comparison(), {**a_comparison(), "note": note}]) == [said, f"{said} {note}"]


@pytest.mark.parametrize("training", ["corrections", "configs/corrections.toml"])
def test_an_answer_that_is_kept_is_read_and_nothing_is_run(tmp_path: Path, training: str) -> None:
    kept = a_comparison(a_strategy("replay", 0.5, 0.8, 0.1))
    (tmp_path / "experiment-corrections.json").write_text(json.dumps(kept))
    assert answered(tmp_path, training) == kept
