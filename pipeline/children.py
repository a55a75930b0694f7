"""Trainings side by side, each in a process of its own; a killed one goes on when it is started again."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from overread.domain.errors import OverreadError, UnavailableError
from overread.learning.progress import Progress
from overread.settings.environment import Settings
from pipeline.training import Job, Trained, run_job

BEAT_SECONDS = 2.0
_ORPHANED = 1
_context = get_context("forkserver")  # torch is loaded once, for all trainings of this process


class KilledError(UnavailableError):
    """A training process was ended from outside; what it had learned is kept."""

    code = "training-killed"


def train_in_children(
    settings: Settings, jobs: Sequence[Job], *, processes: int, on_progress: Callable[[float], None]
) -> list[Trained]:
    """Train every job in at most `processes` children, and return what came of them in their order.

    `on_progress` is told the share that is done about every two seconds; what it raises ends all children.
    One job's failure is raised once the others are done, so that their work is kept.
    """
    _context.set_forkserver_preload([run_job.__module__])
    waiting, running = list(jobs), dict[str, _Child]()
    done: dict[str, Trained] = {}
    failed: list[Exception] = []
    with _ended(running):
        while waiting or running:
            while waiting and len(running) < processes:
                job = waiting.pop(0)
                running[job.key] = _Child(settings, job)
            for key in [key for key, child in running.items() if child.poll()]:
                outcome = running.pop(key).outcome()
                if isinstance(outcome, Trained):
                    done[key] = outcome
                else:
                    failed.append(outcome)
            on_progress(sum(_share(job, done) for job in jobs) / len(jobs))
            if running:
                connection.wait([child.answer for child in running.values()], timeout=BEAT_SECONDS)
    if failed:
        raise failed[0]
    return [done[job.key] for job in jobs]


class _Child:
    """One training process and the end of the pipe on which it answers."""

    def __init__(self, settings: Settings, job: Job) -> None:
        self._job = job
        self.answer, theirs = _context.Pipe(duplex=False)
        self.process: ForkServerProcess = _context.Process(
            target=_train, args=(settings, job, theirs), name=job.key
        )
        self.process.start()
        theirs.close()  # so that its death is heard here

    def poll(self) -> bool:
        """Say whether it has answered or died."""
        return self.answer.poll()

    def outcome(self) -> Trained | Exception:
        """Return what it answered, or why it could not."""
        try:
            outcome: Trained | Exception = self.answer.recv()
        except (EOFError, OSError):
            self.process.join()
            outcome = KilledError(
                f"the training {self._job.key} was killed (code {self.process.exitcode}; out of memory?); "
                "start it again, it goes on from its last checkpoint"
            )
        self.process.join()
        self.answer.close()
        return outcome


@contextmanager
def _ended(running: dict[str, _Child]) -> Iterator[None]:
    """End the children that still run when the block is left."""
    try:
        yield
    finally:
        for child in running.values():
            child.process.kill()  # safe at any point: what it writes, it writes whole
        for child in running.values():
            child.process.join()
            child.answer.close()


def _train(settings: Settings, job: Job, answer: Connection) -> None:
    """Be the child: train, say how far it is in a file, answer once."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    threading.Thread(target=_die_with_parent, daemon=True).start()
    job.folder.mkdir(parents=True, exist_ok=True)
    place = job.folder / "progress.json"

    def tell(progress: Progress) -> None:
        if progress.done % 20 == 0 or progress.done == progress.of:
            draft = place.with_suffix(".new")
            draft.write_text(json.dumps(asdict(progress)))
            draft.replace(place)

    try:
        answer.send(run_job(settings, job, tell))
    except OverreadError as error:
        answer.send(error)
    except Exception as error:
        answer.send(RuntimeError(f"{type(error).__name__}: {error}"))
        raise  # into the log, with its traceback


def _die_with_parent() -> None:
    """End this process with its parent, so that two of one training never run."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(_ORPHANED)


def _share(job: Job, done: dict[str, Trained]) -> float:
    """Return the share of a job that is done, as its process last said; the two stages count alike."""
    if job.key in done:
        return 1.0
    try:
        said = json.loads((job.folder / "progress.json").read_text())
    except (OSError, ValueError):
        return 0.0
    share = said["done"] / max(1, said["of"])
    return float(share / 2 if said["stage"] == "patches" else 0.5 + share / 2)
