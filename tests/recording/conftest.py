"""Recorded drives to test with, and a reader as strict as LeRobot's."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from recorded_drives import Crash, record


@pytest.fixture(autouse=True)
def _no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to the disk only matters when the power goes, which no test can do, and takes most of the time."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda descriptor: None, raising=False)


@pytest.fixture(scope="session")
def _three_episodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "dataset"
    for seed, steps in enumerate((12, 7, 20)):
        record(path, steps, seed)
    return path


@pytest.fixture
def dataset_path(_three_episodes: Path, tmp_path: Path) -> Path:
    """A dataset of three episodes with 12, 7 and 20 steps and two cameras, for this test alone."""
    return shutil.copytree(_three_episodes, tmp_path / "dataset")


@pytest.fixture
def crash_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``crash_at(k)``: the k-th renaming of a file from now on (from 0) fails as if the process had ended there."""
    real = os.replace

    def arm(k: int) -> None:
        calls = iter(range(k + 1))

        def replace(source: Path, target: Path) -> None:
            if next(calls, k) == k:
                raise Crash
            real(source, target)

        monkeypatch.setattr(os, "replace", real if k < 0 else replace)

    return arm
