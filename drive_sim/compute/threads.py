"""The thread pool of CPU loops, made on first use and kept until its size changes."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from drive_sim.base.errors import InputError

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux keeps the limits of containers and jobs."""


@functools.cache
def usable_cores() -> int:
    """Number of processor cores that affinity and the quota of its control group leave to this process."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _quota())))


def _quota() -> float:
    """Cores' worth of time that the process's control group and those above it allow; infinite without a limit."""
    limits = [math.inf]
    with suppress(OSError, ValueError):
        group = next(line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
        folder = CGROUPS / group.removeprefix("0::").strip("/")
        # Inside a container the group's name may be the host's, which is not visible: then the root's limit counts.
        places = [place for place in (folder, *folder.parents) if place.is_relative_to(CGROUPS)]
        limits += [_limit(place / "cpu.max") for place in places]
    with suppress(OSError, ValueError):  # control groups of the first version
        folder = CGROUPS / "cpu"
        quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        limits.append(quota / period if quota > 0 else math.inf)
    return min(limits)


def _limit(file: Path) -> float:
    """Cores' worth of time in a file ``cpu.max``, which holds a quota (or "max") and a period, both in µs."""
    try:
        quota, period = file.read_text().split()
        return math.inf if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def _configured() -> int:
    """Threads that ``DRIVE_SIM_THREADS`` asks for; without it, or with 0, one for each usable core.

    Raises
    ------
    InputError
        It is no whole number of at least 0.
    """
    given = os.environ.get("DRIVE_SIM_THREADS", "").strip()
    if given and not (given.isascii() and given.isdecimal() and len(given) <= 6):
        raise InputError("DRIVE_SIM_THREADS", "", f"{given!r} is no number of threads", "set 1 or more, or unset it")
    return int(given or "0") or usable_cores()


class _Pool:
    """Threads for CPU loops; compiled loops release the GIL."""

    def __init__(self) -> None:
        self._threads = 0
        self._executor: ThreadPoolExecutor | None = None
        self._pid = 0

    @property
    def threads(self) -> int:
        # Not at import, which must not fail because of a wrong variable.
        if not self._threads:
            self._threads = _configured()
        return self._threads

    def executor(self) -> ThreadPoolExecutor:
        # A forked child inherits the object but not its threads.
        if self._executor is None or self._pid != os.getpid():
            self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix="drive_sim")
            self._pid = os.getpid()
        return self._executor

    def resize(self, count: int) -> None:
        self._threads, self._executor = count, None


_POOL = _Pool()


def thread_count() -> int:
    """How many threads CPU loops use.

    Raises
    ------
    InputError
        ``DRIVE_SIM_THREADS`` is no number of threads.
    """
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
