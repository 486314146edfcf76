"""Locks between processes, which a process loses when it ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

ASKED_EVERY = 0.02
"""Time between two attempts to take a lock that is not waited for without end [s]."""


class Lock:
    """An exclusive lock that its process loses when it dies; the file holds the process id, to read.

    Parameters
    ----------
    path
        The lock's file; it stays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def acquire(self, patience: float | None = None) -> bool:
        """Take the lock as soon as no other process holds it; returns whether it is taken.

        Parameters
        ----------
        patience
            The longest wait [s]; None waits without end.

        Raises
        ------
        OSError
            The file cannot be made, or its file system has no locks.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            taken = _taken(descriptor, patience)
        except BaseException:
            os.close(descriptor)
            raise
        if not taken:
            os.close(descriptor)
            return False
        # A full disk refuses it; the lock holds without.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return True

    def held(self) -> bool:
        """Whether a living process holds it, this one included. Nothing is written: the disk may be read-only."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            # Processes that only ask share the lock, so that none takes another for one that writes.
            return not _locked(descriptor, wait=False, shared=True)
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        if self._descriptor >= 0:
            if sys.platform != "win32":
                # Closing is not enough where a child process was forked meanwhile: it has the open file too.
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = -1


def _taken(descriptor: int, patience: float | None) -> bool:
    """Lock an open file, alone, after waiting for at most ``patience`` [s]; whether that succeeded."""
    if patience is None:
        # Windows gives up waiting after a while.
        while not _locked(descriptor, wait=True):
            pass
        return True
    last = time.monotonic() + patience
    while not _locked(descriptor, wait=False):
        if time.monotonic() > last:
            return False
        time.sleep(ASKED_EVERY)
    return True


def _locked(descriptor: int, wait: bool, shared: bool = False) -> bool:
    """Lock an open file, alone or shared, after waiting or at once; whether that succeeded."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True
