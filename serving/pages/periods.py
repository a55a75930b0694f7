"""What the monitoring page looks at: so many days, of one scanner or of all."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from overread.store.readings import Scanner
from serving.api.corrections import PART, ChosenScanner

DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """The last `days`, and the one scanner that is looked at; None for all."""

    days: int = DAYS
    scanner: Scanner | None = None

    @property
    def query(self) -> str:
        """The choice as the query of an address."""
        narrowed = {} if self.scanner is None else {"scanner": PART.join(self.scanner)}
        return urlencode({"days": self.days} | narrowed)

    @property
    def address(self) -> str:
        """Where the page shows it."""
        return f"/monitoring?{self.query}"


def _asked(scanner: ChosenScanner, days: Annotated[int, Query(ge=1, le=366)] = DAYS) -> Period:
    return Period(days=days, scanner=scanner)


AskedPeriod = Annotated[Period, Depends(_asked)]
