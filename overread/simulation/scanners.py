"""Scanners: what four makers make of the same attenuation, and the values they store.

Order of work: exposure, scatter, resolution, noise, logarithm, edge enhancement, window, response curve, and
the shutter. Stored values are linear in the displayed grey; the window cuts out the part that is shown.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from overread.simulation.canvas import Field
from overread.simulation.noise import blur, patch
from overread.simulation.seeds import happens

SHUTTERED = 0.70  # share of studies with a collimated edge
WIDE = 0.015  # blurs from here on are computed on a coarse copy
OVERSHOOT = 0.06  # share of the displayed range that is stored beyond each end of it
REFERENCE = 512  # noise correlation is given in pixels of a picture of this size


@dataclass(frozen=True, kw_only=True, slots=True)
class Maker:
    """One make of scanner; lengths in fractions of the picture, `noise_reach` in pixels at 512."""

    name: str
    model: str
    modality: str  # DX or CR
    contrast: float
    dose: float
    scatter: float
    noise_reach: float
    blur: float
    sharpen: float
    sharpen_reach: float
    sigmoid: float  # steepness; 0 for a gamma curve of .9
    bits: int
    inverted: bool  # MONOCHROME1: low values are bright
    spacing_mm: float
    columns: int  # of the detector itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """One picture as the scanner writes it: `stored` (size, size) uint16, and the window that shows it."""

    stored: NDArray[np.uint16]
    bits: int
    inverted: bool
    window_center: float
    window_width: float

    def grey(self) -> NDArray[np.uint8]:
        """Return the displayed picture, bright where much is absorbed (PS3.3 C.11.2.1.2.1, LINEAR)."""
        span = self.window_width - 1.0
        low = self.window_center - 0.5 - span / 2
        shown = np.clip((self.stored.astype(np.float32) - low) * np.float32(255.0 / span), 0, 255)
        shown = np.rint(shown).astype(np.uint8)
        return np.asarray(255 - shown if self.inverted else shown)


MAKERS: Final = MappingProxyType(
    {
        maker.name: maker
        for maker in (
            Maker(
                name="A",
                model="Alder 4",
                modality="DX",
                contrast=1.0,
                dose=1.0,
                scatter=0.30,
                noise_reach=0.55,
                blur=0.0011,
                sharpen=0.55,
                sharpen_reach=0.010,
                sigmoid=1.15,
                bits=12,
                inverted=False,
                spacing_mm=0.168,
                columns=2560,
            ),
            Maker(
                name="B",
                model="Birch CR",
                modality="CR",
                contrast=0.93,
                dose=0.62,
                scatter=0.38,
                noise_reach=0.0,
                blur=0.0017,
                sharpen=0.35,
                sharpen_reach=0.020,
                sigmoid=1.35,
                bits=12,
                inverted=True,
                spacing_mm=0.175,
                columns=2446,
            ),
            Maker(
                name="C",
                model="Cedar HD",
                modality="DX",
                contrast=1.06,
                dose=1.6,
                scatter=0.26,
                noise_reach=0.35,
                blur=0.0008,
                sharpen=0.80,
                sharpen_reach=0.006,
                sigmoid=0.0,
                bits=14,
                inverted=False,
                spacing_mm=0.139,
                columns=3072,
            ),
            Maker(
                name="N",
                model="Nettle 1",
                modality="DX",
                contrast=0.90,
                dose=0.48,
                scatter=0.42,
                noise_reach=0.9,
                blur=0.0020,
                sharpen=1.0,
                sharpen_reach=0.035,
                sigmoid=1.35,
                bits=15,
                inverted=False,
                spacing_mm=0.200,
                columns=2140,
            ),
            Maker(  # A after an update of its software: the tags stay, the pictures become N's
                name="A-updated",
                model="Alder 4",
                modality="DX",
                contrast=0.90,
                dose=0.48,
                scatter=0.42,
                noise_reach=0.9,
                blur=0.0020,
                sharpen=1.0,
                sharpen_reach=0.035,
                sigmoid=1.35,
                bits=12,
                inverted=False,
                spacing_mm=0.168,
                columns=2560,
            ),
        )
    }
)


def expose(attenuation: Field, maker: Maker, rng: np.random.Generator) -> Exposure:
    """Take the picture of `attenuation` (nats, square) on one maker's scanner."""
    signal = -np.log(_detected(attenuation, maker, rng))
    signal += np.float32(maker.sharpen) * (signal - _wide_blur(signal, maker.sharpen_reach))
    edge = attenuation.shape[0] // 5
    dark, bright = np.percentile(signal[edge:-edge:3, edge:-edge:3], (2, 97))
    dark -= (bright - dark) * rng.uniform(0.03, 0.11)
    span = (bright - dark) * rng.uniform(1.00, 1.13)
    displayed = _curve((signal - np.float32(dark)) * np.float32(1 / span), maker.sigmoid)
    _shutter(displayed, rng)
    return _stored(displayed, maker, rng)


