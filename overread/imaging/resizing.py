"""A grey picture at the size asked for; loads no decoder."""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]


def squared(image: Grey, size: int) -> Grey:
    """Return the whole picture at `size` by `size`: mean of the area, or linear where it grows."""
    if image.shape == (size, size):
        return image
    shrinks = image.shape[0] >= size and image.shape[1] >= size
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)
