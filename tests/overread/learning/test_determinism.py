"""Importing does nothing, and generators are of their numbers alone."""

import subprocess
import sys
from pathlib import Path

import torch

from overread.learning.determinism import generator, half_precision, seeded

LOADED = """
import pkgutil, importlib, sys, torch
threads, state = torch.get_num_threads(), torch.random.get_rng_state()
import overread.learning
for module in pkgutil.iter_modules(overread.learning.__path__):
    importlib.import_module(f"overread.learning.{module.name}")
assert torch.get_num_threads() == threads and torch.equal(torch.random.get_rng_state(), state)
heavy = {"onnx", "onnxscript", "safetensors", "onnxruntime", "scipy", "cv2", "pydicom", "pydantic", "mlflow"}
print(sorted(heavy & set(sys.modules)))
"""


def test_learning_imports_with_torch_and_numpy_alone_and_changes_nothing() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", LOADED],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        check=True,
        capture_output=True,
    )
    assert done.stdout.decode().strip() == "[]"


def test_a_generator_depends_on_its_numbers_alone() -> None:
    assert generator(1, 2).random() == generator(1, 2).random() != generator(1, 3).random()


def test_a_seeded_block_draws_the_same_and_leaves_no_trace() -> None:
    state = torch.random.get_rng_state()
    drawn = []
    for _ in range(2):
        with seeded(3):
            drawn.append(torch.rand(1))
    assert torch.equal(*drawn)
    assert torch.equal(state, torch.random.get_rng_state())


def test_half_precision_is_a_fact_about_the_device() -> None:
    assert half_precision(torch.device("cpu")) in {True, False}
