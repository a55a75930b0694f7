"""Where the demo plays: its people with their tokens, and the time that each step takes."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bootstrap.clock import utc_now
from bootstrap.credentials import issue_token
from bootstrap.storage import Storage
from cli.demo.readers import Actor
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, password_digest

PEOPLE: dict[str, Role] = {
    "resident-1": Role.READER,
    "resident-2": Role.READER,
    "resident-3": Role.READER,
    "resident-4": Role.READER,
    "senior-1": Role.SENIOR,
    "senior-2": Role.SENIOR,
    "reviewer-1": Role.REVIEWER,
    "reviewer-2": Role.REVIEWER,
    "auditor": Role.AUDITOR,
    "scanner": Role.DEVICE,
}
PASSWORD = "overread-demo"  # noqa: S105 - of simulated people in a demo folder, printed on the screen


@dataclass
class Clock:
    """Seconds by step, and the bars that show them going by."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, said: str) -> Iterator[None]:
        """Time one step and say when it is done."""
        start = time.monotonic()
        yield
        took = time.monotonic() - start
        self.seconds[name] = round(self.seconds.get(name, 0.0) + took, 2)
        self.console.print(f"{took:7.1f} s  {said}", highlight=False)

    @contextmanager
    def bar(self, said: str, total: int) -> Iterator["Bar"]:
        """Show a progress bar while something goes on (on a terminal)."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            yield Bar(progress, progress.add_task(said, total=total))


@contextmanager
def beside() -> Iterator[ThreadPoolExecutor]:
    """Let somebody act while the story goes on; where it fails, nobody waits for them: their server ends."""
    pool = ThreadPoolExecutor(1)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


class Bar:
    """One progress bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def step(self, by: int = 1) -> None:
        """Move on."""
        self._progress.advance(self._task, by)


def hire(storage: Storage, folder: Path) -> dict[str, str]:
    """Make one account and one token for every person of the demo; the tokens are kept in the folder."""
    place = folder / "tokens.json"
    now, tokens = utc_now(), dict[str, str]()
    digest = password_digest(PASSWORD)
    for name, role in PEOPLE.items():
        tokens[name] = issue_token(storage, PersonKey(name), role, now=now)
    tokens["operator"] = issue_token(storage, PersonKey("operator"), Role.OPERATOR, now=now)
    with storage.work() as work:
        for name in tokens:
            if name != "scanner":
                work.people.set_password(PersonKey(name), digest)
        work.commit()
    place.touch(mode=0o600)
    place.write_text(json.dumps(tokens, indent=1))
    return tokens


def actors(base: str, tokens: dict[str, str]) -> dict[str, Actor]:
    """Return everybody, ready to call."""
    return {name: Actor(base, name, token) for name, token in tokens.items()}
