"""What the drift check looks at: statistics of the image, tags, the score, the embedding."""

from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from overread.domain.studies import Acquisition

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
Texts = NDArray[np.str_]

COMPONENTS = 8
_DARK, _BRIGHT = 32, 224  # grey levels that count as black surroundings and as burnt out
OLD = "60+"
_AGES, _BANDS = (40, 60), ("0-39", "40-59", OLD)  # years
_COARSE = 12  # fields a side for what varies slowly over the picture


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Features:
    """One row a study; every column, the embeddings and the attributes have `n` rows in one order.

    Attributes are not compared: they say which studies a drift is found in.
    """

    n: int
    numeric: Mapping[str, Floats] = field(default_factory=dict)
    categorical: Mapping[str, Texts] = field(default_factory=dict)
    embeddings: Floats | None = None  # (n, width)
    attributes: Mapping[str, Texts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse columns of unequal length, and a name that is taken twice."""
        columns = [*self.numeric.values(), *self.categorical.values(), *self.attributes.values()]
        if self.embeddings is not None:
            columns.append(self.embeddings)
        if any(len(column) != self.n for column in columns):
            raise ValueError(f"every column must have {self.n} rows")
        if set(self.numeric) & set(self.categorical):
            raise ValueError("a column is numeric or categorical, not both")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, numeric first."""
        return (*self.numeric, *self.categorical)

    def take(self, rows: NDArray[np.int64]) -> "Features":
        """Return the chosen rows."""
        return Features(
            n=len(rows),
            numeric={name: column[rows] for name, column in self.numeric.items()},
            categorical={name: column[rows] for name, column in self.categorical.items()},
            embeddings=None if self.embeddings is None else self.embeddings[rows],
            attributes={name: column[rows] for name, column in self.attributes.items()},
        )

    def without(self, *names: str) -> "Features":
        """Return the same rows without the named columns."""
        return replace(
            self,
            numeric={name: column for name, column in self.numeric.items() if name not in names},
            categorical={name: column for name, column in self.categorical.items() if name not in names},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Principal components of the reference embeddings; both windows are seen through the same ones."""

    centre: Floats  # (width,)
    axes: Floats  # (width, components)

    @classmethod
    def fit(cls, embeddings: Floats, *, components: int = COMPONENTS) -> "Projection":
        """Fit on (n, width); fewer components where n or width allow no more."""
        centre = embeddings.mean(axis=0)
        axes = np.linalg.svd(embeddings - centre, full_matrices=False)[2]
        return cls(centre, axes[:components].T)

    def columns(self, embeddings: Floats) -> dict[str, Floats]:
        """Return the columns `component_1` ... of (n, width) embeddings."""
        projected = (embeddings - self.centre) @ self.axes
        return {f"component_{i}": column for i, column in enumerate(projected.T, start=1)}


def with_components(reference: Features, current: Features) -> tuple[Features, Features]:
    """Add the principal components of the reference embeddings to both, where both have embeddings."""
    if reference.embeddings is None or current.embeddings is None:
        return reference, current
    projection = Projection.fit(reference.embeddings)
    first, second = (
        replace(one, numeric={**one.numeric, **projection.columns(embeddings)})
        for one, embeddings in ((reference, reference.embeddings), (current, current.embeddings))
    )
    return first, second


def features(
    images: Iterable[Image],
    acquisitions: Sequence[Acquisition],
    scores: Sequence[float],
    *,
    embeddings: Sequence[Sequence[float]] | None = None,
    attributes: Mapping[str, Texts] | None = None,
) -> Features:
    """Return the features of studies, all in one order; the images are at network size."""
    numeric = image_statistics(images) | {"score": np.asarray(scores, dtype=np.float64)}
    return Features(
        n=len(acquisitions),
        numeric=numeric,
        categorical=tags(acquisitions),
        embeddings=None if embeddings is None else np.asarray(embeddings, dtype=np.float64),
        attributes=attributes or {},
    )


def image_statistics(images: Iterable[Image]) -> dict[str, Floats]:
    """Return 14 columns from uint8 images (size, size): brightness, contrast, texture and layout.

    Automatic exposure hides a new scanner from the mean; noise, entropy and the frequency shares see it.
    """
    rows = [_statistics(image) for image in images]
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in STATISTICS}


def tags(acquisitions: Sequence[Acquisition]) -> dict[str, Texts]:
    """Return how pictures were taken, and of whom, as categories; "" is a category too.

    Maker, station, pixel spacing, stored bits, polarity; age group and sex.
    """
    return {name: np.array([read(a) for a in acquisitions], dtype=np.str_) for name, read in _TAGS.items()}


_TAGS: dict[str, Callable[[Acquisition], str]] = {
    "maker": lambda a: a.manufacturer,
    "station": lambda a: a.station,
    "spacing": lambda a: "" if a.spacing_mm is None else f"{a.spacing_mm:.3f}",
    "bits": lambda a: "" if a.bits_stored is None else str(a.bits_stored),
    "polarity": lambda a: a.photometric,
    "age": lambda a: "" if a.age is None else _BANDS[bisect(_AGES, a.age)],
    "sex": lambda a: a.sex,
}

STATISTICS = (
    "mean",
    "sd",
    "percentile_5",
    "percentile_50",
    "percentile_95",
    "entropy",
    "noise",
    "laplacian_sd",
    "high_frequency_share",
    "low_frequency_sd",
    "dark_share",
    "bright_share",
    "centre_mean",
    "centre_sd",
)


def _statistics(image: Image) -> dict[str, float]:
    counts = cv2.calcHist([image], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    return _of_histogram(counts / image.size) | _of_texture(image) | _of_centre(image)


def _of_histogram(shares: Floats) -> dict[str, float]:
    levels = np.arange(256)
    mean = float(shares @ levels)
    used = shares[shares > 0]
    low, middle, high = np.searchsorted(np.cumsum(shares), (0.05 - 1e-9, 0.5 - 1e-9, 0.95 - 1e-9))
    return {
        "mean": mean,
        "sd": float(np.sqrt(shares @ (levels - mean) ** 2)),
        "percentile_5": float(low),
        "percentile_50": float(middle),
        "percentile_95": float(high),
        "entropy": float(-(used @ np.log2(used))),  # bits
        "dark_share": float(shares[:_DARK].sum()),
        "bright_share": float(shares[_BRIGHT:].sum()),
    }


def _of_texture(image: Image) -> dict[str, float]:
    pixels = image.astype(np.float32)
    residual = pixels - cv2.GaussianBlur(pixels, (0, 0), 1.0)
    fine = pixels - cv2.GaussianBlur(pixels, (0, 0), 2.0)
    variance = float(pixels.var())
    coarse = cv2.resize(pixels, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA)
    return {
        "noise": float(np.median(np.abs(residual))),
        "laplacian_sd": float(cv2.Laplacian(pixels, cv2.CV_32F).std()),
        "high_frequency_share": float(fine.var()) / variance if variance > 0 else 0.0,
        "low_frequency_sd": float(coarse.std()),
    }


def _of_centre(image: Image) -> dict[str, float]:
    rows, columns = image.shape
    centre = image[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]
    return {"centre_mean": float(centre.mean()), "centre_sd": float(centre.std())}
