"""The folder of compiled kernels: where it is, and what else lies beside it.

Compiled code is valid for the libraries and the processor that it was made with, so each combination of them has a
folder of its own under `cache_root`, named by a hash of them, and another, ``-debug``, for code that checks itself. In
it each version of a module has a folder, named by the module and a hash of all sources that its compiled code depends
on (`drive_sim.compute.dependencies`).
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

from drive_sim.base.files import listed
from drive_sim.compute.debugging import debugging
from drive_sim.compute.dependencies import module_file, sources_digest

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
    """The folder for these libraries and this processor, which need not exist; None where there is no place."""
    root = cache_root()
    return None if root is None else root / f"{_libraries_hash()}{'-debug' if debugging() else ''}"


def module_folder(module: str, file: str) -> Path | None:
    """The folder of a module's compiled functions as its sources are now; None where there is no place."""
    folder = cache_folder()
    return None if folder is None else folder / f"{module}-{sources_digest(module, file)}"


def compiled_functions(folder: Path) -> list[Path]:
    """The files of compiled code below `cache_folder` that today's sources would use; none where it cannot be read."""
    try:
        return [path for each in listed(folder) if is_current(each) for path in listed(each, f"*{CODE}")]
    except OSError:
        return []


def is_current(folder: Path) -> bool:
    """Whether a module's folder is that of the module's present sources."""
    module, _, digest = folder.name.rpartition("-")
    file = module_file(module)
    return file is not None and digest == sources_digest(module, str(file))


def _libraries_hash() -> str:
    """Hash of what compiled code depends on beside sources: libraries, Python and processor."""
    processor = numba_config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
    versions = f"{numba.__version__} {llvmlite.__version__} {np.__version__} {sys.version} {processor}"
    return hashlib.sha256(versions.encode()).hexdigest()[:16]
