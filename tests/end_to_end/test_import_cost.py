"""Importing the package is cheap, and what is heavy or needs a display is imported when it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HEAVY = ("torch", "pygame", "matplotlib", "av", "tensorboard")


ROOT = Path(__file__).resolve().parents[2]


def imported_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after ``statement``."""
    program = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(answer.stdout.splitlines()[-1].split())


LIBRARIES = {*HEAVY, "cv2", "numba", "pyarrow", "rich", "scipy"}
"""What the package itself and the command's help do without."""


def test_importing_the_package_brings_no_library_but_gymnasium() -> None:
    assert imported_by("import drive_sim").isdisjoint({*LIBRARIES, "click", "pydantic"})


@pytest.mark.parametrize("arguments", [["--help"], ["evaluate", "--help"], ["data", "list"], ["evaluate", "--suite"]])
def test_the_command_line_answers_without_the_simulator(arguments: list[str]) -> None:
    """Help, and an argument that is missing."""
    assert imported_by(f"from drive_sim.cli.main import run; run({arguments})").isdisjoint(LIBRARIES)


def test_environments_and_the_loop_import_no_library_of_recording_reports_or_networks() -> None:
    modules = ("envs.drive_env", "envs.vector_env", "rollout", "sensors.suite", "drivers.planning.expert")
    statement = "; ".join(f"import drive_sim.{module}" for module in modules)
    assert imported_by(statement).isdisjoint({*HEAVY, "cv2", "pyarrow", "rich"})


def test_the_doctor_imports_nothing_that_records_or_draws() -> None:
    assert imported_by("from drive_sim.cli.main import run; run(['doctor'])").isdisjoint(
        {"matplotlib", "av", "tensorboard", "cv2", "pyarrow", "rich"}
    )


def test_what_is_heavy_would_be_seen() -> None:
    assert "pygame" in imported_by("import pygame")
