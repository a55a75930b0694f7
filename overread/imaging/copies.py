"""Finds one exposure in two collections, under another name: mirrored, cropped, turned a little, windowed.

`likeness` finds nearly unchanged copies among all pictures for certain. What is changed more is looked for
here between two collections, in two steps: coarse looks, upright and mirrored, as they are and with a border
cut off or added, name the most likely pairs; these are laid one on the other (affine; Evangelidis and
Psarakis 2008) and correlated. Different patients stay below .95 there: a mere resemblance is no copy.
"""

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from overread.imaging.likeness import SIDE, Fingerprint, correlation, normalised

SAME = 0.96  # correlation once one is laid on the other
LIKELY = 0.90  # of two coarse looks; less alike are not laid on each other
PATIENCE = 20  # pairs in a row that prove to be none, the most alike first, before a search ends
MOST = 5_000  # pairs that one search may lay on each other
_LOOK_SIDE = 16
_BORDERS = (0, 3, -3)  # pixels of 64 cut off each side of one picture, or added
_BLOCK = 1024
_SIGMA = 3.0
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
_ENOUGH = 0.6  # of the picture must be covered once it is laid on the other
_PULL = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_INSIDE = np.s_[3:-3, 3:-3]
_EVERYWHERE = np.ones((SIDE, SIDE), np.uint8)

_Planes = NDArray[np.float32]


def copies(one: Sequence[Fingerprint], other: Sequence[Fingerprint]) -> list[tuple[int, int]]:
    """Return the pairs (index in `one`, index in `other`) that show the same exposure, in order."""
    if not one or not other:
        return []
    first, second = _stacked(one), _stacked(other)
    found: set[tuple[int, int]] = set()
    mirrored = np.ascontiguousarray(second[:, :, ::-1])
    ours = {border: _looks(first, border) for border in _BORDERS}
    for turned in (second, mirrored):
        theirs = _looks(turned, 0)
        for border, looks in ours.items():
            likely = (pair for pair in _most_alike(looks, theirs) if pair not in found)
            found |= set(_proved(first, turned, likely, border))
    return sorted(found)


def same_exposure(one: Fingerprint, other: Fingerprint) -> bool:
    """Say whether two pictures are of one exposure, upright or mirrored; takes some milliseconds."""
    first, second = _stacked([one])[0], _stacked([other])[0]
    return any(
        laid(first, turned, border=border) >= SAME
        for turned in (second, np.ascontiguousarray(second[:, ::-1]))
        for border in _BORDERS
    )


def laid(one: NDArray[np.uint8], other: NDArray[np.uint8], *, border: int = 0) -> float:
    """Return the correlation of two thumbnails, the second laid on the first; -1 where it does not fit.

    The fit begins as if so many pixels of the first had been cut off each side to make the second.
    """
    fixed, moving = _fine(one), _fine(other)
    zoom = SIDE / (SIDE - 2 * border)
    shift = SIDE / 2 * (1 - zoom)
    warp = np.array([[zoom, 0, shift], [0, zoom, shift]], np.float32)
    try:
        _, fitted = cv2.findTransformECC(fixed, moving, warp, cv2.MOTION_AFFINE, _STEPS, _EVERYWHERE, 3)
    except cv2.error:  # it found no way to lay one on the other
        return -1.0
    moved = np.asarray(cv2.warpAffine(moving, fitted, (SIDE, SIDE), flags=_PULL), np.float32)
    covered = cv2.warpAffine(np.ones_like(moving), fitted, (SIDE, SIDE), flags=_PULL)[_INSIDE] > _ENOUGH
    if covered.mean() < _ENOUGH:
        return -1.0
    return correlation(fixed[_INSIDE][covered], moved[_INSIDE][covered])


def _proved(
    first: NDArray[np.uint8], second: NDArray[np.uint8], likely: Iterable[tuple[int, int]], border: int
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that lie one on the other, until many in a row do not."""
    missed = 0
    for i, j in likely:
        if laid(first[i], second[j], border=border) >= SAME:
            missed = 0
            yield i, j
        else:
            missed += 1
        if missed == PATIENCE:
            return


def _most_alike(one: _Planes, other: _Planes) -> list[tuple[int, int]]:
    """Return the likely pairs of two stacks of looks, the most alike first, `MOST` at most."""
    rows, columns, likeness = [], [], []
    for start in range(0, len(one), _BLOCK):
        product = one[start : start + _BLOCK] @ other.T
        i, j = np.nonzero(product >= LIKELY)
        alike = product[i, j]
        if alike.size > MOST:
            best = np.argpartition(alike, -MOST)[-MOST:]
            i, j, alike = i[best], j[best], alike[best]
        rows.append(i + start)
        columns.append(j)
        likeness.append(alike)
    order = np.argsort(-np.concatenate(likeness), kind="stable")[:MOST]
    return list(
        zip(np.concatenate(rows)[order].tolist(), np.concatenate(columns)[order].tolist(), strict=True)
    )


def _stacked(fingerprints: Sequence[Fingerprint]) -> NDArray[np.uint8]:
    content = b"".join(each.thumbnail for each in fingerprints)
    return np.frombuffer(content, np.uint8).reshape(-1, SIDE, SIDE)


def _looks(planes: NDArray[np.uint8], border: int) -> _Planes:
    """Return a flat look (n, 256) of mean 0 and norm 1 for each thumbnail (n, 64, 64)."""
    reduce, near, far = _reducing(border), _blurring(_SIGMA), _blurring(2 * _SIGMA)
    blocks = (planes[at : at + _BLOCK] for at in range(0, len(planes), _BLOCK))
    small = np.concatenate([reduce @ block.astype(np.float32) @ reduce.T for block in blocks])
    detail = small - near @ small @ near.T
    looks = (detail / np.sqrt(far @ (detail * detail) @ far.T + 4)).reshape(len(planes), -1)
    looks -= looks.mean(axis=1, keepdims=True)
    return np.asarray(looks / np.linalg.norm(looks, axis=1, keepdims=True).clip(min=1e-6), np.float32)


def _reducing(border: int) -> _Planes:
    """Return the matrix (16, 64) that reduces one side, some pixels cut off at each end, or added."""
    side = np.eye(SIDE, dtype=np.float32)
    kept = side[border : SIDE - border] if border >= 0 else np.pad(side, ((-border, -border), (0, 0)), "edge")
    return np.asarray(cv2.resize(kept, (SIDE, _LOOK_SIDE), interpolation=cv2.INTER_AREA), np.float32)


def _blurring(sigma: float) -> _Planes:
    """Return the matrix (16, 16) that blurs one side."""
    side, kernel = np.eye(_LOOK_SIDE, dtype=np.float32), cv2.getGaussianKernel(int(6 * sigma) | 1, sigma)
    return np.asarray(cv2.sepFilter2D(side, -1, np.ones(1), kernel), np.float32)


def _fine(plane: NDArray[np.uint8]) -> _Planes:
    return normalised(np.asarray(cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 0.8), np.float32), 4.0)
