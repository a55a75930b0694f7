"""What the drift check looks at."""

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.features import (
    STATISTICS,
    Features,
    Projection,
    features,
    image_statistics,
    tags,
    with_components,
)
from overread.domain.studies import Acquisition
from tests.monitoring.builders import some_features


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    rng = np.random.default_rng(3)
    slope = np.linspace(40, 200, 96)[:, None] + rng.normal(scale=6, size=(96, 96))
    return np.clip(slope, 0, 255).astype(np.uint8)


def one(image: NDArray[np.uint8]) -> dict[str, float]:
    return {name: float(column[0]) for name, column in image_statistics([image]).items()}


def test_every_statistic_is_a_finite_column_of_one_row_an_image(picture: NDArray[np.uint8]) -> None:
    columns = image_statistics(np.stack([picture] * 3))
    assert tuple(columns) == STATISTICS
    assert len(STATISTICS) == 14
    assert all(column.shape == (3,) and np.isfinite(column).all() for column in columns.values())


def test_brightness_and_contrast_are_those_of_numpy(picture: NDArray[np.uint8]) -> None:
    found = one(picture)
    assert found["mean"] == pytest.approx(picture.mean())
    assert found["sd"] == pytest.approx(picture.std())
    assert found["percentile_5"] == np.percentile(picture, 5, method="inverted_cdf")
    assert found["percentile_50"] == np.percentile(picture, 50, method="inverted_cdf")
    assert found["percentile_95"] == np.percentile(picture, 95, method="inverted_cdf")
    assert found["centre_mean"] == pytest.approx(picture[24:72, 24:72].mean())
    assert found["centre_sd"] == pytest.approx(picture[24:72, 24:72].std())


def test_a_flat_picture_has_no_texture_and_no_entropy() -> None:
    found = one(np.full((64, 64), 130, dtype=np.uint8))
    for name in ("sd", "entropy", "noise", "laplacian_sd", "high_frequency_share", "low_frequency_sd"):
        assert found[name] == pytest.approx(0, abs=1e-4), name
    assert (found["dark_share"], found["bright_share"]) == (0, 0)


def test_all_grey_levels_alike_are_eight_bits() -> None:
    assert one(np.arange(256, dtype=np.uint8).repeat(16).reshape(64, 64))["entropy"] == pytest.approx(8)


def test_black_borders_and_burnt_out_fields_are_counted() -> None:
    image = np.full((100, 100), 120, dtype=np.uint8)
    image[:10], image[-20:] = 0, 255
    found = one(image)
    assert (found["dark_share"], found["bright_share"]) == pytest.approx((0.1, 0.2))


def test_noise_moves_the_noise_columns_and_leaves_brightness(picture: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    grainy = np.clip(picture + rng.normal(scale=12, size=picture.shape), 0, 255).astype(np.uint8)
    before, after = one(picture), one(grainy)
    for name in ("noise", "laplacian_sd", "high_frequency_share"):
        assert after[name] > 1.3 * before[name], name
    assert after["mean"] == pytest.approx(before["mean"], abs=1)


def test_tags_are_categories_and_a_missing_one_is_a_category_too() -> None:
    known = Acquisition(
        manufacturer="A",
        station="A-1",
        spacing_mm=0.168,
        bits_stored=12,
        photometric="MONOCHROME1",
        age=60,
        sex="F",
    )
    assert {name: column.tolist() for name, column in tags([known, Acquisition()]).items()} == {
        "maker": ["A", ""],
        "station": ["A-1", ""],
        "spacing": ["0.168", ""],
        "bits": ["12", ""],
        "polarity": ["MONOCHROME1", ""],
        "age": ["60+", ""],
        "sex": ["F", ""],
    }


def test_age_groups_are_those_that_a_drift_is_attributed_to() -> None:
    ages = [Acquisition(age=age) for age in (0, 39, 40, 59, 60, 104)]
    assert tags(ages)["age"].tolist() == ["0-39", "0-39", "40-59", "40-59", "60+", "60+"]


def test_features_gather_statistics_tags_score_and_embedding(picture: NDArray[np.uint8]) -> None:
    table = features([picture] * 2, [Acquisition()] * 2, [0.2, 0.7], embeddings=[(1.0, 2.0), (3.0, 4.0)])
    taken, whose = ("maker", "station", "spacing", "bits", "polarity"), ("age", "sex")
    assert table.names == (*STATISTICS, "score", *taken, *whose)
    assert table.numeric["score"].tolist() == [0.2, 0.7]
    assert table.embeddings is not None
    assert table.embeddings.shape == (2, 2)


def test_columns_of_unequal_length_are_refused(picture: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="2 rows"):
        features([picture], [Acquisition()] * 2, [0.2, 0.7])


def test_one_name_cannot_be_two_columns() -> None:
    with pytest.raises(ValueError, match="not both"):
        Features(n=1, numeric={"bits": np.zeros(1)}, categorical={"bits": np.array(["12"])})


def test_taking_rows_and_leaving_out_columns_keeps_the_rest() -> None:
    table = some_features(20)
    fewer = table.take(np.array([3, 5])).without("maker", "score")
    assert fewer.n == 2
    assert fewer.names == ("noise", "dark_share", "polarity")
    assert fewer.numeric["noise"].tolist() == table.numeric["noise"][[3, 5]].tolist()
    assert fewer.embeddings is not None
    assert table.embeddings is not None
    assert fewer.embeddings.tolist() == table.embeddings[[3, 5]].tolist()


def test_components_find_the_direction_that_varies_most() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(300, 6)) * (0.1, 5.0, 0.1, 0.1, 1.0, 0.1)
    columns = Projection.fit(embeddings, components=2).columns(embeddings)
    assert list(columns) == ["component_1", "component_2"]
    centred = embeddings - embeddings.mean(axis=0)
    assert abs(np.corrcoef(columns["component_1"], centred[:, 1])[0, 1]) > 0.99
    assert columns["component_1"].var() == pytest.approx(np.linalg.eigvalsh(np.cov(centred.T, ddof=0))[-1])


def test_both_windows_are_seen_through_the_components_of_the_reference() -> None:
    reference, current = some_features(60, seed=1), some_features(30, seed=2, embedding_shift=3.0)
    before, now = with_components(reference, current)
    assert [name for name in before.names if name.startswith("component")] == [
        f"component_{i}" for i in range(1, 9)
    ]
    assert all(abs(before.numeric[f"component_{i}"].mean()) < 1e-12 for i in range(1, 9))
    assert max(abs(now.numeric[f"component_{i}"].mean()) for i in range(1, 9)) > 0.5
    assert reference.names == some_features(60).names
