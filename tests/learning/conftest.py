"""Two short episodes of the expert, recorded as learning sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_sim.drivers.registry import make_driver
from drive_sim.learning.views.episodes import SourceEpisode, source_episodes
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two lanes kept and one obstacle met, 6 s each."""
    path = tmp_path_factory.mktemp("learning") / "dataset"
    names = ("lane-keeping/rural", "lane-keeping/urban", "obstacle-avoidance/parked-car")
    simulator = Simulator([load_scenario(name).draw(0) for name in names])
    config = CameraConfig()
    sensors = SensorSuite(("camera",), CameraRig([config]))
    run(simulator, make_driver("expert"), [Recorder(path, "expert", camera_configs=(config,))], sensors, max_steps=120)
    return path


@pytest.fixture(scope="session")
def episodes(dataset: Path) -> list[SourceEpisode]:
    """The same as views are drawn from them."""
    return source_episodes(Dataset.open(dataset))
