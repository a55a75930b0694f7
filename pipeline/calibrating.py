"""How often the drift check alarms where nothing has moved, and what it sees where something has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from monitoring.calibration import Calibration, calibrate, detected
from monitoring.features import Features
from monitoring.shifts import Draw, Shifts
from overread.domain.errors import EvidenceError
from pipeline.drifting import Reference, reference_of
from pipeline.services import PipelineServices

SIZES = (50, 200, 1000)  # studies in the window
DRAWS = 200

Told = Callable[[float], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationTable:
    """One row for each size of window; `left_out` says why a size has none."""

    rows: tuple[Calibration, ...]
    left_out: Mapping[int, str]
    draws: int
    seed: int


def calibrate_drift(
    services: PipelineServices,
    *,
    sizes: Sequence[int] = SIZES,
    draws: int = DRAWS,
    seed: int,
    on_done: Told = lambda _: None,
) -> CalibrationTable:
    """Calibrate the drift check on the reference that it compares with; `on_done` is told the share done.

    Raises
    ------
    EvidenceError
        No model is in production.
    """
    return calibrated_on(_reference(services), sizes=sizes, draws=draws, seed=seed, on_done=on_done)


def calibrated_on(
    reference: Reference,
    *,
    sizes: Sequence[int] = SIZES,
    draws: int = DRAWS,
    seed: int,
    on_done: Told = lambda _: None,
) -> CalibrationTable:
    """Calibrate the drift check on studies among which nothing has drifted."""
    shifts = Shifts.of(reference.features, reference.pictures).draws()
    rows, left_out = [], {}
    for place, n in enumerate(sizes):

        def tell(share: float, place: int = place) -> None:
            on_done((place + share) / len(sizes))

        try:
            rows.append(_row(reference.features, shifts, n, draws=draws, seed=seed, tell=tell))
        except EvidenceError as error:
            left_out[n] = str(error)
        tell(1.0)
    return CalibrationTable(rows=tuple(rows), left_out=left_out, draws=draws, seed=seed)


def _reference(services: PipelineServices) -> Reference:
    with services.storage.look() as work:
        production = work.models.production(services.task.name)
        studies = {study.uid: study for study in work.studies.all()}
    if production is None:
        raise EvidenceError("no model is in production; there is no reference to calibrate on")
    return reference_of(services, production, studies)


def _row(
    reference: Features, shifts: Mapping[str, Draw], n: int, *, draws: int, seed: int, tell: Told
) -> Calibration:
    parts = draws * (1 + len(shifts))
    row = calibrate(reference, n, draws=draws, seed=seed, on_draw=lambda done: tell(done / parts))
    seen, left_out = {}, {}
    for place, (name, draw) in enumerate(shifts.items(), start=1):

        def on_draw(done: int, before: int = place * draws) -> None:
            tell((before + done) / parts)

        try:
            seen[name] = detected(draw, n, draws=draws, seed=seed, on_draw=on_draw)
        except EvidenceError as error:
            left_out[name] = str(error)
    return replace(row, detected=seen, left_out=left_out)
