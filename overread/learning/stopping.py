"""When a training has learned enough: the tuning set no longer says that it gets better."""

import math
from dataclasses import dataclass, replace

from overread.domain.errors import EvidenceError


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How many passes without a better tuning AUC are borne, and how it stands; 0 passes bear everything."""

    passes: int
    best: float = -math.inf
    waited: int = 0

    def after(self, auc: float) -> "Patience":
        """Return how it stands after one more pass with this tuning AUC; raise where there is none (NaN)."""
        if math.isnan(auc):
            raise EvidenceError(
                "stopping early needs tuning studies with and without a finding; "
                "add the missing class, or set images.patience to 0"
            )
        if auc > self.best:
            return replace(self, best=auc, waited=0)
        return replace(self, waited=self.waited + 1)

    @property
    def improved(self) -> bool:
        """Whether the latest pass was the best so far."""
        return self.waited == 0

    @property
    def over(self) -> bool:
        """Whether no pass more is borne."""
        return bool(self.passes) and self.waited >= self.passes
