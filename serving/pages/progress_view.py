"""How the retraining under way goes: its steps, how far the training is, and its curves so far."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from overread.domain.models import RunState, TrainingRun
from overread.domain.resources import TimeAfter
from overread.domain.retraining import Step, TrainingPoint
from serving.pages.charts import Chart, line_chart
from serving.pages.formats import decimal, grouped, percent
from serving.pages.visits import Visit

ENOUGH = 0.1  # of the training: before it, its speed says little about its end
CHANCE = 0.5  # of the AUC
AFTER_TRAINING = frozenset({Step.REGISTERED, Step.COMPARING, Step.ASKING})


def progress_view(
    visit: Visit, run: TrainingRun, points: Sequence[TrainingPoint], after: TimeAfter | None
) -> dict[str, Any]:
    """Return what the page shows of a retraining that waits, runs or stops.

    `after` is how long the last ones went on after their training; None where none is known.
    """
    said = visit.words.text
    here = said(f"retraining.step.{run.step}") if run.step in set(Step) else run.step
    return {
        "id": run.id,
        "steps": _steps(run),
        "at": here or said("retraining.step_waiting"),
        "share": run.progress,
        "progress": percent(run.progress),
        "ends": _ends(visit, run, points, after),
        "charts": _charts(points),
        "latest": [_latest(visit, point) for point in _last_of_each(points)],
        "stopping": run.state is RunState.STOPPING,
    }


def _steps(run: TrainingRun) -> list[dict[str, str]]:
    """Return every step as done, present or to come."""
    names = list(Step)
    at = names.index(Step(run.step)) if run.step in set(names) else -1
    places = [("done" if place < at else "here" if place == at else "") for place in range(len(names))]
    return [{"name": name.value, "is": place} for name, place in zip(names, places, strict=True)]


def _ends(visit: Visit, run: TrainingRun, points: Sequence[TrainingPoint], after: TimeAfter | None) -> str:
    """Return when the training ends if it goes on as fast, and all if the rest goes as before.

    Nothing while too little is done.
    """
    if not points or run.step not in {Step.TRAINING, *AFTER_TRAINING}:
        return ""
    now = visit.web.now()
    if run.step in AFTER_TRAINING or run.progress >= 1:  # learned, and not registered yet
        return _left(visit, after, gone=now - points[-1].at)
    if run.progress < ENOUGH:
        return ""
    end = now + (now - points[0].at) * ((1 - run.progress) / run.progress)
    said = visit.words.text("retraining.ends_about", at=visit.formats.instant(end))
    return visit.words.text("retraining.and_then", first=said, then=_then(visit, after, end))


def _then(visit: Visit, after: TimeAfter | None, end: datetime) -> str:
    """Return how long it goes on after its training, which ends at `end`."""
    text, formats = visit.words.text, visit.formats
    if after is None:
        return text("retraining.after_unknown")
    first, last = formats.instant(end + after.shortest), formats.instant(end + after.longest)
    ends = first if first == last else text("retraining.from_to", low=first, high=last)
    return text("retraining.after", span=_span(visit, after), n=after.n, at=ends)


def _left(visit: Visit, after: TimeAfter | None, *, gone: timedelta) -> str:
    """Return what is left once the training is over, by the last retrainings."""
    text = visit.words.text
    if after is None:
        return text("retraining.after_unknown")
    left = after.left(gone)
    if left is None:
        return text("retraining.longer", longest=visit.formats.duration(after.longest), n=after.n)
    return text("retraining.left", span=_span(visit, left), n=left.n)


def _span(visit: Visit, lengths: TimeAfter) -> str:
    low, high = (visit.formats.duration(length) for length in (lengths.shortest, lengths.longest))
    return low if low == high else visit.words.text("retraining.from_to", low=low, high=high)


def _by_training(points: Sequence[TrainingPoint]) -> dict[str, list[TrainingPoint]]:
    """Return the points of each training by its name, made unique where two have the same."""
    found: dict[str, list[TrainingPoint]] = defaultdict(list)
    for point in points:
        found[point.job].append(point)
    names = [of[0].name for of in found.values()]
    return {
        (of[0].name if names.count(of[0].name) == 1 else f"{of[0].name} {job[:4]}"): of
        for job, of in found.items()
    }


def _last_of_each(points: Sequence[TrainingPoint]) -> list[tuple[str, TrainingPoint]]:
    return [(name, of[-1]) for name, of in _by_training(points).items()]


def _latest(visit: Visit, named: tuple[str, TrainingPoint]) -> str:
    name, point = named
    facts = {"done": grouped(point.done), "of": grouped(point.of), "loss": decimal(point.loss, 3)}
    stage = visit.words.text_or(f"retraining.stage.{point.stage}", point.stage)
    said = visit.words.text("retraining.latest", name=name, stage=stage, **facts)
    if point.tuning_auc is None:
        return said
    return f"{said} {visit.words.text('retraining.latest_auc', auc=decimal(point.tuning_auc, 3))}"


def _charts(points: Sequence[TrainingPoint]) -> dict[str, Chart | None]:
    """Return the loss, and the AUC on the tuning set where it was measured, over time."""
    trainings = _by_training(points)
    losses = {name: [(_second(p.at), p.loss) for p in of] for name, of in trainings.items()}
    areas = {
        name: [(_second(p.at), p.tuning_auc) for p in of if p.tuning_auc is not None]
        for name, of in trainings.items()
    }
    top = max((loss for of in losses.values() for _, loss in of), default=1.0)
    bottom = min((area for of in areas.values() for _, area in of), default=CHANCE)
    return {
        "loss": line_chart(losses, low=0.0, high=ceil(10 * top) / 10),
        "auc": line_chart(areas, low=min(CHANCE, bottom), high=1.0),
    }


def _second(at: datetime) -> float:
    return at.timestamp()
