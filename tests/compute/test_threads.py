"""Loops are spread over threads where that pays: not for a few worlds without a camera, but for a thousand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import gymnasium
import numpy as np
import pytest

from drive_sim.bench.episodes import among_actors
from drive_sim.compute import kernel
from drive_sim.drivers.planning.expert import ExpertDriver
from drive_sim.rollout import run
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[ThreadPoolExecutor]:
    """Grows by one with each loop, or part of one, that is given to another thread."""
    calls: list[ThreadPoolExecutor] = []
    real = kernel.loop_threads

    def asked() -> ThreadPoolExecutor:
        calls.append(real())
        return calls[-1]

    monkeypatch.setattr(kernel, "loop_threads", asked)
    return calls


def states(worlds: int, steps: int, threads: int) -> list[np.ndarray]:
    """The state of so many worlds after driving straight."""
    drawn = [among_actors().draw(number) for number in range(8)]
    with kernel.threads(threads):
        simulator = Simulator([drawn[world % 8] for world in range(worlds)], on_failure="reset_to_lane")
        for _ in range(steps):
            simulator.step(np.tile(np.float32([0.0, 0.3]), (worlds, 1)))
    return [np.array(array) for array in simulator.state]


@pytest.mark.slow
def test_a_step_of_sixty_four_worlds_without_a_camera_stays_on_its_thread(handed_over: list[object]) -> None:
    sensors = ("imu", "gnss", "odometry")
    worlds = gymnasium.make_vec("DriveSim-v0", num_envs=64, scenario=among_actors(), sensors=sensors)
    with kernel.threads(2):
        worlds.reset(seed=0)
        for _ in range(3):
            worlds.step(np.zeros((64, 2), np.float32))
    assert handed_over == []


def test_a_few_worlds_are_driven_by_the_expert_on_one_thread(handed_over: list[object]) -> None:
    episodes = [load_scenario("obstacle-avoidance/mixed").draw(number) for number in range(16)]
    with kernel.threads(2):
        run(Simulator(episodes), ExpertDriver(), max_steps=3)
    assert handed_over == []


def test_a_thousand_worlds_are_shared_and_end_up_in_the_same_states(handed_over: list[object]) -> None:
    alone = states(1000, 5, threads=1)
    assert handed_over == []
    together = states(1000, 5, threads=2)
    assert len(handed_over) >= 5
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("sensor", ["camera", "lidar", "radar"])
@pytest.mark.slow
def test_what_takes_long_is_shared_for_sixty_four_worlds(handed_over: list[object], sensor: str) -> None:
    simulator = Simulator([among_actors().draw(number % 4) for number in range(64)])
    with kernel.threads(2):
        SensorSuite((sensor,)).observe(simulator)
    assert handed_over != []
