"""A grey picture at the size asked for; loads no decoder."""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]


def within(image: Grey, longest: int) -> Grey:
    """Return a picture whose longer side is at most `longest`, its shape kept; a smaller one as it is."""
    rows, columns = image.shape
    share = longest / max(rows, columns)
    if share >= 1:
        return image
    size = (max(1, round(columns * share)), max(1, round(rows * share)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def squared(image: Grey, size: int) -> Grey:
    """Return the whole picture at `size` by `size`: mean of the area, or linear where it grows."""
    if image.shape == (size, size):
        return image
    shrinks = image.shape[0] >= size and image.shape[1] >= size
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)
