"""A parked car that is passed, recorded to its end."""

from __future__ import annotations

import pytest

from drive_sim.drivers.registry import make_driver
from drive_sim.learning.views.episodes import SourceEpisode, source_episodes
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator


@pytest.fixture(scope="session")
def parked(tmp_path_factory: pytest.TempPathFactory) -> SourceEpisode:
    """12 s of the expert, without images."""
    path = tmp_path_factory.mktemp("rounds") / "parked"
    simulator = Simulator([load_scenario("obstacle-avoidance/parked-car").draw(0)])
    run(simulator, make_driver("expert"), [Recorder(path, "expert")], max_steps=240)
    return source_episodes(Dataset.open(path))[0]
