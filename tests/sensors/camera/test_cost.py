"""What docs/camera.md says an image costs is what the kept benchmark measured."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from drive_sim.bench import Effort
from drive_sim.world.scenarios.files import weather_domains


@pytest.fixture(scope="module")
def camera_cost(repository: Path) -> ModuleType:
    """The script that writes the table, as a module."""
    spec = importlib.util.spec_from_file_location("camera_cost", repository / "scripts" / "camera_cost.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def figures(camera_cost: ModuleType) -> dict:
    return json.loads(camera_cost.FIGURES.read_text(encoding="utf-8"))["figures"]


def test_the_page_holds_what_was_measured(camera_cost: ModuleType, figures: dict) -> None:
    page = camera_cost.PAGE.read_text(encoding="utf-8")
    assert page == camera_cost.replaced(page, camera_cost.table(figures)), "run python scripts/camera_cost.py"


def test_the_table_tells_of_every_weather_size_crowd_and_batch(camera_cost: ModuleType, figures: dict) -> None:
    shown = [[name for name, _ in camera_cost.costs(figures, keys, but)] for _, _, keys, but in camera_cost.COLUMNS]
    effort = Effort()
    assert shown == [
        list(weather_domains()),
        [f"{height}×{width}" for height, width in effort.images],
        [str(actors) for actors in effort.actors],
        [str(worlds) for worlds in effort.worlds],
    ]
