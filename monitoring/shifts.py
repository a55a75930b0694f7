"""Four changes that the drift check should see, made from the reference itself."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitoring.features import OLD, Features, Image, image_statistics
from overread.domain.errors import EvidenceError

GAIN = 1.10
RARE = 0.10  # share of the reference that a maker must have to stand for a new one
MORE_OLD = 2.0  # times the share of patients over 60

Draw = Callable[[int, np.random.Generator], tuple[Features, Features]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shifts:
    """Windows drawn from a reference in which one thing has changed.

    Gain and inversion change the pictures' statistics alone: the model is not asked again, so score and
    embedding stay, and what is detected is the least that would be. Every draw takes the window's studies out
    of the reference.
    """

    reference: Features
    gained: Features
    inverted: Features

    @classmethod
    def of(cls, reference: Features, pictures: Iterable[Image]) -> "Shifts":
        """Measure the changed pictures, in the order of the reference's studies."""
        shown = list(pictures)
        turned = reference.attributes["maker"] == _most_common(reference.attributes["maker"])
        gained = (np.clip(np.rint(one * GAIN), 0, 255).astype(np.uint8) for one in shown)
        inverted = (255 - one if is_turned else one for one, is_turned in zip(shown, turned, strict=True))
        return cls(reference=reference, gained=_seen(reference, gained), inverted=_seen(reference, inverted))

    def draws(self) -> dict[str, Draw]:
        """Return, for each shift by name, what draws the two sides of a check with a window of n studies."""
        return {
            "new_maker": self.new_maker,
            "gain": self.gain,
            "inverted": self.inversion,
            "age_mix": self.age_mix,
        }

    def new_maker(self, n: int, rng: np.random.Generator) -> tuple[Features, Features]:
        """Take the rarest maker with a tenth of the studies out of the reference; the window is as it comes.

        Raises
        ------
        EvidenceError
            Without that maker too few studies are left.
        """
        makers = self.reference.attributes["maker"]
        names, counts = np.unique(makers, return_counts=True)
        frequent = counts >= RARE * len(makers)
        rest, drawn = _parted(len(makers), n, rng)
        rest = rest[makers[rest] != names[frequent][counts[frequent].argmin()]]
        if len(rest) < n:
            raise EvidenceError("without its rarest maker the reference has too few studies")
        return self.reference.take(rest), self.reference.take(drawn)

    def gain(self, n: int, rng: np.random.Generator) -> tuple[Features, Features]:
        """Multiply the grey of every picture in the window by 1.1, cut off at 255."""
        rest, drawn = _parted(self.reference.n, n, rng)
        return self.reference.take(rest), self.gained.take(drawn)

    def inversion(self, n: int, rng: np.random.Generator) -> tuple[Features, Features]:
        """Show the pictures of the most common maker in the window as negatives; the tags stay."""
        rest, drawn = _parted(self.reference.n, n, rng)
        return self.reference.take(rest), self.inverted.take(drawn)

    def age_mix(self, n: int, rng: np.random.Generator) -> tuple[Features, Features]:
        """Draw patients over 60 twice as often as the reference has them, at most all of the window.

        The rest is thinned so that it keeps the reference's share of them.

        Raises
        ------
        EvidenceError
            The reference has too few of an age, or no age is known.
        """
        old = self.reference.attributes["age"] == OLD
        share = float(old.mean())
        wanted = min(n, round(MORE_OLD * n * share))
        left = int(old.sum()) - wanted  # over 60, for the rest
        others = round(left * (1 - share) / share) if share else 0
        if left <= 0 or left + others < n or n - wanted + others > (~old).sum():
            raise EvidenceError("the reference has too few patients of an age to draw a window of others")
        over, under = (rng.permutation(np.flatnonzero(side)) for side in (old, ~old))
        drawn = np.concatenate([over[:wanted], under[: n - wanted]])
        rest = np.concatenate([over[wanted:], under[n - wanted :][:others]])
        return self.reference.take(np.sort(rest)), self.reference.take(np.sort(drawn))


def splits(
    reference: Features, n: int, draws: int, rng: np.random.Generator
) -> Iterator[tuple[Features, Features]]:
    """Yield windows of n studies in which nothing has changed, each after the rest of the reference."""
    for _ in range(draws):
        rest, drawn = _parted(reference.n, n, rng)
        yield reference.take(rest), reference.take(drawn)


def _parted(n_all: int, n: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = rng.permutation(n_all)
    return np.sort(order[n:]), np.sort(order[:n])


def _seen(reference: Features, pictures: Iterable[Image]) -> Features:
    return replace(reference, numeric={**reference.numeric, **image_statistics(pictures)})


def _most_common(labels: NDArray[np.str_]) -> str:
    names, counts = np.unique(labels, return_counts=True)
    return str(names[counts.argmax()])
