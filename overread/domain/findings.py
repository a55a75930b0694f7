"""What can be seen on a radiograph: the vocabulary as rows of data, and one finding at one place."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from overread.domain.errors import InputError
from overread.domain.identifiers import FindingCode


class Label(StrEnum):
    """The two answers about one study; never called normal and abnormal."""

    NO_FINDING = "no_finding"
    HAS_FINDING = "has_finding"


class Side(StrEnum):
    """Laterality, the patient's."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


class Zone(StrEnum):
    """Lung zone."""

    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"
    APEX = "apex"


class Severity(StrEnum):
    """Would missing it change what happens to the patient? Only a person says so."""

    SLIGHT = "slight"
    RELEVANT = "relevant"


USUAL = 8
LARGEST_SIDE = 1_000_000  # pixels; also keeps infinity out


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle in stored pixels, x to the right and y down, half-open: x0 < x1, y0 < y1."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        """Refuse an empty or turned rectangle; NaN fails every comparison and is refused with them."""
        if not (0 <= self.x0 < self.x1 < LARGEST_SIDE and 0 <= self.y0 < self.y1 < LARGEST_SIDE):
            raise InputError("a box needs 0 <= x0 < x1 and 0 <= y0 < y1, in stored pixels")

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """`(x0, y0, x1, y1)`."""
        return (self.x0, self.y0, self.x1, self.y1)

    def within(self, rows: int, columns: int) -> bool:
        """Say whether the rectangle lies inside a picture of `rows` by `columns` pixels."""
        return self.x1 <= columns and self.y1 <= rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One finding as somebody saw it: which, and as far as said where and how grave."""

    code: FindingCode
    box: Box | None = None
    side: Side | None = None
    zone: Zone | None = None
    severity: Severity | None = None


def require_consistent(label: Label, findings: Iterable[Finding]) -> None:
    """Raise `InputError` where a label and its findings contradict each other."""
    if label is Label.NO_FINDING and any(True for _ in findings):
        raise InputError("no_finding goes with no findings")


@dataclass(frozen=True, kw_only=True, slots=True)
class VocabularyRow:
    """One finding of the vocabulary: its names and standard codes (scheme, value, meaning), best first.

    `initials` are those of the Chinese name in pinyin, by which it is typed.
    """

    code: FindingCode
    zh: str
    en: str
    initials: str = ""
    codes: tuple[tuple[str, str, str], ...] = ()
    slight: bool = False
    urgent: bool = False
    device: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The findings a task knows, in the order of a model's outputs."""

    rows: tuple[VocabularyRow, ...]

    def __post_init__(self) -> None:
        """Refuse two rows of one code."""
        if len({row.code for row in self.rows}) != len(self.rows):
            raise InputError("a finding code stands twice in the vocabulary")

    @property
    def codes(self) -> tuple[FindingCode, ...]:
        """The codes in order."""
        return tuple(row.code for row in self.rows)

    @property
    def usual(self) -> tuple[VocabularyRow, ...]:
        """The findings that are missed most often, as many as there are digits from 1 to 8."""
        return tuple(sorted(self.rows, key=lambda row: not row.slight)[:USUAL])

    def row(self, code: str) -> VocabularyRow:
        """Return the row of `code`; raise `InputError` when the vocabulary lacks it."""
        for row in self.rows:
            if row.code == code:
                return row
        raise InputError(f"unknown finding code {code!r}; the task's vocabulary lists the known ones")

    def check(self, findings: Iterable[Finding]) -> None:
        """Raise `InputError` when a finding's code is not in the vocabulary."""
        for finding in findings:
            self.row(finding.code)
