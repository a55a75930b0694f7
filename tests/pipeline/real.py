"""Real radiographs beside the project, where they are: read in place, never copied into it."""

import csv
from pathlib import Path

import pytest

REAL = Path(__file__).parents[2] / "../shared/data"


def real_data() -> Path:
    """Return the folder; skip aloud where it is absent."""
    if not (REAL / "cxr" / "labels.csv").is_file():
        pytest.skip(f"there are no real radiographs in {REAL}")
    return REAL.resolve()


def rows_of(source: str) -> list[dict[str, str]]:
    """Return the lines of labels.csv whose file lies in one set."""
    with (real_data() / "cxr" / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["file"].startswith(f"{source}/")]