def _detected(attenuation: Field, maker: Maker, rng: np.random.Generator) -> Field:
    """Return what reaches the detector: primary beam, scatter, blur and noise, never below one in 5,000."""
    size = attenuation.shape[0]
    beam = np.exp(attenuation * np.float32(-maker.contrast))
    beam += _wide_blur(beam, 0.10) * np.float32(0.35 * maker.scatter * rng.uniform(0.92, 1.08))
    beam = blur(beam, max(maker.blur * size, 0.2))
    noise = patch("white", size, rng, sigma=maker.noise_reach * size / REFERENCE)
    strength = 0.0095 / np.sqrt(maker.dose * rng.uniform(0.85, 1.18))
    beam += np.sqrt(beam) * noise * np.float32(strength)
    return np.asarray(np.maximum(beam, np.float32(2e-4)), np.float32)


def _wide_blur(field: Field, sigma: float) -> Field:
    """Return a wide blur, computed on a coarse copy where that changes nothing."""
    size = field.shape[0]
    if sigma < WIDE:
        return blur(field, sigma * size)
    small = cv2.resize(field, (size // 4, size // 4), interpolation=cv2.INTER_AREA)
    wide = blur(np.asarray(small, np.float32), sigma * size / 4)
    return np.asarray(cv2.resize(wide, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _curve(level: Field, sigmoid: float) -> Field:
    """Return the displayed level; 0 and 1 stay where they are."""
    if sigmoid == 0.0:
        bright = np.clip(level, 0.0, 1.0 + OVERSHOOT) ** np.float32(0.9)
        return np.asarray(bright + np.minimum(level, 0.0) * np.float32(0.5), np.float32)
    steep = 3.4 * sigmoid
    end = 1 / (1 + np.exp(steep / 2))
    rise = np.exp((np.float32(0.5) - np.clip(level, -3, 4)) * np.float32(steep))
    return np.asarray((1 / (1 + rise) - np.float32(end)) * np.float32(1 / (1 - 2 * end)), np.float32)


def _shutter(displayed: Field, rng: np.random.Generator) -> None:
    """Blacken what lies outside the collimated field, mostly at few edges; in place."""
    if not happens(rng, SHUTTERED):
        return
    size = displayed.shape[0]
    top, bottom, left, right = (int(edge) for edge in np.maximum(rng.normal(0.012, 0.014, 4), 0) * size)
    inner = displayed[top : size - bottom, left : size - right].copy()
    displayed[:] = -OVERSHOOT
    displayed[top : size - bottom, left : size - right] = inner


def _stored(displayed: Field, maker: Maker, rng: np.random.Generator) -> Exposure:
    most = (1 << maker.bits) - 1
    first = OVERSHOOT + rng.uniform(0.0, 0.10)
    share = 1.0 / (1.0 + first + OVERSHOOT + rng.uniform(0.0, 0.10))
    values = np.clip((displayed + np.float32(first)) * np.float32(share * most), 0, most)
    stored = np.rint(values).astype(np.uint16)
    width = round(share * most)
    centre = round((0.5 + first) * share * most)
    if maker.inverted:
        stored, centre = (most - stored).astype(np.uint16), most - centre
    return Exposure(
        stored=stored,
        bits=maker.bits,
        inverted=maker.inverted,
        window_center=float(centre),
        window_width=float(width),
    )
