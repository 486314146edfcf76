"""Where the files lie that results were made from, so that they are found again from any working directory.

Results name a folder or file as it was typed, for people, and its path from the results' own folder, for programs:
results, models, roads and files of the user's own may then be moved or copied together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from drive_sim.base.errors import InputError
from drive_sim.base.references import sha256_of
from drive_sim.base.text import user_path
from drive_sim.evaluation.result_facts import FileFacts


def path_from(folder: Path, given: str | Path) -> str | None:
    """The path of ``given``, if there is such a folder, as seen from ``folder``; absolute on another Windows drive."""
    target = Path(given).expanduser()
    return _seen_from(folder, target) if target.is_dir() else None


def file_facts(folder: Path | None, file: str | Path, sha256: str | None = None) -> FileFacts:
    """What results in ``folder`` say of a file of the user's own; its hash is computed where it is not given."""
    path = user_path(file)
    seen = None if folder is None else _seen_from(folder, path)
    return FileFacts(file=str(file), path=seen, sha256=sha256 or sha256_of(path))


def find_file(folder: Path, facts: FileFacts, source: str, field: str) -> Path:
    """The file that results in ``folder`` are about.

    Raises
    ------
    InputError
        About ``field`` of ``source``: it is gone, or another one by now.
    """
    found = [path for path in candidates(folder, facts.path, facts.file) if path.is_file()]
    for path in found:
        if sha256_of(path) == facts.sha256:
            return path
    problem = f"has changed since it was scored: {found[0]}" if found else f"is gone: {facts.file}"
    raise InputError(source, field, problem, "restore it, or evaluate again")


def _seen_from(folder: Path, target: Path) -> str:
    try:
        return PurePath(os.path.relpath(target.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive, to which no relative path leads
        return target.resolve().as_posix()


def candidates(folder: Path, path: str | None, given: str) -> Iterator[Path]:
    """Where what results in ``folder`` name ``path`` and ``given`` may lie, the most certain first."""
    if path is not None:
        yield Path(os.path.normpath(folder / path))
    yield Path(given).expanduser()
