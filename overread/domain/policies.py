"""A promotion policy: what is required of a candidate, set and numbered before any candidate is seen."""

from dataclasses import dataclass, field
from enum import StrEnum

from overread.domain.errors import InputError
from overread.domain.identifiers import FindingCode


class Attribute(StrEnum):
    """What a slice may look at."""

    MAKER = "maker"
    SEX = "sex"
    AGE = "age"


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceRule:
    """A registered subgroup: from an age up, or one slice for each maker or sex of the frozen test set."""

    attribute: Attribute
    at_least: int | None = None

    def __post_init__(self) -> None:
        """Refuse a bound where there is nothing to compare, and an age without one."""
        if (self.attribute is Attribute.AGE) != (self.at_least is not None):
            raise InputError("a slice by age needs at_least, and only a slice by age takes it")


@dataclass(frozen=True, kw_only=True, slots=True)
class Floors:
    """What the first release must surely reach, having nothing to be compared with."""

    sensitivity: float
    specificity: float
    auc: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Int8Margins:
    """What a graph in eight-bit integers may lose against the same graph in floats, on the tuning set.

    Tighter than a candidate's margins, for here nothing is gained but speed; `alpha` is one-sided.
    """

    sensitivity: float = 0.02
    specificity: float = 0.02
    alpha: float = 0.025


@dataclass(frozen=True, kw_only=True, slots=True)
class TestSetRules:
    """What becomes of a test set: the share of its patients that a refreshed one keeps, and who sees cases.

    With `open_cases`, those who train see single test cases too, not verdicts alone.
    """

    __test__ = False

    overlap: float = 0.20
    open_cases: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePolicy:
    """Margins, error rate and minimum sizes of the gate, and how often one test set may be asked.

    `alpha` is the one-sided error rate of all `looks` together; margins are losses that would be tolerated.
    A file that says something else has another `version`, which every comparison keeps.
    """

    name: str
    floors: Floors
    version: int = 1
    alpha: float = 0.025
    looks: int = 5
    sensitivity_margin: float = 0.03
    specificity_margin: float = 0.05
    auc_margin: float = 0.02
    critical_margin: float = 0.05
    slice_margin: float = 0.10
    brier_margin: float = 0.01
    net_benefit_margin: float = 0.01
    net_benefit_threshold: float = 0.2
    forgetting_margin: float = 0.10
    localisation_margin: float = 0.10
    min_positive: int = 100
    min_negative: int = 100
    critical: tuple[FindingCode, ...] = ()
    slices: tuple[SliceRule, ...] = field(default_factory=tuple)
    require_radiologist: bool = False
    test_set: TestSetRules = field(default_factory=TestSetRules)
    int8: Int8Margins = field(default_factory=Int8Margins)
