"""What simulated readers perceive, and that they perceive nothing more."""

import numpy as np
import pytest

from overread.domain.findings import Label, Side
from overread.simulation.population import MIX, Department, studies
from overread.simulation.readers import (
    OLD_HABITS,
    Reader,
    historical,
    look,
    perceive,
    resident,
    senior,
)
from tests.overread.simulation.examples import a_clean_study


def called(reader: Reader, code: str, subtlety: float, times: int = 600) -> float:
    truth = a_clean_study().with_finding(code, subtlety=subtlety).findings
    rng = np.random.default_rng(1)
    return sum(code in perceive(reader, truth, rng).codes for _ in range(times)) / times


def false_calls(reader: Reader, times: int = 2000) -> float:
    rng = np.random.default_rng(2)
    return sum(perceive(reader, (), rng).label is Label.HAS_FINDING for _ in range(times)) / times


@pytest.mark.parametrize("code", MIX)
def test_old_reports_call_findings_as_was_the_habit(code: str) -> None:
    assert called(historical("old"), code, 0.4) == pytest.approx(OLD_HABITS[code], abs=0.06)


def test_todays_readers_miss_more_of_what_is_subtle() -> None:
    plain, subtle = (called(resident("lin"), "fibrous_strand", s) for s in (0.0, 0.8))
    assert plain == pytest.approx(0.97, abs=0.03)
    assert subtle == pytest.approx(0.69, abs=0.06)


def test_a_senior_misses_less_and_imagines_less() -> None:
    assert (
        called(senior("wang"), "fibrous_strand", 0.8) > called(resident("lin"), "fibrous_strand", 0.8) + 0.1
    )
    assert false_calls(senior("wang")) < false_calls(resident("lin"))
    assert false_calls(historical("old")) == pytest.approx(0.02, abs=0.01)


def test_residents_agree_with_truth_as_often_as_was_asked() -> None:
    department = studies(Department(seed=9))
    some = [next(department) for _ in range(600)]
    right = sum(look(resident("lin"), study).label is study.label for study in some) / len(some)
    assert 0.86 < right < 0.95


def test_the_same_reader_sees_the_same_again_and_two_readers_differ() -> None:
    study = a_clean_study().with_finding("heavy_hilum", subtlety=0.8)
    looks = [look(resident(name), study) for name in ("a", "b", "c", "d", "e", "f", "g", "h")]
    assert look(resident("a"), study) == looks[0]
    assert len({frozenset(seen.codes) for seen in looks}) > 1


def test_a_mark_lies_near_the_finding_and_names_the_patients_side() -> None:
    study = a_clean_study().with_finding("effusion", subtlety=0.0)
    (seen,) = perceive(senior("wang"), study.findings, np.random.default_rng(0)).findings
    (true,) = study.findings
    assert seen.box.corners == pytest.approx(true.box.corners, abs=0.06)
    assert seen.side is (Side.RIGHT if (true.box.x0 + true.box.x1) / 2 < 0.5 else Side.LEFT)
    assert seen.finding(512).box is not None


def test_an_imagined_finding_has_a_code_and_a_place() -> None:
    dreamer = Reader(key=resident("x").key, false_calls=1.0)
    for seed in range(50):
        (seen,) = perceive(dreamer, (), np.random.default_rng(seed)).findings
        assert seen.code in MIX
        assert seen.box.within(1, 1)
