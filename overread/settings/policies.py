"""Reads `policies/*.toml` into domain values."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from overread.domain.errors import ConfigurationError
from overread.domain.identifiers import FindingCode
from overread.domain.policies import Attribute, Floors, GatePolicy, Int8Margins, SliceRule, TestSetRules

ROOT = Path(__file__).resolve().parents[2]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Margins(_Part):
    sensitivity: float = Field(gt=0, lt=1)
    specificity: float = Field(gt=0, lt=1)
    auc: float = Field(gt=0, lt=1)
    critical: float = Field(gt=0, lt=1)
    slice: float = Field(gt=0, lt=1)
    brier: float = Field(gt=0, lt=1)
    net_benefit: float = Field(gt=0, lt=1)
    net_benefit_threshold: float = Field(gt=0, lt=1)
    forgetting: float = Field(gt=0, lt=1)
    localisation: float = Field(gt=0, lt=1)


class _Minimum(_Part):
    positive: int = Field(ge=100)  # no set smaller than 100 of a class gets a verdict
    negative: int = Field(ge=100)


class _Floors(_Part):
    sensitivity: float = Field(ge=0, lt=1)
    specificity: float = Field(ge=0, lt=1)
    auc: float = Field(ge=0.5, lt=1)


class _Int8(_Part):
    sensitivity: float = Field(gt=0, lt=1)
    specificity: float = Field(gt=0, lt=1)
    alpha: float = Field(gt=0, le=0.05)


class _TestSet(_Part):
    overlap: float = Field(ge=0, le=0.5)  # with more, most of the new set has been asked before
    open_cases: bool


class _Slice(_Part):
    attribute: Attribute
    at_least: int | None = Field(default=None, ge=0)


class _PolicyFile(_Part):
    name: str
    version: int = Field(ge=1)
    alpha: float = Field(gt=0, le=0.05)
    looks: int = Field(ge=1, le=100)
    critical: list[str] = []
    require_radiologist: bool
    margins: _Margins
    minimum: _Minimum
    floors: _Floors
    slices: list[_Slice] = []
    test_set: _TestSet | None = None
    int8: _Int8 | None = None


def load_policy(name: str, *, folder: Path = ROOT / "policies") -> GatePolicy:
    """Return the policy of `policies/NAME.toml`.

    Raises
    ------
    ConfigurationError
        The file is missing or says something it must not; the message names file and field.
    """
    path = folder / f"{name}.toml"
    try:
        file = _PolicyFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        known = ", ".join(sorted(found.stem for found in folder.glob("*.toml")))
        raise ConfigurationError(f"there is no policy {name!r}; known: {known}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"policies/{path.name}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"policies/{path.name}: {field}: {first['msg']}") from error
    margins = file.margins.model_dump()
    return GatePolicy(
        name=file.name,
        version=file.version,
        alpha=file.alpha,
        looks=file.looks,
        net_benefit_threshold=margins.pop("net_benefit_threshold"),
        **{f"{what}_margin": margin for what, margin in margins.items()},
        min_positive=file.minimum.positive,
        min_negative=file.minimum.negative,
        floors=Floors(**file.floors.model_dump()),
        critical=tuple(FindingCode(code) for code in file.critical),
        slices=tuple(SliceRule(**part.model_dump()) for part in file.slices),
        require_radiologist=file.require_radiologist,
        test_set=TestSetRules() if file.test_set is None else TestSetRules(**file.test_set.model_dump()),
        int8=Int8Margins() if file.int8 is None else Int8Margins(**file.int8.model_dump()),
    )
