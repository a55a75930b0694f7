"""Wherever the pictures lie, the batches are the same."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from overread.learning.cache import Pictures
from overread.learning.resident import InMemory, OnDevice, Prefetched, Source, source_of

CPU = torch.device("cpu")
ORDER = [np.array([3, 1, 1]), np.array([0]), np.zeros(0, np.int64), np.array([5, 2])]


def pictures() -> Pictures:
    return np.random.default_rng(0).integers(0, 255, (6, 4, 4)).astype(np.uint8)


@pytest.mark.parametrize(
    "source", [InMemory, lambda held: OnDevice(held, CPU), lambda held: Prefetched(held, CPU)]
)
def test_batches_are_gathered_by_index_in_order(source: Callable[[Pictures], Source]) -> None:
    held = pictures()
    found = list(source(held).batches(ORDER))
    assert [batch.dtype for batch in found] == [torch.uint8] * 4
    for rows, batch in zip(ORDER, found, strict=True):
        assert np.array_equal(batch.numpy(), held[rows][:, None])


def test_the_reading_thread_ends_with_the_last_batch_and_when_nobody_asks_any_more() -> None:
    before = threading.active_count()
    source = Prefetched(pictures(), CPU)
    list(source.batches(ORDER))
    started: Iterator[torch.Tensor] = source.batches(ORDER)
    next(started)
    assert threading.active_count() == before + 1
    del started
    assert threading.active_count() == before
    assert list(source.batches([])) == []


def test_what_cannot_be_read_is_raised_where_the_batch_is_asked_for() -> None:
    with pytest.raises(IndexError):
        list(Prefetched(pictures(), CPU).batches([np.array([99])]))


def test_a_cpu_gathers_where_it_computes() -> None:
    assert isinstance(source_of(pictures(), CPU), InMemory)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_holds_what_fits_and_prefetches_what_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu, held = torch.device("cuda"), pictures()
    whole = source_of(held, gpu)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (held.nbytes, held.nbytes))
    partly = source_of(held, gpu)
    assert (type(whole), type(partly)) == (OnDevice, Prefetched)
    for source in (whole, partly):
        for rows, batch in zip(ORDER, source.batches(ORDER), strict=True):
            assert np.array_equal(batch.cpu().numpy(), held[rows][:, None])
