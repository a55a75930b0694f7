"""Writes that wait at the same time share one transaction, and one sync to disk makes all of them durable."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

from overread.store.failures import FAILURES
from overread.store.unit_of_work import UnitOfWork

T = TypeVar("T")
_Waiting = tuple[Callable[[UnitOfWork], Any], "Future[Any]"]


class GroupCommit:
    """Takes writes from many threads; whoever's turn it is writes for all that wait by then, in their order.

    No write suffers from another's error: where one fails, nothing of the group is kept and each is done
    alone. So a write must be one that can be done again after it was undone.
    """

    def __init__(self, work: Callable[[], UnitOfWork]) -> None:
        self._work = work
        self._waiting: deque[_Waiting] = deque()
        self._turn = Lock()

    def write(self, act: Callable[[UnitOfWork], T]) -> T:
        """Do one write and return what it returns, once it is durable; it must not commit itself."""
        answer: Future[T] = Future()
        self._waiting.append((act, answer))
        with self._turn:
            if not answer.done():
                self._commit([self._waiting.popleft() for _ in range(len(self._waiting))])
        return answer.result()

    def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            with self._work() as work:
                done = [act(work) for act, _ in group]
                work.commit()
        except BaseException as error:  # whatever it is, nobody may wait for ever
            if len(group) > 1 and not isinstance(error, FAILURES):
                for each in group:
                    self._commit([each])
            else:  # an error of its own, or the database is away, for everybody
                for _, answer in group:
                    answer.set_exception(error)
            return
        for (_, answer), value in zip(group, done, strict=True):
            answer.set_result(value)
