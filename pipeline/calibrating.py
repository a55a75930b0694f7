"""How often the drift check would call drift on what production was tested on, where nothing has moved."""

from monitoring.calibration import Calibration, calibrate
from overread.domain.errors import EvidenceError
from pipeline.drifting import reference_features
from pipeline.services import PipelineServices


def calibrate_drift(services: PipelineServices, n: int, seed: int) -> Calibration:
    """Calibrate the drift check for windows of `n` studies, on the reference that it compares with.

    Raises
    ------
    EvidenceError
        No model is in production, the reference has fewer than `2 n` patients, or no level is rare enough.
    """
    with services.storage.look() as work:
        production = work.models.production(services.task.name)
        studies = {study.uid: study for study in work.studies.all()}
    if production is None:
        raise EvidenceError("no model is in production; there is no reference to calibrate on")
    return calibrate(reference_features(services, production, studies), n, seed=seed)
