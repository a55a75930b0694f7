"""Do maps point at truth boxes, and more so than a guess does?"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_registry.localisation import (
    centre_map,
    covered,
    energy_inside,
    hottest,
    localise,
    points_at,
)
from model_registry.test_set import TestCase, UnitBox
from overread.domain.errors import InputError
from tests.model_registry.toys import a_case

SIDE = 8


def heat_at(*cells: tuple[int, int], background: float = 0.0) -> NDArray[np.float64]:
    """Return a map (8, 8) of 1 at some cells (row, column)."""
    heat = np.full((SIDE, SIDE), background)
    for cell in cells:
        heat[cell] = 1.0
    return heat


def boxed(number: int, *boxes: UnitBox, patient: int | None = None) -> TestCase:
    return replace(a_case(number, positive=True, findings=("nodule",), patient=patient), boxes=boxes)


def scattered(n: int, *, seed: int = 0) -> tuple[list[TestCase], NDArray[np.int64]]:
    """Return cases with one box of 2 by 2 cells each, and the cells (n, 2) of its upper left."""
    corners = np.random.default_rng(seed).integers(0, SIDE - 1, (n, 2))
    cases = [
        boxed(number, (x / SIDE, y / SIDE, (x + 2) / SIDE, (y + 2) / SIDE))
        for number, (y, x) in enumerate(corners.tolist())
    ]
    return cases, corners


def test_a_box_covers_its_share_of_each_cell_once() -> None:
    half = covered([(0.0, 0.0, 0.25, 0.5)], (2, 2))
    assert half.tolist() == [[0.5, 0.0], [0.0, 0.0]]
    twice = covered([(0.0, 0.0, 0.25, 0.5), (0.125, 0.0, 0.5, 0.5)], (2, 2))
    assert twice.tolist() == [[1.0, 0.0], [0.0, 0.0]]


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_what_a_box_covers_is_its_area(edges: list[float]) -> None:
    (x0, x1), (y0, y1) = sorted(edges[:2]), sorted(edges[2:])
    area = covered([(x0, y0, x1, y1)], (SIDE, SIDE)).mean()
    assert area == pytest.approx((x1 - x0) * (y1 - y0), abs=2.1 / (SIDE * 8))


@pytest.mark.parametrize(
    ("cell", "hit"),
    [((2, 5), True), ((2, 4), True), ((1, 5), True), ((2, 3), False), ((5, 2), False)],
    ids=["inside", "touching", "touching above", "beside", "rows and columns swapped"],
)
def test_the_hottest_place_hits_the_box_it_touches(cell: tuple[int, int], hit: bool) -> None:
    box = (5 / SIDE, 2 / SIDE, 6 / SIDE, 3 / SIDE)
    assert points_at(heat_at(cell)[None], [[box]]).tolist() == [hit]


def test_any_box_of_a_study_will_do() -> None:
    boxes = [(0.0, 0.0, 0.1, 0.1), (0.8, 0.8, 1.0, 1.0)]
    assert points_at(heat_at((7, 7), (7, 6))[None], [boxes]).all()


def test_an_even_map_points_at_the_centre_and_no_better() -> None:
    even, centre = np.zeros((SIDE, SIDE)), centre_map(SIDE, SIDE)
    assert hottest(even) == hottest(centre) == (0.5, 0.5)


def test_energy_is_the_share_of_heat_in_boxes() -> None:
    maps = np.stack([heat_at((0, 0), (7, 7)), heat_at((0, 0)), np.zeros((SIDE, SIDE))])
    under = np.stack([covered([(0.0, 0.0, 1 / SIDE, 1 / SIDE)], (SIDE, SIDE))] * 3)
    assert energy_inside(maps, under).tolist() == [0.5, 1.0, 0.0]


def test_a_map_that_knows_beats_both_guesses() -> None:
    cases, corners = scattered(60)
    maps = np.stack([heat_at((y, x), background=0.05) for y, x in corners.tolist()])
    found = localise(cases, maps.astype(np.float32))
    assert found is not None
    assert (found.n, found.n_patients) == (60, 60)
    assert found.model.pointing.estimate == 1
    for guess in (found.centre, found.mean_map):
        assert guess.pointing.upper < found.model.pointing.lower
        assert guess.energy.upper < found.model.energy.lower
    assert found.beyond_mean.lower > 0.3


def test_a_map_that_knows_nothing_beats_neither() -> None:
    cases, _ = scattered(80)
    maps = np.random.default_rng(1).random((80, SIDE, SIDE), np.float32)
    found = localise(cases, maps)
    assert found is not None
    assert found.model.energy.estimate == pytest.approx(found.covered, abs=0.01)
    assert found.beyond_mean.lower < 0.1


def test_where_findings_always_lie_in_one_place_the_mean_map_is_as_good() -> None:
    box = (0.25, 0.25, 0.5, 0.5)
    cases = [boxed(number, box) for number in range(30)]
    found = localise(cases, np.stack([heat_at((2, 2))] * 30).astype(np.float32))
    assert found is not None
    assert found.model.pointing.estimate == found.mean_map.pointing.estimate == 1
    assert found.beyond_mean.estimate == 0


def test_films_of_one_patient_are_not_counted_as_many() -> None:
    box = (0.0, 0.0, 0.25, 0.25)
    maps = np.stack([heat_at((0, 0) if number < 20 else (7, 7)) for number in range(40)]).astype(np.float32)
    apart = localise([boxed(number, box) for number in range(40)], maps)
    together = localise([boxed(number, box, patient=number // 10) for number in range(40)], maps)
    assert apart is not None
    assert together is not None
    for found in ("pointing", "energy"):
        alone, joint = getattr(apart.model, found), getattr(together.model, found)
        assert joint.upper - joint.lower > 1.5 * (alone.upper - alone.lower)
    assert together.n_patients == 4


def test_only_studies_with_boxes_count_and_without_any_nothing_is_said() -> None:
    plain, marked = a_case(1, positive=False), boxed(2, (0.0, 0.0, 0.2, 0.2))
    maps = np.stack([heat_at((7, 7)), heat_at((0, 0))]).astype(np.float32)
    found = localise([plain, marked], maps)
    assert found is not None
    assert (found.n, found.model.pointing.estimate) == (1, 1)
    assert localise([plain], maps[:1]) is None


@pytest.mark.parametrize("maps", [np.zeros((2, 8, 8)), np.zeros((1, 8)), np.full((1, 8, 8), np.nan)])
def test_maps_that_do_not_fit_are_refused(maps: NDArray[np.float64]) -> None:
    with pytest.raises(InputError):
        localise([boxed(1, (0.0, 0.0, 0.2, 0.2))], maps.astype(np.float32))
