"""Figures of many commits and machines: a JSON file for each, in one folder, ``drive-sim bench --history FOLDER``.

``scripts/figures/benchmark_history.py`` draws them.
"""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.bench.hardware import cores

SHARED_ABOVE = 0.25
"""A machine whose cores were already so busy on average did something else beside the measuring."""


def circumstances() -> dict[str, Any]:
    """What tells this measuring from others on the same machine: ``date``, ``commit``, ``load`` and ``shared``.

    ``load`` is how busy each core was before it, on average over a minute (1: one process all the time); None where the
    system does not say. Ask before anything is measured.
    """
    load = round(os.getloadavg()[0] / cores(), 2) if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "load": load,
        "shared": load is not None and load > SHARED_ABOVE,
    }


def commit(folder: Path = Path(__file__).parent) -> str:
    """The commit of the checkout that this package runs from, with ``-changed`` where files differ from it.

    Outside a checkout of its own it is the package's version.
    """

    def ask(*arguments: str) -> str:
        asked = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=20
        )
        return asked.stdout.strip()

    try:
        # A package that is installed inside another project's checkout is none of its files.
        ask("ls-files", "--error-unmatch", str(folder / "__init__.py"))
        name = ask("rev-parse", "--short=10", "HEAD")
        return f"{name}-changed" if ask("status", "--porcelain", "--untracked-files=no", str(folder.parent)) else name
    except (OSError, subprocess.SubprocessError):
        return __version__


def entry_path(folder: Path, here: dict[str, Any], when: dict[str, Any]) -> Path:
    """The file of a measuring: ``DATE-COMMIT-PROCESSOR.json``, the processor as `hardware.machine` names it."""
    name = re.sub(r"[^a-z0-9]+", "-", str(here["device"]).lower()).strip("-")
    return folder / f"{when['date']}-{when['commit']}-{name}.json"


def check_history(folder: Path | None) -> None:
    """Make the folder; InputError where that is impossible."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("--history", "", f"{folder}: {error.strerror}", "name a folder that can be made") from None
