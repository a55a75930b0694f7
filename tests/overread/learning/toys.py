"""Toy studies for the tests of learning: noise, and in every other picture a bright square."""

from typing import Any

import numpy as np

from overread.learning.data import ANY, LabelledStudy, Studies, UnitBox, labelled_set
from overread.learning.recipes import Recipe, recipe_of

SIZE = 64
SQUARE = 8
COLUMNS = (ANY, "square", "ring")


def toy_studies(n: int, *, seed: int = 0, size: int = SIZE) -> Studies:
    """Return pictures (n, size, size) and labels; every second one shows a square, marked by its box."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(60, 120, (n, size, size)).astype(np.uint8)
    studies = []
    for row in range(n):
        if row % 2 == 0:
            studies.append(LabelledStudy(any_finding=0))
            continue
        x, y = (int(corner) for corner in rng.integers(4, size - SQUARE - 4, 2))
        pictures[row, y : y + SQUARE, x : x + SQUARE] = 220
        box: UnitBox = (x / size, y / size, (x + SQUARE) / size, (y + SQUARE) / size)
        studies.append(LabelledStudy(any_finding=1, findings={"square": 1}, boxes=[("square", box)]))
    return Studies(pictures, labelled_set(COLUMNS, studies))


def toy_recipe(**changes: Any) -> Recipe:
    """Return a recipe of seconds; `changes` are laid over its table."""
    table: dict[str, Any] = {
        "name": "toy",
        "architecture": "resnet10-lse",
        "width": 8,
        "precision": "float32",
        "contract": {"size": SIZE, "standardise": True},
        "patches": {"count": 640, "side": 24, "batch": 32},
        "images": {"passes": 2, "batch": 16, "augment": {"degrees": 4.0, "shift": 0.04, "gain": 0.1}},
    }
    return recipe_of(table | changes)
