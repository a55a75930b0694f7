"""What the demo gives over several seeds, how long it takes, and how much memory it holds.

    python -m benchmarks.demo_seeds --folder DIR --seeds 1 2 3 4 5

Each seed is one `overread demo` into DIR/SEED; a seed whose summary is there already is read, not run again.
Prints the table of docs/explanation/five-seeds.md. Memory is the proportional set size of the demo's whole
process tree, looked at once a second.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.memory import held, tree

CORRECTED = ("fibrous_strand", "calcification")  # what the old reports left out
MEASURED = "measured.json"
EVERY = 1.0  # seconds between two looks at the memory
Json = dict[str, Any]


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description="Run the demo over several seeds and print what it gave.")
    parser.add_argument("--folder", type=Path, required=True, help="where the demos lie, or will")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--fast", action="store_true", help="the smaller demo")
    wanted = parser.parse_args()
    for seed in wanted.seeds:
        folder = wanted.folder / str(seed)
        if not (folder / "summary.json").exists():
            run(folder, seed, fast=wanted.fast)
    print(table([told(wanted.folder / str(seed)) for seed in wanted.seeds]))


def run(folder: Path, seed: int, *, fast: bool) -> None:
    """Run one demo, and keep the most memory that its process tree held, in GiB, beside its summary."""
    command = [sys.executable, "-m", "cli.main", "demo", "--dir", str(folder), "--seed", str(seed)]
    child = psutil.Popen([*command, *(["--fast"] if fast else [])], stdout=subprocess.DEVNULL)
    most = 0
    while child.poll() is None:
        most = max(most, held(tree(child)))
        try:
            child.wait(EVERY)
        except psutil.TimeoutExpired:
            continue
    if child.returncode:
        raise SystemExit(f"the demo of seed {seed} ended with code {child.returncode}")
    (folder / MEASURED).write_text(json.dumps({"gib": most / 2**30}))


def told(folder: Path) -> Json:
    """Return one demo's summary, with the memory it held where that was measured."""
    summary: Json = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    place = folder / MEASURED
    return {**summary, "gib": json.loads(place.read_text())["gib"] if place.exists() else None}


def table(summaries: Sequence[Json]) -> str:
    """Return the runs as a Markdown table, a row a seed."""
    head = (
        "| seed | corrections | kappa | AUC before, control, after | sensitivity, specificity before → after "
        "| strand, calcification before → after | difference [limits]: sensitivity; specificity | verdict | "
        "careless | next | min | GiB |"
    )
    return "\n".join([head, "|" + " --- |" * (head.count("|") - 1), *map(_row, summaries)])


def _row(summary: Json) -> str:
    models = {model["recipe"].replace("demo-fast", "demo"): model for model in summary["models"]}
    first, good, control = models["demo"], models["demo-v2"], models["demo-control"]
    compared = {one["candidate"]: one for one in summary["comparisons"]}
    gate, careless = compared[good["version"]], compared[models["demo-bad"]["version"]]
    corrections, kappa = summary["corrections"], summary["corrections"]["kappa"]
    reasons = {one["version"]: one["reason"] for one in summary["refused"]}
    cells = [
        str(summary["seed"]),
        f"{corrections['explicit']} + {corrections['implicit']}",
        f"{kappa['estimate']:.2f} [{kappa['lower']:.2f}, {kappa['upper']:.2f}]",
        ", ".join(f"{model['auc']:.3f}" for model in (first, control, good)),
        f"{_pair(first)} → {_pair(good)}",
        f"{_found(first)} → {_found(good)}",
        "; ".join(
            (
                _limits(gate, "sensitivity_difference", "lower", "upper"),
                _limits(gate, "specificity_difference", "specificity_lower", "specificity_upper"),
            )
        ),
        gate["verdict"],
        careless["verdict"],
        reasons.get(models["demo-next"]["version"], "not refused"),
        f"{sum(summary['seconds'].values()) / 60:.1f}",
        "-" if summary["gib"] is None else f"{summary['gib']:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _pair(model: Json) -> str:
    return f"{model['sensitivity']:.3f}, {model['specificity']:.3f}"


def _found(model: Json) -> str:
    """Return the share found of the findings that the old reports left out."""
    counts = [model["missed_by_finding"][code] for code in CORRECTED]
    return ", ".join(f"{1 - count['missed'] / count['n']:.2f}" for count in counts)


def _limits(gate: Json, estimate: str, lower: str, upper: str) -> str:
    return f"{gate[estimate]:+.3f} [{gate[lower]:+.3f}, {gate[upper]:+.3f}]"


if __name__ == "__main__":
    main()
