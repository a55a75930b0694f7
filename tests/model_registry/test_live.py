"""A curve is drawn while a training runs, sparingly, and never at its cost."""

import logging
from datetime import datetime, timedelta

import pytest

from model_registry.live import LiveCurve
from model_registry.tracking import Record, Tracking


def points(record: Record, name: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in record.client.get_metric_history(record.id, name)]


def test_points_are_kept_as_they_come_and_fresh_ones_are_left_out(tracking: Tracking, now: datetime) -> None:
    with tracking.run("live", "train", key="live-1", now=now) as record:
        curve = LiveCurve(record=record, every=timedelta(seconds=5))
        for second in range(12):
            at = now + timedelta(seconds=second)
            curve.tell({"loss": 1.0 / (1 + second), "auc": None}, step=second * 20, at=at)
        assert points(record, "loss") == [(0, 1.0), (100, pytest.approx(1 / 6)), (200, pytest.approx(1 / 11))]
        assert tracking.client.get_run(record.id).info.status == "RUNNING"


def test_a_point_that_mlflow_does_not_take_is_told_in_the_log_and_the_training_goes_on(
    tracking: Tracking, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    curve = LiveCurve(record=Record(id="0" * 32, client=tracking.client))
    with caplog.at_level(logging.WARNING):
        curve.tell({"loss": 1.0}, step=1, at=now)
    assert "a point of run 00000000000000000000000000000000 is lost" in caplog.text
