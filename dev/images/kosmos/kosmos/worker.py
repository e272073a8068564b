"""A thread with a name and a queue."""

import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Callable, TypeVar

Result = TypeVar("Result")


class Worker:
    """Does what it is handed, one after the other."""

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[tuple[Callable[[], object], Future]] = SimpleQueue()
        # A daemon, so that the program can end while the thread is stuck.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How much it was handed that it has not begun."""
        return self._tasks.qsize()

    def submit(self, task: Callable[[], Result]) -> "Future[Result]":
        future: Future[Result] = Future()
        self._tasks.put((task, future))
        return future

    def _run(self) -> None:
        while True:
            task, future = self._tasks.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(task())
            except BaseException as error:
                future.set_exception(error)
