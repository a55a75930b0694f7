"""Two processes learn what one would have learned."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from overread.domain.errors import ConfigurationError
from overread.learning.distributed import Group, current, joined
from tests.overread.learning.plain import plain_recipe, plain_training
from tests.overread.learning.toys import toy_studies

RANK = """
import sys
from pathlib import Path
from safetensors.torch import save_file
from overread.learning.determinism import single_thread
from overread.learning.distributed import current, joined
from overread.learning.resuming import Checkpoints
from tests.overread.learning.plain import plain_recipe, plain_training
from tests.overread.learning.toys import toy_studies
single_thread()
with joined("cpu"):
    folder = Path(sys.argv[1]) / f"rank-{current().rank}"
    checkpoints = Checkpoints(folder=folder, seconds=0)
    recipe = plain_recipe(images={"passes": 2, "batch": 11, "patience": 2})
    weights, run = plain_training(
        recipe, toy_studies(33), tuning=toy_studies(16, seed=4), checkpoints=checkpoints
    )
    save_file(weights, Path(sys.argv[1]) / f"learned-{current().rank}.safetensors")
"""


def launched(script: str, folder: Path, processes: int) -> list[subprocess.CompletedProcess[str]]:
    """Run a script in several processes that know of each other as torchrun would tell them."""
    root = Path(__file__).parents[3]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes)}
    started = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", script, str(folder)],
            env=os.environ | common | {"PYTHONPATH": str(root), "RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    ended = [(process, process.communicate(timeout=300)[1]) for process in started]
    return [subprocess.CompletedProcess(p.args, p.returncode, stderr=said) for p, said in ended]


def test_two_processes_end_as_one_does_and_the_first_alone_writes(tmp_path: Path) -> None:
    for process in launched(RANK, tmp_path, 2):
        assert process.returncode == 0, process.stderr
    first, second = (load_file(tmp_path / f"learned-{rank}.safetensors") for rank in (0, 1))
    recipe = plain_recipe(images={"passes": 2, "batch": 11, "patience": 2})
    alone, _ = plain_training(recipe, toy_studies(33), tuning=toy_studies(16, seed=4))
    for name, weight in alone.items():
        torch.testing.assert_close(first[name], weight, atol=1e-5, rtol=0)
        assert torch.equal(first[name], second[name])
    assert (tmp_path / "rank-0" / "training.safetensors").exists()
    assert not (tmp_path / "rank-1").exists()


@pytest.mark.parametrize("n", [1, 7, 32])
def test_shares_cover_a_batch_once_and_are_nearly_even(n: int) -> None:
    shares = [Group(rank=rank, size=3).share(n) for rank in range(3)]
    assert [row for share in shares for row in range(n)[share]] == list(range(n))
    sizes = [share.stop - share.start for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_alone_a_process_is_a_group_of_one_and_asks_nobody() -> None:
    group = current()
    assert (group, group.first, group.told(0.5)) == (Group(), True, 0.5)
    assert float(group.sum(torch.ones(()))) == 1
    with joined("cpu") as device:
        assert (device, current()) == ("cpu", Group())


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "99")
    monkeypatch.setenv("LOCAL_RANK", "99")
    with pytest.raises(ConfigurationError, match="--nproc-per-node"), joined("cuda"):
        pass
