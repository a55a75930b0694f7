"""A benchmark's row: the ratio, its limits, and when it may say that the target is met."""

import json
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from benchmarks.recording import (
    installed_version,
    keep,
    left_out,
    line,
    machine,
    ratio_limits,
    rounds,
    row,
    table,
    timed,
)


def test_a_ratio_is_how_many_times_as_fast_we_are_and_lies_within_its_limits() -> None:
    made = row("a", [1.0, 1.1, 0.9, 1.0], [2.0, 2.1, 1.9, 2.2], target=2)
    assert made.ratio == pytest.approx(2.05)
    assert made.lower <= made.ratio <= made.upper
    assert (made.ours, made.theirs, made.unit) == (1.0, 2.05, "s")
    assert [(side.n, side.p95) for side in made.spread] == [(4, 1.085), (4, pytest.approx(2.185))]


def test_equal_rounds_leave_no_doubt() -> None:
    assert ratio_limits([2.0] * 3, [3.0] * 3) == (1.5, 1.5)


@pytest.mark.parametrize(("target", "met"), [(2.1, True), (2.11, False)])
def test_a_target_is_met_when_the_lower_limit_reaches_nineteen_twentieths_of_it(
    target: float, met: bool
) -> None:
    made = row("a", [1.0] * 3, [2.0] * 3, target=target)
    assert made.met is met
    assert ("NOT met" in line(made)) is not met


def test_sides_are_measured_in_turn_until_the_ratio_is_narrow() -> None:
    asked: list[str] = []

    def side(name: str) -> float:
        asked.append(name)
        return 1.0

    ours, theirs = rounds([partial(side, "ours"), partial(side, "theirs")], fewest=3)
    assert (len(ours), len(theirs)) == (3, 3)
    assert asked == ["ours", "theirs"] * 4  # the first of them warms up


def test_a_ratio_that_stays_wide_ends_all_the_same() -> None:
    wild = cycle([1.0, 3.0])
    ours, _ = rounds([lambda: next(wild), lambda: 1.0], fewest=2, most=6)
    assert len(ours) == 6


def test_rows_are_kept_beside_those_of_others_and_replace_their_own(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    keep([row("a", [1.0], [2.0], target=1), row("b", [1.0], [2.0], target=1)], ["numpy"], path=path)
    keep([row("b", [1.0], [3.0], target=1)], ["numpy"], path=path)
    rows = json.loads(path.read_text())["rows"]
    assert [(each["name"], each["ratio"]) for each in rows] == [("a", 2.0), ("b", 3.0)]
    assert {"name", "ratio", "target", "met", "ours", "theirs", "unit", "spread", "machine"} <= set(rows[0])
    assert set(rows[0]["machine"]["versions"]) == {"numpy"}


def test_no_round_beyond_the_fewest_begins_after_its_time() -> None:
    wild = cycle([1.0, 3.0])
    ours, _ = rounds([lambda: next(wild), lambda: 1.0], fewest=3, most=40, seconds=0.0)
    assert len(ours) == 3


def test_what_is_too_short_to_time_is_done_several_times() -> None:
    done: list[int] = []
    assert timed(lambda: done.append(1), times=20)() >= 0
    assert len(done) == 20


def test_a_note_is_said_behind_the_numbers() -> None:
    assert line(row("a", [1.0], [2.0], target=1, note="0.3 grey levels apart")).endswith(
        "; 0.3 grey levels apart"
    )


def test_a_row_that_cannot_be_measured_is_said_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    left_out("a / peer", "no-such-package")
    said = capsys.readouterr().out
    assert "a / peer: left out, for no-such-package is not installed" in said
    assert ".[bench]" in said


def test_a_package_that_is_missing_has_no_version() -> None:
    assert installed_version("no-such-package") == ""
    assert machine(["numpy", "no-such-package"])["versions"] == {"numpy": installed_version("numpy")}


def test_the_table_has_a_line_for_each_row_and_says_what_is_not_met(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    keep([row("a", [1.0], [2.0], target=1), row("b", [1.0], [2.0], target=3)], ["numpy"], path=path)
    lines = table(json.loads(path.read_text())["rows"]).splitlines()
    assert len(lines) == 4
    assert "| a | 2.00 [2.00, 2.00] | 1 | met |" in lines[2]
    assert "| NOT met |" in lines[3]
