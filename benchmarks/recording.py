"""What every benchmark keeps: a ratio with its limits, both sides' seconds, and where they were measured."""

import json
import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESULTS = Path(__file__).parent / "results.json"
NARROW = 0.05  # of the ratio: a row whose interval is narrower ends
CLOSE = 0.95  # of the target: what the lower limit must reach
_RESAMPLES = 2000

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """One side's measurements in a row's unit."""

    n: int
    median: float
    p95: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """How many times as fast as the other side we are: medians and their ratio, with 95 % limits.

    `note` is what else a reader must know of the two answers, such as how far they are apart.
    """

    name: str
    ratio: float
    lower: float
    upper: float
    target: float
    met: bool
    ours: float
    theirs: float
    unit: str
    spread: tuple[Spread, Spread]
    note: str = ""


def row(
    name: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    target: float,
    unit: str = "s",
    note: str = "",
) -> Row:
    """Return the row of paired rounds, in which less is better; the limits are a bootstrap by round."""
    lower, upper = ratio_limits(ours, theirs)
    mine, other = _spread(ours), _spread(theirs)
    return Row(
        name=name,
        ratio=other.median / mine.median,
        lower=lower,
        upper=upper,
        target=target,
        met=lower >= CLOSE * target,
        ours=mine.median,
        theirs=other.median,
        unit=unit,
        spread=(mine, other),
        note=note,
    )


def ratio_limits(ours: Sequence[float], theirs: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile limits of median(theirs) / median(ours), whole rounds drawn anew."""
    pairs = np.array([ours, theirs], dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(pairs.shape[1], size=(_RESAMPLES, pairs.shape[1]))
    mine, other = np.median(pairs[:, drawn], axis=2)
    lower, upper = np.quantile(other / mine, (0.025, 0.975))
    return float(lower), float(upper)


def timed(act: Callable[[], object], *, times: int = 1) -> Callable[[], float]:
    """Return what measures the seconds of one `act`, the mean of `times` where a single one is too short."""

    def seconds() -> float:
        began = time.perf_counter()
        for _ in range(times):
            act()
        return (time.perf_counter() - began) / times

    return seconds


def rounds(
    sides: Sequence[Callable[[], float]], *, fewest: int = 5, most: int = 40, seconds: float = math.inf
) -> list[list[float]]:
    """Measure every side in turn, one warm-up first, until the first side's ratios are narrow enough.

    No round beyond the fewest begins after `seconds`.
    """
    for side in sides:
        side()
    taken: list[list[float]] = [[] for _ in sides]
    ends = time.perf_counter() + seconds
    for n in range(1, most + 1):
        for side, measured in zip(sides, taken, strict=True):
            measured.append(side())
        narrow = n >= fewest and all(_narrow(taken[0], other) for other in taken[1:])
        if narrow or (n >= fewest and time.perf_counter() > ends):
            break
    return taken


def tell(rows: Sequence[Row], packages: Sequence[str]) -> None:
    """Keep the rows of one benchmark and print them."""
    keep(rows, packages)
    for each in rows:
        print(line(each))


def left_out(name: str, packages: str) -> None:
    """Say aloud that a row could not be measured here."""
    print(f"{name}: left out, for {packages} is not installed; pip install .[bench]")


def keep(rows: Sequence[Row], packages: Sequence[str], *, path: Path = RESULTS) -> None:
    """Write the rows beside those of other benchmarks; one of the same name is replaced."""
    known = json.loads(path.read_text())["rows"] if path.exists() else []
    names = {each.name for each in rows}
    kept = [each for each in known if each["name"] not in names]
    fresh = [asdict(each) | {"machine": machine(packages)} for each in rows]
    path.write_text(json.dumps({"rows": kept + fresh}, indent=1) + "\n")


def machine(packages: Sequence[str]) -> dict[str, object]:
    """Return what the numbers depend on: processor, cores, how busy they were, and versions."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: installed for name in packages if (installed := installed_version(name))},
    }


def installed_version(name: str) -> str:
    """Return a package's version, empty where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def line(each: Row) -> str:
    """Return a row as one line to read."""
    said = "met" if each.met else "NOT met"
    note = f"; {each.note}" if each.note else ""
    return (
        f"{each.name}: {each.ratio:.2f} times as fast [{each.lower:.2f}, {each.upper:.2f}], "
        f"target {each.target:.3g}, {said}; {each.ours:.3g} {each.unit} against {each.theirs:.3g}{note}"
    )


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return kept rows as a Markdown table."""
    head = "| ours / theirs | times as fast [95 % limits] | target | | ours | theirs |"
    lines = [
        f"| {each['name']} | {each['ratio']:.2f} [{each['lower']:.2f}, {each['upper']:.2f}] "
        f"| {each['target']:.3g} | {'met' if each['met'] else 'NOT met'} "
        f"| {each['ours']:.3g} {each['unit']} | {each['theirs']:.3g} {each['unit']} |"
        for each in rows
    ]
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- |", *lines])


def _spread(values: Sequence[float]) -> Spread:
    found: Floats = np.asarray(values, dtype=np.float64)
    return Spread(n=found.size, median=float(np.median(found)), p95=float(np.quantile(found, 0.95)))


def _narrow(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    lower, upper = ratio_limits(ours, theirs)
    return upper - lower < NARROW * (upper + lower) / 2
