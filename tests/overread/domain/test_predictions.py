from datetime import UTC, datetime

import pytest

from overread.domain.findings import Label
from overread.domain.identifiers import Digest, StudyUid, VersionKey
from overread.domain.predictions import Prediction


@pytest.mark.parametrize(
    ("probability", "near"),
    [(0.5, 0.0), (0.52, 0.02), (0.48, 0.02), (0.54, None), (0.46, None), (0.98, None)],
)
def test_within_three_hundredths_of_the_threshold_one_looks_twice(
    probability: float, near: float | None
) -> None:
    prediction = Prediction(
        study=StudyUid("1.2"),
        model_version=VersionKey("1"),
        model_digest=Digest("a" * 64),
        probability=probability,
        threshold=0.5,
        label=Label.HAS_FINDING if probability >= 0.5 else Label.NO_FINDING,
        made_at=datetime(2026, 1, 2, tzinfo=UTC),
        milliseconds=80.0,
    )
    assert prediction.near == pytest.approx(near)
