"""A training as data: read from a TOML table, checked once, frozen, and with a digest of its own."""

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from overread.domain.errors import ConfigurationError
from overread.learning.architectures import InputContract, check_architecture, reads_one_size
from overread.learning.augmentation import Augmentation
from overread.learning.losses import Doubt
from overread.learning.mixing import Mix
from overread.learning.patches import PatchStage
from overread.learning.schedule import Schedule

T = TypeVar("T")
VARIANTS = "variants"


class Precision(StrEnum):
    """`auto` takes bfloat16 where the machine has it natively; the same machine gives the same result."""

    AUTO = "auto"
    FULL = "float32"
    HALF = "bfloat16"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageStage:
    """Passes over whole pictures; no passes, no stage.

    After `patience` passes that did not raise the AUC on the tuning set the training stops, and the best
    weights are kept; 0 takes every pass and keeps the last weights.
    """

    passes: int = 0
    batch: int = 32
    rate: float = 3.5e-3
    patience: int = 0
    augment: Augmentation = field(default_factory=Augmentation)


class Source(StrEnum):
    """Where the weights of a first model's body come from; its head starts random."""

    RANDOM = "random"
    CHECKPOINT = "checkpoint"
    TORCHVISION = "torchvision"
    ASTRA = "astra"


@dataclass(frozen=True, kw_only=True, slots=True)
class InitialWeights:
    """What a first model starts from; a variant starts from production's weights, whatever stands here.

    `path` is of a checkpoint, `name` one of torchvision's such as `IMAGENET1K_V2`; `sha256` is of the file,
    and may be left out for torchvision's, whose file names carry its first digits.
    """

    source: Source = Source.RANDOM
    path: str = ""
    name: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse a table that leaves open which weights are meant."""
        wanted = {Source.CHECKPOINT: {"path", "sha256"}, Source.TORCHVISION: {"name"}}.get(self.source, set())
        given = {key for key in ("path", "name", "sha256") if getattr(self, key)}
        allowed = wanted | ({"sha256"} if self.source is Source.TORCHVISION else set())
        if not wanted <= given <= allowed:
            raise ConfigurationError(
                f"weights from {self.source} take {', '.join(sorted(allowed)) or 'nothing else'}, "
                f"not {', '.join(sorted(given)) or 'nothing'}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ThresholdRule:
    """Which specificity a first model takes on the tuning set, and what a candidate adds to it."""

    specificity: float = 0.90
    buffer: float = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """What a package holds beside the graph in floats.

    With `int8` the graph a second time, in eight-bit integers, its ranges taken from so many `calibration`
    pictures of the training set. It is served only where it passes a gate of its own; it is worth asking for
    where the network is large.
    """

    int8: bool = False
    calibration: int = 64

    def __post_init__(self) -> None:
        """Refuse ranges that no picture was seen for."""
        if self.calibration < 1:
            raise ConfigurationError("export.calibration must be 1 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Everything a training does that its studies do not decide.

    `ema` above 0 is how much of the weights' moving average is kept at each step; the average is then what a
    training ends with. Each stage begins an average of its own. `compiled` has torch fuse on a GPU what lies
    between the convolutions: faster by a third, after some two minutes for each size of batch. A `fresh`
    variant starts from random weights like a first model, and is held against production like every other
    candidate.
    """

    name: str
    architecture: str
    contract: InputContract
    width: int = 16
    seed: int = 1
    fresh: bool = False
    precision: Precision = Precision.AUTO
    compiled: bool = False
    device: str = "cpu"
    weight_decay: float = 1e-2
    clip: float = 5.0
    schedule: Schedule = Schedule.ONE_CYCLE
    ema: float = 0.0
    loss: Doubt = field(default_factory=Doubt)
    weights: InitialWeights = field(default_factory=InitialWeights)
    patches: PatchStage = field(default_factory=PatchStage)
    images: ImageStage = field(default_factory=ImageStage)
    mix: Mix = field(default_factory=Mix)
    threshold: ThresholdRule = field(default_factory=ThresholdRule)
    export: Export = field(default_factory=Export)

    def __post_init__(self) -> None:
        """Refuse a recipe that could not be followed."""
        check_architecture(self.architecture, self.contract)
        if self.patches.count < 0 or self.images.passes < 0 or not (self.patches.count or self.images.passes):
            raise ConfigurationError("a recipe needs patches.count or images.passes above 0")
        if self.patches.side > self.contract.size:
            raise ConfigurationError("patches.side is larger than contract.size")
        if not 0 <= self.ema < 1 or self.images.patience < 0:
            raise ConfigurationError("ema must be 0 to below 1, and images.patience 0 or more")
        if self.weights.source is Source.ASTRA and self.architecture != "resnet152":
            raise ConfigurationError("the Astra kernels are of a ResNet-152; set architecture = 'resnet152'")
        if self.patches.count and reads_one_size(self.architecture):
            raise ConfigurationError(f"{self.architecture} reads whole pictures only; take no patches")

    @property
    def digest(self) -> str:
        """SHA-256 of what the recipe says; two equal recipes have one digest."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


def read_recipe(path: Path, variant: str | None = None, *, seed: int | None = None) -> Recipe:
    """Read a recipe from a TOML file; `variant` names one of its `[variants.*]`, laid over the rest."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"cannot read the training {path}: {error}") from error
    try:
        return recipe_of(table, variant, seed=seed)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def recipe_of(table: Mapping[str, Any], variant: str | None = None, *, seed: int | None = None) -> Recipe:
    """Return the recipe that a TOML table says; every key must be known, and of its type."""
    base = {key: value for key, value in table.items() if key != VARIANTS}
    if variant is not None:
        variants = table.get(VARIANTS, {})
        if variant not in variants:
            raise ConfigurationError(f"no variant {variant!r}; there are {', '.join(variants) or 'none'}")
        base = _laid_over(base, {"name": f"{base.get('name', '')}-{variant}", **variants[variant]})
    if seed is not None:
        base["seed"] = seed
    return _read(Recipe, base, "")


def _laid_over(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged


def _read(kind: type[T], table: Mapping[str, Any], path: str) -> T:
    """Make a dataclass of a table; its own tables become the dataclasses of its fields."""
    hints = get_type_hints(kind)
    unknown = set(table) - set(hints)
    if unknown:
        raise ConfigurationError(f"unknown key {path}{min(unknown)}; there are {', '.join(hints)}")
    values = {key: _value(hints[key], value, f"{path}{key}") for key, value in table.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigurationError(f"{path or 'the recipe'}: {error}") from error


def _value(hint: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return _read(hint, value, f"{path}.")
    if isinstance(hint, type) and issubclass(hint, StrEnum) and value in list(hint):
        return hint(value)
    if isinstance(value, list):
        return tuple(value)
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(hint, type) and type(value) is not hint:
        raise ConfigurationError(f"{path} must be {hint.__name__}, not {value!r}")
    return value
