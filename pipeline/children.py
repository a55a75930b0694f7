"""Trainings side by side, each in a process of its own; a killed one goes on when it is started again."""

import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running

from overread.domain.errors import OverreadError, UnavailableError
from overread.learning.legs import PATCHES
from overread.learning.progress import Progress
from overread.settings.environment import Settings
from pipeline.ranks import environments
from pipeline.training import Job, Trained, assist, run_job

BEAT_SECONDS = 2.0
ANSWER_SECONDS = 5.0  # that a training one of whose processes died has to say why
TELL_SECONDS = 0.5
_ORPHANED = 1
_context = get_context("forkserver")  # torch is loaded once, for all trainings of this process


class KilledError(UnavailableError):
    """A training process was ended from outside; what it had learned is kept."""

    code = "training-killed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Who is told how far the trainings are, about every two seconds; what they raise ends all children.

    `share` gets the share of all that is done, `progress` what each running training last said of itself.
    """

    share: Callable[[float], None] = lambda _: None
    progress: Callable[[Job, Progress], None] = lambda _job, _progress: None


def prepare() -> None:
    """Let torch be loaded in the background, by the process that trainings will be forked from."""
    _context.set_forkserver_preload([run_job.__module__, "torch._dynamo"])  # torch's optimisers load it
    ensure_running()


def train_in_children(
    settings: Settings, jobs: Sequence[Job], *, processes: int, told: Told
) -> list[Trained]:
    """Train every job in at most `processes` children, and return what came of them in their order.

    One job's failure is raised once the others are done, so that their work is kept.
    """
    prepare()
    waiting, running = list(jobs), dict[str, _Child]()
    done: dict[str, Trained] = {}
    failed: list[Exception] = []
    with _ended(running):
        while waiting or running:
            while waiting and len(running) < processes:
                job = waiting.pop(0)
                running[job.key] = _Child(settings, job)
            heard = set(
                running
            )  # those that end now too: a short one may have said all of it since the last look
            for key in [key for key, child in running.items() if child.poll()]:
                outcome = running.pop(key).outcome()
                if isinstance(outcome, Trained):
                    done[key] = outcome
                else:
                    failed.append(outcome)
            said = {job.key: _said(job) for job in jobs if job.key in heard or job.key not in done}
            told.share(sum(_share(said.get(job.key), job.key in done) for job in jobs) / len(jobs))
            for job in jobs:
                progress = said.get(job.key)
                if job.key in heard and progress is not None:
                    told.progress(job, progress)
            if running:
                connection.wait([child.answer for child in running.values()], timeout=BEAT_SECONDS)
    if failed:
        raise failed[0]
    return [done[job.key] for job in jobs]


class _Child:
    """One training: the process that answers, and those that share its work."""

    def __init__(self, settings: Settings, job: Job) -> None:
        self._job = job
        self.answer, theirs = _context.Pipe(duplex=False)
        first, *others = environments(settings.training_processes)
        self._first = _context.Process(target=_train, args=(settings, job, first, theirs), name=job.key)
        self._others = [
            _context.Process(target=_assist, args=(settings, job, rank), name=f"{job.key}+{rank['RANK']}")
            for rank in others
        ]
        for process in (self._first, *self._others):
            process.start()
        theirs.close()  # so that its death is heard here

    def poll(self) -> bool:
        """Say whether it has answered or died; missing one process, the others would wait for ever."""
        return self.answer.poll() or any(other.exitcode for other in self._others)

    def outcome(self) -> Trained | Exception:
        """Return what it answered, or why it could not."""
        if not self.answer.poll(ANSWER_SECONDS):
            self.end()
        try:
            outcome: Trained | Exception = self.answer.recv()
        except (EOFError, OSError):
            self._first.join()
            codes = [process.exitcode for process in (self._first, *self._others)]
            outcome = KilledError(
                f"the training {self._job.key} was killed (exit codes {codes}; out of memory?); "
                "start it again, it goes on from its last checkpoint"
            )
        self._first.join()
        self.end()
        self.answer.close()
        return outcome

    def end(self) -> None:
        """End what still runs; safe at any point, for what a training writes, it writes whole."""
        for process in (self._first, *self._others):
            process.kill()
        for process in (self._first, *self._others):
            process.join()


@contextmanager
def _ended(running: dict[str, _Child]) -> Iterator[None]:
    """End the children that still run when the block is left."""
    try:
        yield
    finally:
        for child in running.values():
            child.end()
            child.answer.close()


def _assist(settings: Settings, job: Job, rank: Mapping[str, str]) -> None:
    """Be a process that shares the work of a training; its first one speaks for it."""
    _settle(rank)
    assist(settings, job)


def _settle(rank: Mapping[str, str]) -> None:
    os.environ.update({"OMP_NUM_THREADS": "1", **os.environ, **rank})
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _train(settings: Settings, job: Job, rank: Mapping[str, str], answer: Connection) -> None:
    """Be the child: train, say how far it is in a file, answer once."""
    _settle(rank)
    job.folder.mkdir(parents=True, exist_ok=True)
    place = job.folder / "progress.json"

    last = -math.inf

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_SECONDS or progress.done == progress.of:
            last = time.monotonic()
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


def _said(job: Job) -> Progress | None:
    """Return what a training last said of itself, None before its first word."""
    try:
        return Progress(**json.loads((job.folder / "progress.json").read_text()))
    except (OSError, ValueError, TypeError):  # TypeError: the file of an older release
        return None


def _share(said: Progress | None, done: bool) -> float:  # noqa: FBT001 - private
    """Return the share of a job that is done; the two stages count alike."""
    if done or said is None:
        return float(done)
    share = said.done / max(1, said.of)
    return share / 2 if said.stage == PATCHES else 0.5 + share / 2
