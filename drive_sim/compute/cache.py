"""The folder of compiled kernels: where it is, and how its folders are named.

Compiled code is valid for the libraries and the processor that it was made with, so each combination of them has a
folder of its own under `cache_root`, named by a hash of them, and another, ``-debug``, for code that checks itself. In
it each version of a module has a folder, named by the module and a hash of all sources that its compiled code depends
on (`drive_sim.compute.dependencies`).
"""

from __future__ import annotations

import errno
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

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.compute.debugging import debugging
from drive_sim.compute.dependencies import module_file, sources_digest

VARIABLE = "DRIVE_SIM_CACHE"
CODE = ".nbc"
"""How the names of files with compiled code end."""


def cache_root() -> Path | None:
    """The folder that holds the kernel caches of all versions; None where the user has no place for caches.

    ``DRIVE_SIM_CACHE`` names it; without that it is a part of the user's cache folder.

    Raises
    ------
    InputError
        ``DRIVE_SIM_CACHE`` names no folder that kernels can be kept in or loaded from.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        return _named_root(given)
    try:
        place = platformdirs.user_cache_path("drive_sim", appauthor=False)
    except RuntimeError:  # pathlib raises it where there is no home folder
        return None
    # platformdirs keeps "~" where there is no home folder, and accepts a relative XDG_CACHE_HOME.
    return place / "numba" if place.is_absolute() else None


def _named_root(given: str) -> Path:
    """The folder in the one that the user names, made where it is not there; InputError if it is not usable."""
    hint = "set it to a folder that can be written, or unset it"
    try:
        root = Path(given).expanduser().absolute() / "numba"
        root.mkdir(parents=True, exist_ok=True)
        usable = os.access(root, os.W_OK | os.X_OK) or any(root.iterdir())
    except RuntimeError:
        raise InputError(VARIABLE, given, "names the home folder of a user that is unknown", hint) from None
    except OSError as error:
        # On a full disk the folder is the right one; that nothing is kept is told when code is saved.
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return root
        raise InputError(VARIABLE, given, str(error.strerror), hint) from None
    if not usable:
        raise InputError(VARIABLE, given, "is empty and cannot be written", hint)
    return root


@functools.cache
def cache_folder() -> Path | None:
    """The folder for these libraries and this processor, which need not exist; None where there is no place.

    Raises
    ------
    InputError
        As `cache_root`.
    """
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
