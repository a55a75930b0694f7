"""What is recorded of a study beside its picture and score: by this a drift is attributed, never found."""

from collections.abc import Callable, Sequence

import numpy as np

from monitoring.features import Texts, tags
from overread.domain.studies import Study

# Of two that single out the same studies, the first gives its name.
ATTRIBUTES = ("maker", "model", "station", "site", "view", "age", "sex", "polarity", "bits", "spacing")


def attributes(studies: Sequence[Study]) -> dict[str, Texts]:
    """Return a label of every study for each attribute, "" where it is not recorded."""
    found = tags([study.acquisition for study in studies])
    found |= {name: np.array([read(one) for one in studies], dtype=np.str_) for name, read in _READ.items()}
    return {name: found[name] for name in ATTRIBUTES}


_READ: dict[str, Callable[[Study], str]] = {
    "model": lambda study: study.acquisition.model,
    "site": lambda study: study.site,
    "view": lambda study: study.acquisition.view,
}
