"""What a network no longer sees: every finding compared with the network it was fine-tuned from.

Corrections are silent about what nobody corrected, and a network forgets what it is not shown. In the
simulated department the full heart fell from .91 to .50, and came back to 1.0 once its older studies were
replayed four times, at an overall AUC of .92. So: compare on the tuning set, over-sample what fell, train
again.
"""

from collections.abc import Sequence

import numpy as np

from overread.learning.data import Floats
from overread.learning.scoring import threshold_at_specificity

FEWEST = 5  # tuning studies that show a finding; with fewer a fall is one reader's cold


def sensitivity_by_finding(
    scores: Floats, labels: Floats, columns: Sequence[str], *, specificity: float
) -> dict[str, float]:
    """Return, for each finding, how many of the studies that show it are called at all.

    Parameters
    ----------
    scores : (n,)
        Of *any finding*; a study is called at the lowest score that has this specificity.
    labels : (n, k)
        Of `columns`, the first of which is *any finding*; NaN is not read.
    columns : sequence of str
        Findings with fewer than five studies are left out.
    specificity : float
        0 to 1, on the same studies.
    """
    called = scores >= threshold_at_specificity(labels[:, 0], scores, specificity)
    shown = {code: labels[:, column] == 1 for column, code in enumerate(columns) if column}
    return {code: float(called[shows].mean()) for code, shows in shown.items() if shows.sum() >= FEWEST}


def fallen(before: dict[str, float], after: dict[str, float], *, tolerance: float) -> dict[str, float]:
    """Return by how much each finding's sensitivity fell, of those that fell by more than `tolerance`."""
    falls = {code: before[code] - after[code] for code in before.keys() & after.keys()}
    return {code: fall for code, fall in sorted(falls.items()) if fall > tolerance + np.finfo(float).eps}
