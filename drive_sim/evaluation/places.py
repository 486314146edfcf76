"""Where the files lie that results were made from, so that they are found again from any working directory.

Results name a folder as it was typed, for people, and its path from the results' own folder, for programs: results,
models and roads may then be moved or copied together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath


def path_from(folder: Path, given: str | Path) -> str | None:
    """The path of ``given``, if there is such a folder, as seen from ``folder``; absolute on another Windows drive."""
    target = Path(given).expanduser()
    if not target.is_dir():
        return None
    try:
        return PurePath(os.path.relpath(target.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive, to which no relative path leads
        return target.resolve().as_posix()


def candidates(folder: Path, path: str | None, given: str) -> Iterator[Path]:
    """Where what results in ``folder`` name ``path`` and ``given`` may lie, the most certain first."""
    if path is not None:
        yield Path(os.path.normpath(folder / path))
    yield Path(given).expanduser()
