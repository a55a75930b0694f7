"""A picture with all its grey levels, to be windowed where it is shown; loads no decoder."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class DeepPicture:
    """Values (rows, columns) of which low ones are dark; modality value = `offset` + `slope` x value.

    `slope` is below 0 where the file stores bright things low. `center` and `width`, in modality units, are
    the window that the file, or its percentiles, ask for.
    """

    values: NDArray[np.uint16]
    slope: float
    offset: float
    center: float
    width: float
