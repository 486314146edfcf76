"""Odd environments of the command: a home that cannot be written, variables that cannot be what they are set to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drive_sim.compute.cache import cache_root

SHORT = ("drive", "--headless", "--driver", "straight", "--minutes", "0.02")


def drive(folder: Path, repository: Path, unset: tuple[str, ...] = (), **variables: str) -> tuple[int, str, str]:
    """Exit status, output and errors of a short drive."""
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, "-m", "drive_sim", *SHORT], env={**kept, "PYTHONPATH": str(repository), **variables},
        cwd=folder, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="home folders by HOME")
def test_driving_needs_no_home_that_can_be_written(tmp_path: Path, repository: Path) -> None:
    root = cache_root()
    assert root is not None
    (tmp_path / "home").touch()
    (tmp_path / "caches" / "drive_sim").mkdir(parents=True)
    (tmp_path / "caches" / "drive_sim" / "numba").symlink_to(root)  # else it compiles for a minute
    variables = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "caches")}
    code, output, errors = drive(tmp_path, repository, ("DRIVE_SIM_CACHE",), **variables)
    assert (code, output[:11]) == (0, "episode 0: ")
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DRIVE_SIM_DEBUG", "yes", "is 'yes'; set 1 to check kernels, 0 or nothing to run them at full speed"),
        ("DRIVE_SIM_THREADS", "many", "'many' is no number of threads; set 1 or more, or unset it"),
        ("NUMBA_DISABLE_JIT", "1",
         "kernels do not run uncompiled; unset it; DRIVE_SIM_DEBUG=1 finds what is wrong in a kernel"),
    ],
)  # fmt: skip
def test_a_variable_that_cannot_be_is_told_in_one_line(
    tmp_path: Path, repository: Path, variable: str, value: str, told: str
) -> None:
    assert drive(tmp_path, repository, **{variable: value}) == (2, "", f"drive-sim: {variable}: {told}\n")
