"""Importing the package is cheap, and what is heavy or needs a display is imported when it is used."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "pygame", "matplotlib", "av", "tensorboard")


ROOT = Path(__file__).resolve().parents[2]


def imported_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after ``statement``."""
    program = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(answer.stdout.split())


def test_importing_the_package_brings_nothing_heavy() -> None:
    assert imported_by("import drive_sim").isdisjoint(HEAVY)


def test_the_command_line_answers_without_the_simulator() -> None:
    statement = "from drive_sim.cli.main import run; run(['evaluate', '--suite'])"
    assert imported_by(statement).isdisjoint({*HEAVY, "numba", "scipy", "pyarrow", "cv2", "rich"})


def test_what_is_heavy_would_be_seen() -> None:
    assert "pygame" in imported_by("import pygame")
