"""A batch that does not fit into memory is learned in parts, with the same result."""

import logging
from pathlib import Path

import pytest
import torch

from overread.learning.learner import MemoryShortError, parts
from overread.learning.resuming import Checkpoints
from tests.overread.learning.plain import plain_recipe, plain_training
from tests.overread.learning.toys import toy_studies


def test_a_share_is_cut_into_micro_batches() -> None:
    assert parts(slice(3, 10), None) == [slice(3, 10)]
    assert parts(slice(3, 10), 3) == [slice(3, 6), slice(6, 9), slice(9, 10)]
    assert parts(slice(4, 4), None) == parts(slice(4, 4), 2) == []


def test_out_of_memory_halves_the_micro_batch_says_so_and_ends_as_the_whole_batch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    studies, recipe = toy_studies(33), plain_recipe()
    whole, _ = plain_training(recipe, studies)
    with caplog.at_level(logging.WARNING):
        split, run = plain_training(recipe, studies, room=3)
    assert [record.getMessage() for record in caplog.records] == [
        "7 studies at once do not fit into memory: going on with 4, and adding up their gradients",
        "4 studies at once do not fit into memory: going on with 2, and adding up their gradients",
    ]
    assert [leg["micro_batch"] for leg in run.history] == [2, 2, 2]
    for name, weight in whole.items():
        torch.testing.assert_close(split[name], weight, atol=1e-5, rtol=0)


def test_a_resumed_training_remembers_what_fits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    studies, recipe = toy_studies(33), plain_recipe()
    done, _ = plain_training(recipe, studies, room=3, checkpoints=Checkpoints(folder=tmp_path))
    caplog.clear()
    again, _ = plain_training(recipe, studies, room=3, checkpoints=Checkpoints(folder=tmp_path))
    assert caplog.records == []
    assert all(torch.equal(done[name], again[name]) for name in done)


def test_where_not_even_one_study_fits_the_error_says_what_to_lower() -> None:
    with pytest.raises(MemoryShortError, match=r"one study does not fit .* lower contract\.size"):
        plain_training(plain_recipe(), toy_studies(8), room=-1)
