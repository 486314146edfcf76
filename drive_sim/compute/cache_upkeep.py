"""Contents of the cache of compiled kernels, and removal of old code.

The cache is shared by all versions, checkouts and processes of a user. A folder's time of modification says when it was
last used (`mark_used`). Where a new folder is made, old ones beside it are removed (`remove_old`); a process that still
uses one has its code in memory, and compiles again what it does not find.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_sim.compute.cache import CODE, cache_folder, cache_root, is_current

KEPT = 5
"""So many versions are kept, however long ago they were used."""
KEPT_TIME = 7 * 86_400.0
"""And all that were used within so long [s]."""
MARKED_EVERY = 3600.0
"""A folder in use is marked again after so long [s]."""
_OURS = re.compile(r"(.+-)?[0-9a-f]{16}(-debug)?")
"""Names of the cache's folders. Anything named otherwise belongs to the user and stays."""
_REMOVED = re.compile(r"[0-9a-f]{32}\.removed")
"""Names of folders that are being removed, or were when their process ended."""


@dataclass(frozen=True)
class Contents:
    """How much lies in some folders."""

    functions: int = 0
    """Files of compiled code."""
    size: int = 0
    """Of all files [bytes]."""

    def __add__(self, other: Contents) -> Contents:
        return Contents(self.functions + other.functions, self.size + other.size)


def mark_used(folder: Path) -> None:
    """Note that a folder is in use, at most once in `MARKED_EVERY`; nothing where it is absent or read only."""
    with contextlib.suppress(OSError):
        if time.time() - folder.stat().st_mtime > MARKED_EVERY:
            os.utime(folder)


def remove_old(made: Path) -> None:
    """Remove what is old beside a module's folder that has just been made: versions of that module, other libraries'.

    The `KEPT` that were used last stay, and all that were used within `KEPT_TIME`. Whatever cannot be removed stays.
    """
    module = made.name.rpartition("-")[0]
    libraries = made.parent
    _remove_older(libraries, [each for each in _folders(libraries) if each.name.rpartition("-")[0] == module])
    # The first module of these libraries.
    if len(list(_folders(libraries))) == 1:
        _remove_older(libraries.parent, list(_folders(libraries.parent)))


def _remove_older(place: Path, folders: Sequence[Path]) -> None:
    """Keep of the folders in ``place`` those that `remove_old` keeps; remove the others, and what is half removed."""
    with contextlib.suppress(OSError):
        for path in place.iterdir():
            if _REMOVED.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
    by_use = sorted(((last_used(folder), folder) for folder in folders), reverse=True)
    for used, folder in by_use[KEPT:]:
        # Asked again: a process may have begun to use it meanwhile.
        if time.time() - max(used, last_used(folder)) > KEPT_TIME:
            remove(folder)


def last_used(folder: Path) -> float:
    """When a folder, or one in it, was last used [s since 1970]; 0 where it is not there."""
    return max(map(_modified, (folder, *_folders(folder))))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # another process has removed it: it must not count among those that are kept
    except OSError:
        return time.time()


def remove(folder: Path) -> bool:
    """Remove a folder of the cache, all at once for other processes; False where it cannot be."""
    gone = folder.with_name(f"{uuid.uuid4().hex}.removed")
    try:
        folder.rename(gone)
    except OSError:
        return not folder.exists()
    shutil.rmtree(gone, ignore_errors=True)
    return not gone.exists()


def survey() -> tuple[Contents, Contents]:
    """What of the cache today's version uses, and what else there is: other versions', other libraries'."""
    current, every = (sum(map(contents, folders), Contents()) for folders in (current_folders(), all_folders()))
    return current, Contents(every.functions - current.functions, every.size - current.size)


def current_folders() -> list[Path]:
    """The modules' folders that today's sources use."""
    folder = cache_folder()
    return [] if folder is None else [each for each in _folders(folder) if is_current(each)]


def all_folders() -> list[Path]:
    """The libraries' folders, which hold everything."""
    root = cache_root()
    return [] if root is None else list(_folders(root))


def contents(folder: Path) -> Contents:
    """Number of functions and size of a folder of the cache, with the modules' folders in it."""
    found = sum(map(contents, _folders(folder)), Contents())
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.is_file():
                found += Contents(int(path.suffix == CODE), path.stat().st_size)
    return found


def _folders(folder: Path) -> Iterator[Path]:
    """The cache's own folders in a folder; none where it cannot be read."""
    with contextlib.suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path.is_dir())
