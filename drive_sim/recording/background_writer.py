"""A bounded, ordered background queue: calls are made by a thread of its own, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any


class BackgroundQueue:
    """Calls that are made one after the other while the caller goes on.

    Parameters
    ----------
    most
        Calls that may be waiting or under way when ``do`` returns; 0: it makes each itself.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._thread: ThreadPoolExecutor | None = None
        self._calls: deque[Future[Any]] = deque()

    def do(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Call ``work`` after all that was given before; raises what an earlier call raised, and forgets the rest."""
        if self._most == 0:
            work(*arguments)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="drive_sim_recording")
        self._calls.append(self._thread.submit(work, *arguments))
        self._wait(self._most)

    def settle(self) -> None:
        """Wait until everything is done; raises what a call raised, and forgets the later ones."""
        try:
            self._wait(0)
        finally:
            thread, self._thread = self._thread, None
            if thread is not None:
                thread.shutdown()

    def _wait(self, most: int) -> None:
        while len(self._calls) > most:
            try:
                self._calls.popleft().result()
            except BaseException:
                left = [call for call in self._calls if not call.cancel()]
                self._calls.clear()
                wait(left)
                raise
