"""What lies beyond the edge of an interval's drawing is said, never drawn at the edge."""

from serving.pages.plots import difference_plot, floor_plot


def test_an_interval_inside_the_drawing_is_drawn_whole() -> None:
    plot = difference_plot((-0.01, 0.0, 0.02), 0.03, status="pass", says="")
    assert plot.zero is not None
    assert plot.zero == plot.estimate
    assert plot.limit < plot.lower < plot.zero < plot.upper
    assert not plot.more_left
    assert not plot.more_right


def test_an_estimate_beyond_the_edge_has_no_place_in_the_drawing() -> None:
    far = difference_plot((0.18, 0.24, 0.30), 0.03, status="pass", says="")
    assert (far.estimate, far.more_left, far.more_right) == (None, False, True)
    worse = difference_plot((-0.9, -0.02, 0.01), 0.03, status="inconclusive", says="")
    assert worse.estimate is not None
    assert (worse.more_left, worse.more_right) == (True, False)


def test_a_share_ends_inside_the_drawing() -> None:
    plot = floor_plot((0.7, 0.9, 1.0), 0.6, status="pass", says="")
    assert plot.limit < plot.lower
    assert not plot.more_right
