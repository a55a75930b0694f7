"""What is recorded of a study beside its picture and score: by this a drift is attributed, never found."""

from bisect import bisect
from collections.abc import Callable, Sequence

import numpy as np

from monitoring.features import Texts, acquisition_tags
from overread.domain.studies import Study

# Of two that single out the same studies, the first gives its name.
ATTRIBUTES = ("maker", "model", "station", "site", "view", "age", "sex", "polarity", "bits", "spacing")
OLD = "60+"
_AGES, _BANDS = (40, 60), ("0-39", "40-59", OLD)  # years


def attributes(studies: Sequence[Study]) -> dict[str, Texts]:
    """Return a label of every study for each attribute, "" where it is not recorded."""
    found = acquisition_tags([study.acquisition for study in studies])
    found |= {name: np.array([read(one) for one in studies], dtype=np.str_) for name, read in _READ.items()}
    return {name: found[name] for name in ATTRIBUTES}


def _age(study: Study) -> str:
    age = study.acquisition.age
    return "" if age is None else _BANDS[bisect(_AGES, age)]


_READ: dict[str, Callable[[Study], str]] = {
    "model": lambda study: study.acquisition.model,
    "site": lambda study: study.site,
    "view": lambda study: study.acquisition.view,
    "age": _age,
    "sex": lambda study: study.acquisition.sex,
}
