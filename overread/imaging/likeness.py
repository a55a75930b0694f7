"""Finds the same picture again: re-encoded, trimmed, brightened or reduced.

Frontal chests look alike, so a hash of a few bits is not enough. Locally normalised thumbnails are correlated
as they are, then with small scalings and shifts allowed for to first order; the few pairs that pass are laid
one on the other and correlated again, where different patients stay below .91 on real radiographs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from overread.domain.errors import InputError
from overread.imaging.resizing import Grey, squared

SIDE = 64
_LOOK_SIDE = 32
_LOOK = 0.77  # plain correlation of two looks; altered copies stay above .81
_BENT_LOOK = 0.91  # the same once small scalings and shifts are allowed for; above .92
_ALIKE = 0.97  # correlation once one is laid on the other; above .98
_BLOCK = 1024
_STEPS = 4
_PULL = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_INSIDE = np.s_[3:-3, 3:-3]  # without what a trim of 2 % can remove, and the blur beside it

_Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A 64 by 64 picture of a picture, 4,096 bytes; compare with `alike` or `pairs`, never byte by byte."""

    thumbnail: bytes

    def __post_init__(self) -> None:
        """Refuse bytes that are no fingerprint."""
        if len(self.thumbnail) != SIDE * SIDE:
            raise InputError(f"a fingerprint has {SIDE * SIDE} bytes, not {len(self.thumbnail)}")

    def __bytes__(self) -> bytes:
        return self.thumbnail


def fingerprint(image: Grey) -> Fingerprint:
    """Return the fingerprint of a grey uint8 picture of any size."""
    return Fingerprint(squared(image, SIDE).tobytes())


def pairs(fingerprints: Sequence[Fingerprint], *, known: int = 0) -> list[tuple[int, int]]:
    """Return every pair of alike pictures as indices (i, j), i < j, in order.

    The first `known` were compared with each other before: pairs of two of them are left out.
    """
    if known >= len(fingerprints):
        return []
    looks = np.stack([_look(each).ravel() for each in fingerprints])
    found = []
    for start in range(0, len(looks), _BLOCK):
        first = max(start, known)
        near = looks[start : start + _BLOCK] @ looks[first:].T >= _LOOK
        for i, others in enumerate(near, start=start):
            after = max(i + 1, first)
            candidates = after + np.flatnonzero(others[after - first :])
            if candidates.size:
                candidates = candidates[_bent(looks[i], looks[candidates]) >= _BENT_LOOK]
            if candidates.size:
                template = _Template(fingerprints[i])
                found += [(i, j) for j in candidates.tolist() if template.fits(fingerprints[j])]
    return found


def _plane(of: Fingerprint) -> _Plane:
    return np.frombuffer(of.thumbnail, dtype=np.uint8).reshape(SIDE, SIDE).astype(np.float32)


def normalised(plane: _Plane, sigma: float) -> _Plane:
    """Take away the local mean and divide by the local deviation: gain, window and vignette are gone."""
    detail = plane - cv2.GaussianBlur(plane, (0, 0), sigma)
    spread = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 2 * sigma) + 4)
    return np.asarray(detail / spread, dtype=np.float32)


def _look(of: Fingerprint) -> _Plane:
    """Return a small plane of mean 0 and norm 1; the product of two is their correlation."""
    small = cv2.resize(_plane(of), (_LOOK_SIDE, _LOOK_SIDE), interpolation=cv2.INTER_AREA)
    look = normalised(np.asarray(small, dtype=np.float32), 3.0)
    look -= look.mean()
    return look / max(float(np.linalg.norm(look)), 1e-6)


def _bent(one: _Plane, others: _Plane) -> _Plane:
    """Return the multiple correlation of each other look with one look and its slopes, off the border."""
    fixed = one.reshape(_LOOK_SIDE, _LOOK_SIDE)
    spanning = _off_border(np.stack([one, *_slopes(fixed)]))
    basis = np.linalg.qr(spanning.T)[0]
    inner = _off_border(others)
    return np.asarray(
        np.linalg.norm(inner @ basis, axis=1) / np.linalg.norm(inner, axis=1).clip(min=1e-6), np.float32
    )


def _off_border(looks: _Plane) -> _Plane:
    """Return flat looks without their outer two rows and columns, which a trim changes; mean 0 each."""
    inner = looks.reshape(-1, _LOOK_SIDE, _LOOK_SIDE)[:, 2:-2, 2:-2].reshape(len(looks), -1)
    return np.asarray(inner - inner.mean(axis=1, keepdims=True), dtype=np.float32)


def _slopes(fixed: _Plane) -> list[_Plane]:
    """Return how a picture changes when it is shifted and scaled, across and down."""
    side = fixed.shape[0]
    down, across = ((np.mgrid[0:side, 0:side] - side / 2) / side).astype(np.float32)
    dy, dx = np.gradient(fixed, axis=0), np.gradient(fixed, axis=1)
    return [plane.ravel() for plane in (dx, dx * across, dy, dy * down)]


def _fine(of: Fingerprint) -> _Plane:
    return normalised(np.asarray(cv2.GaussianBlur(_plane(of), (0, 0), 0.8), dtype=np.float32), 4.0)


class _Template:
    """One picture made ready for others to be laid on it: scale and shift, each axis for itself.

    A few steps of Lucas and Kanade (1981) on four parameters, with the gradient of the fixed picture.
    """

    def __init__(self, of: Fingerprint) -> None:
        fixed = _fine(of)
        slopes = np.stack([slope.reshape(SIDE, SIDE)[_INSIDE].ravel() for slope in _slopes(fixed)])
        self._solve = np.linalg.pinv(slopes.T)
        self._target = fixed[_INSIDE].ravel()

    def fits(self, other: Fingerprint) -> bool:
        """Say whether the other picture, once laid on this one, is the same."""
        return self.correlation(_fine(other)) >= _ALIKE

    def correlation(self, moving: _Plane) -> float:
        """Return the best correlation found on the way to the best fit."""
        warp = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
        best = -1.0
        for _ in range(_STEPS):
            fitted = cv2.warpAffine(moving, warp, (SIDE, SIDE), flags=_PULL, borderMode=cv2.BORDER_REPLICATE)
            laid = np.asarray(fitted[_INSIDE].ravel(), dtype=np.float32)
            best = max(best, correlation(self._target, laid))
            x, scale_x, y, scale_y = self._solve @ (self._target - laid)
            warp += np.array([[scale_x, 0, 0], [0, scale_y, 0]], dtype=np.float32) / SIDE
            warp[:, 2] += x - scale_x / 2, y - scale_y / 2
        return best


def correlation(one: _Plane, other: _Plane) -> float:
    """Return Pearson's correlation of two vectors; 0 where one is flat."""
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm > 0 else 0.0
