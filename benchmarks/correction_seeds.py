"""Which way to learn from corrections is best over several seeds: one table of finished data folders.

    python -m benchmarks.correction_seeds FOLDER [FOLDER ...] [--training corrections]

Each folder is a finished demo of one seed, or one that `overread experiment corrections --hide` made.
`overread experiment corrections --json` runs in each whose answer is not kept there yet, and goes on where it
was killed. Differences are to one strategy of the same folder; the signs count folders.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

Json = dict[str, Any]
Measure = Callable[[Json], float | None]
SECONDS = "CPU s"
MEASURES: dict[str, Measure] = {
    "corrected findings": lambda one: one["corrected"]["estimate"],
    "AUC": lambda one: one["auc"]["estimate"],
    "lost": lambda one: one["lost"]["estimate"],
    "worst fall": lambda one: max(one["falls"].values(), default=0.0),
    SECONDS: lambda one: one["cpu_seconds"],
}
PAIRED = ("corrected findings", "AUC", "lost")
AGAINST = "replay"
NOTHING = "-"


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description="Compare ways to learn from corrections over data folders.")
    parser.add_argument("folders", type=Path, nargs="+", help="a data folder for each seed")
    parser.add_argument("--training", default="corrections", help="training file whose variants are compared")
    parser.add_argument("--against", default=AGAINST, help="strategy that the others are compared with")
    wanted = parser.parse_args()
    found = [answered(folder, wanted.training) for folder in wanted.folders]
    if not all(wanted.against in {one["name"] for one in each["strategies"]} for each in found):
        parser.error(f"not every folder has a strategy {wanted.against!r} to compare with")
    print("\n".join([*heads(found), "", table(found, against=wanted.against)]))


def answered(folder: Path, training: str) -> Json:
    """Return the comparison of a folder, made and kept there the first time."""
    place = folder / f"experiment-{Path(training).stem}.json"
    if not place.exists():
        words = ("experiment", "corrections", "--training", training, "--json")
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "cli.main", *words],
            env={**os.environ, "OVERREAD_DATA_DIR": str(folder)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        place.write_text(done.stdout, encoding="utf-8")
    kept: Json = json.loads(place.read_text(encoding="utf-8"))
    return kept


def heads(found: Sequence[Json]) -> list[str]:
    """Return a line for each folder: what its corrections are about, and whether it is too small."""
    lines = []
    for one in found:
        codes = ", ".join(one["codes"]) or "nothing in particular"
        said = f"{one['corrections']} corrections, mostly of {codes}; specificity {one['specificity']:.2f}."
        lines.append(f"- {said} {one['note']}".rstrip())
    return lines


def table(found: Sequence[Json], *, against: str = AGAINST) -> str:
    """Return the strategies that all folders have as Markdown rows: mean (lowest to highest), differences."""
    by_folder = [{one["name"]: one for one in each["strategies"]} for each in found]
    names = [name for name in by_folder[0] if all(name in folder for folder in by_folder)]
    columns = ["strategy", *MEASURES, *(f"{name}, less {against}'s" for name in PAIRED)]
    lines = [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    for name in names:
        ours, theirs = ([folder[each] for folder in by_folder] for each in (name, against))
        apart = (
            [NOTHING] * len(PAIRED) if name == against else [_apart(each, ours, theirs) for each in PAIRED]
        )
        lines.append(f"| {' | '.join([name, *(_spread(each, ours) for each in MEASURES), *apart])} |")
    return "\n".join(lines)


def _spread(measured: str, strategies: Sequence[Json]) -> str:
    return spread(values(measured, strategies), digits=0 if measured == SECONDS else 3)


def _apart(measured: str, ours: Sequence[Json], theirs: Sequence[Json]) -> str:
    pairs = zip(values(measured, ours), values(measured, theirs), strict=True)
    return signs([None if one is None or other is None else one - other for one, other in pairs])


def values(measured: str, strategies: Sequence[Json]) -> list[float | None]:
    """Return one number for each folder, None where it is undefined."""
    return [MEASURES[measured](one) for one in strategies]


def spread(numbers: Sequence[float | None], *, digits: int = 3) -> str:
    """Return the mean with the lowest and highest; nothing where one is undefined."""
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return NOTHING
    mean, lowest, highest = (f"{number:.{digits}f}" for number in (fmean(known), min(known), max(known)))
    return f"{mean} ({lowest} to {highest})"


def signs(differences: Sequence[float | None]) -> str:
    """Return the mean difference, and in how many folders it is above and below 0."""
    known = [difference for difference in differences if difference is not None]
    if len(known) < len(differences):
        return NOTHING
    above, below = sum(one > 0 for one in known), sum(one < 0 for one in known)
    return f"{fmean(known):+.3f} ({above} up, {below} down)"


if __name__ == "__main__":
    main()
