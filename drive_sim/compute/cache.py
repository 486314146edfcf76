"""The folder of compiled kernels: where it is, and what else lies beside it.

Compiled code is valid for the sources, libraries and processor that it was made with, so each combination has a folder
of its own, named by a hash of them. The folders lie side by side under `cache_root`.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from pathlib import Path

import llvmlite
import llvmlite.binding
import numba
import numpy as np
import platformdirs
from numba.core import config as numba_config

KERNEL_FOLDERS = ("compute", "world", "sensors", "drivers", "learning")
"""Folders with whatever compiled code can call or take a constant from; the rest may change without compiling anew."""

CODE = ".nbc"
"""How the names of files with compiled code end."""


def cache_root() -> Path | None:
    """The folder that holds the kernel caches of all versions; None where the user has no place for caches.

    ``DRIVE_SIM_CACHE`` names it; without that it is a part of the user's cache folder.
    """
    given = os.environ.get("DRIVE_SIM_CACHE", "").strip()
    if given and not given.startswith("~"):
        return Path(given).absolute() / "numba"
    try:
        place = Path(given).expanduser() if given else platformdirs.user_cache_path("drive_sim", appauthor=False)
    except RuntimeError:  # pathlib's word for: no home
        return None
    # platformdirs leaves the home as "~" where there is none.
    return place / "numba" if place.is_absolute() else None


@functools.cache
def cache_folder() -> Path | None:
    """The folder of this version's kernels on this machine, which need not exist; None where there is no place."""
    root = cache_root()
    return None if root is None else root / _version_hash()


def compiled_functions(folder: Path) -> list[Path]:
    """The files of compiled code in a cache folder; none where it does not exist or cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == CODE)
    except OSError:
        return []


def _version_hash() -> str:
    """Hash of all that compiled code depends on: sources, libraries, Python and processor."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for folder in KERNEL_FOLDERS:
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    processor = numba_config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
    digest.update(f"{numba.__version__} {llvmlite.__version__} {np.__version__} {sys.version} {processor}".encode())
    return digest.hexdigest()[:16]
