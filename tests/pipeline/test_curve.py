"""What is kept of a training while it runs: enough for a curve, and a point at each turn."""

from datetime import timedelta

from overread.domain.identifiers import Digest, PersonKey
from overread.learning.progress import Progress
from pipeline.curve import Curve
from pipeline.retraining import request_run
from pipeline.services import PipelineServices
from pipeline.training import Job
from tests.pipeline.departments import TINY


def a_progress(done: int, *, stage: str = "images", auc: float | None = None) -> Progress:
    return Progress(stage=stage, done=done, of=100, loss=0.5, tuning_auc=auc)


def test_a_point_is_kept_when_a_stage_begins_or_a_pass_was_measured_and_else_now_and_then(
    empty: PipelineServices,
) -> None:
    request_run(empty, "run-1", by=PersonKey("olga"), trigger="person")
    job = Job(
        key="job-1",
        dataset=Digest("a" * 64),
        dataset_version="1",
        recipe=TINY,
        variant=None,
        seed=1,
        folder=empty.settings.folder,
    )
    curve = Curve(services=empty, run="run-1", every=timedelta(hours=1))
    curve.tell(job, a_progress(10, stage="patches"))
    curve.tell(job, a_progress(20, stage="patches"))  # too soon
    curve.tell(job, a_progress(1))
    curve.tell(job, a_progress(50, auc=0.9))
    curve.tell(job, a_progress(60, auc=0.9))  # too soon
    curve.every = timedelta(0)
    curve.tell(job, a_progress(60, auc=0.9))
    curve.tell(job, a_progress(60, auc=0.9))  # nothing was done since
    with empty.storage.look() as work:
        points = work.monitoring.points("run-1")
    assert [(point.stage, point.done, point.tuning_auc) for point in points] == [
        ("patches", 10, None),
        ("images", 1, None),
        ("images", 50, 0.9),
        ("images", 60, 0.9),
    ]
    assert {point.name for point in points} == {"tiny"}
