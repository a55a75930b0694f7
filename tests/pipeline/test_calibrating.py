"""The drift check is calibrated on the very studies that it compares the intake with."""

import pytest

from overread.domain.errors import EvidenceError
from overread.domain.identifiers import VersionKey
from pipeline.calibrating import calibrate_drift
from pipeline.services import PipelineServices


@pytest.mark.slow
def test_the_table_is_made_on_the_test_sets_patients(school: PipelineServices) -> None:
    with pytest.raises(EvidenceError, match="no model is in production"):
        calibrate_drift(school, seed=1)
    with school.storage.work() as work:
        work.models.put_in_production(
            school.task.name, VersionKey("1"), at=school.now(), by=("ruth",), reason="first", rollback=False
        )
        work.commit()
    told: list[float] = []
    table = calibrate_drift(school, sizes=(15, 100), draws=20, seed=1, on_done=told.append)
    (row,) = table.rows
    assert (row.n_current, row.reports, table.draws) == (15, 5, 20)
    assert row.n_reference >= 15
    assert row.false_alarms.n == 20
    assert row.largest_difference == pytest.approx(0, abs=1e-9)
    assert set(row.detected) | set(row.left_out) == {"new_maker", "gain", "inverted", "age_mix"}
    assert all(seen.n == 20 for seen in row.detected.values())
    assert "needs 200 reference studies" in table.left_out[100]
    assert told == sorted(told)
    assert told[-1] == 1.0
