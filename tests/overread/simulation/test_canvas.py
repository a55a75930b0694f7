"""Curves, bands and masks in fractions of the picture."""

import numpy as np
import pytest

from overread.simulation.canvas import Canvas, ellipse, ribbon, spline, turned


def test_a_curve_goes_through_its_points() -> None:
    points = np.array([(0.1, 0.1), (0.4, 0.3), (0.6, 0.2), (0.9, 0.9)])
    curve = spline(points, steps=8)
    assert curve[::8] == pytest.approx(points)
    assert curve[-1] == pytest.approx(points[-1])


def test_a_closed_curve_does_not_repeat_its_first_point() -> None:
    assert len(spline([(0, 0), (1, 0), (1, 1)], steps=4, closed=True)) == 12


def test_turning_there_and_back_changes_nothing() -> None:
    points = np.array([(0.2, 0.7), (0.9, 0.1)])
    assert turned(turned(points, 0.3), -0.3) == pytest.approx(points)


def test_a_band_is_as_wide_as_it_should_be() -> None:
    line = np.stack([np.linspace(0.2, 0.8, 9), np.full(9, 0.5)], axis=1)
    band = ribbon(line, 0.1)
    assert np.ptp(band[:, 1]) == pytest.approx(0.1)


def test_the_coarse_grid_undoes_the_tilt() -> None:
    canvas = Canvas(size=64, tilt=0.05)
    x, y = canvas.coarse_grid()
    placed = turned(np.stack([x, y], axis=-1).astype(float), 0.05)
    assert placed[0, :, 0] == pytest.approx((np.arange(16) + 0.5) / 16, abs=1e-6)


def test_a_disc_covers_its_area_at_any_size() -> None:
    for size in (96, 256):
        canvas = Canvas(size=size, tilt=0.0)
        mask = canvas.mask()
        canvas.fill(mask, ellipse(0.5, 0.5, (0.2, 0.2), steps=48))
        assert mask.mean() / 255 == pytest.approx(np.pi * 0.04, rel=0.08)


def test_a_pen_thinner_than_a_pixel_draws_fainter() -> None:
    canvas = Canvas(size=100, tilt=0.0)
    line = np.array([[(0.1, 0.505), (0.9, 0.505)]])
    thin, full = canvas.mask(), canvas.mask()
    canvas.stroke(thin, line, width=0.004)
    canvas.stroke(full, line, width=0.010)
    assert thin.sum() < 0.6 * full.sum()
