"""The threads that CPU loops are spread over; made on first use, kept until their number changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


class _Pool:
    """Threads for CPU loops; compiled loops release the GIL."""

    def __init__(self) -> None:
        self.threads = max(1, int(os.environ.get("DRIVE_SIM_THREADS", "0")) or (os.cpu_count() or 1))
        self._executor: ThreadPoolExecutor | None = None
        self._pid = 0

    def executor(self) -> ThreadPoolExecutor:
        # A forked child inherits the object but not its threads.
        if self._executor is None or self._pid != os.getpid():
            self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix="drive_sim")
            self._pid = os.getpid()
        return self._executor

    def resize(self, count: int) -> None:
        self.threads, self._executor = count, None


_POOL = _Pool()


def thread_count() -> int:
    """How many threads CPU loops use."""
    return _POOL.threads


def set_threads(count: int) -> None:
    """Use ``count`` threads for CPU loops from now on (also settable as ``DRIVE_SIM_THREADS``)."""
    if count < 1:
        raise ValueError(f"threads must be at least 1, not {count}")
    _POOL.resize(count)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use ``count`` threads for CPU loops inside a ``with`` block."""
    before = thread_count()
    set_threads(count)
    try:
        yield
    finally:
        set_threads(before)


def loop_threads() -> ThreadPoolExecutor:
    """The threads of CPU loops, for other work that releases the GIL; that work must not run a kernel."""
    return _POOL.executor()
