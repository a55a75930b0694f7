"""How long work shows that it goes on: a bar on a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.settings import say

EVERY = 250  # things done between two lines, where nobody knows how many there are
_TENTHS = 10


@contextmanager
def progress(
    what: str, *, total: float | None = None, every: int = EVERY
) -> Iterator[Callable[[float], None]]:
    """Yield a function that takes how much is done so far, of `total` where that is known."""
    if not sys.stderr.isatty():
        yield _lines(what, total, every)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(what, total=total)
        yield lambda done: bars.update(bar, completed=done)


def _lines(what: str, total: float | None, every: int) -> Callable[[float], None]:
    """Return what writes a line at each tenth of a known total, else whenever `every` more are done."""
    told = 0

    def tell(done: float) -> None:
        nonlocal told
        step = int(done // every) if total is None else int(_TENTHS * done / total)
        if step > told:
            told = step
            say(f"{what}: {step * every} done" if total is None else f"{what}: {step * _TENTHS} %")

    return tell
