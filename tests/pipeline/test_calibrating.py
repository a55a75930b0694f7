"""The drift check is calibrated on the very studies that it compares the intake with."""

import pytest

from overread.domain.errors import EvidenceError
from overread.domain.identifiers import VersionKey
from pipeline.calibrating import calibrate_drift
from pipeline.services import PipelineServices


@pytest.mark.slow
def test_the_false_alarms_are_counted_on_the_test_sets_patients(school: PipelineServices) -> None:
    with pytest.raises(EvidenceError, match="no model is in production"):
        calibrate_drift(school, 15, 1)
    with school.storage.work() as work:
        work.models.put_in_production(
            school.task.name, VersionKey("1"), at=school.now(), by=("ruth",), reason="first", rollback=False
        )
        work.commit()
    calibration = calibrate_drift(school, 15, 1)
    assert (calibration.n_current, calibration.reports) == (15, 5)
    assert calibration.n_reference >= 15
    assert calibration.false_alarms.n == 200
    assert calibration.false_alarms.estimate <= 0.025
    assert calibration.largest_difference == pytest.approx(0, abs=1e-9)
    with pytest.raises(EvidenceError, match="at least 100 are needed"):
        calibrate_drift(school, 100, 1)
