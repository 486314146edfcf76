"""What an evaluation writes, tried before anything is driven: folders, files and names.

Driving takes minutes to hours. A problem that is certain beforehand is told beforehand.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from drive_sim.base.errors import InputError

PAGE_NAME = "report.html"
COMPARISON_PAGES = "report-vs-*.html"


def check_folder(folder: Path, files: Iterable[str], source: str = "--output") -> Path:
    """Make the folder, and make sure that it and ``files`` in it can be written; returns the folder.

    Raises
    ------
    InputError
        about ``source``, if they cannot.
    """
    hint = "name a folder that can be written"
    if folder.exists() and not folder.is_dir():
        raise InputError(source, "", f"{folder} is a file", "name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _probe(folder)
    except (OSError, ValueError) as error:
        raise InputError(source, "", f"{folder} cannot be written to ({_told(error)})", hint) from None
    for name in files:
        if (folder / name).is_dir():
            raise InputError(source, "", f"{folder / name} is a folder", f"name a folder without a folder {name}")
    return folder


def check_file(file: Path, source: str) -> None:
    """Make sure that the file can be written later, without making it.

    Raises
    ------
    InputError
        about ``source``, if it cannot.
    """
    if file.is_dir():
        raise InputError(source, "", f"{file} is a folder", "name a file")
    try:
        _probe(file.parent)
        if file.exists():
            file.open("ab").close()
    except (OSError, ValueError) as error:
        raise InputError(source, "", f"{file} cannot be written ({_told(error)})", "name another file") from None


def _probe(folder: Path) -> None:
    """Make a file in the folder and remove it; OSError if the folder cannot be written to."""
    probe = folder / f".drive-sim-{os.getpid()}"
    probe.touch()
    probe.unlink()


def _told(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def check_names(given: dict[str, Iterable[str | Path]]) -> None:
    """Make sure that results can hold the names, ``given`` by the argument that they come from.

    Raises
    ------
    InputError
        for a name that is not UTF-8, which no JSON file and no page can hold.
    """
    for source, names in given.items():
        for name in map(str, names):
            if not is_text(name):
                shown = name.encode("utf-8", "backslashreplace").decode("ascii", "backslashreplace")
                raise InputError(source, "", f"{shown} is not UTF-8", "rename it, or link to it by another name")


def is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
