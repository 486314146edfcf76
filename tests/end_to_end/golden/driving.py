"""Cases of driving: episodes as they are drawn, states of drivers, readings of sensors, environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

import drive_sim  # noqa: F401 (registers the environments)
from drive_sim.drivers.registry import make_driver
from drive_sim.rollout import Observer, Step, run
from drive_sim.sensors.suite import SENSOR_NAMES
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import State
from tests.end_to_end.golden.entries import Entries, Entry, image_entry, values_entry

STEPS = 500
"""Control steps that the expert drives each scenario, or to the episode's end."""
DRAWS = 2
"""Episodes of each scenario."""
SUMMARY = ("x", "y", "yaw", "speed", "s", "d", "progress", "odometer", "step", "events_ever", "actor_s", "actor_d")
"""Fields of a state in the statistics, summed over the actors."""


def state_entry(state: State, world: int, actors: int) -> Entry:
    """The state of one world, its empty actor slots left out."""
    row = {
        name: array[world, :actors] if name.startswith("actor_") else array[world]
        for name, array in zip(state._fields, state, strict=True)
    }
    return values_entry(*row.values(), summary=[np.sum(row[name]) for name in SUMMARY])


def episode_entry(simulator: Simulator, world: int) -> Entry:
    """What was drawn: road, weather, actors and start of one world."""
    episode, drawn_world = simulator.episodes[world], simulator.world
    road = [getattr(episode.road, field.name) for field in fields(episode.road)]
    arrays = [value for value in road if isinstance(value, np.ndarray)]
    arrays += [array[world] for array in drawn_world.weather]
    arrays += [array[world, : len(episode.actors)] for array in drawn_world.actors]
    arrays += [getattr(drawn_world, name)[world] for name in drawn_world._fields if name not in _NOT_DRAWN]
    return values_entry(*arrays, summary=[episode.start_s, episode.start_speed, episode.route_length, len(arrays)])


_NOT_DRAWN = ("road", "weather", "actors")
"""Fields of a world that are the place in the batch, or tuples of arrays."""


def states(split: str, suite: str) -> Entries:
    """Episodes of every scenario of a suite as they are drawn, and their states after `STEPS` steps of the expert."""
    scenarios = [load_scenario(name, split) for name in list_scenarios(split, suite)]
    simulator = Simulator([scenario.draw(draw) for scenario in scenarios for draw in range(DRAWS)])
    names = [f"{episode.scenario}-{episode.number}" for episode in simulator.episodes]
    entries = {f"{name}/episode": episode_entry(simulator, world) for world, name in enumerate(names)}
    run(simulator, make_driver("expert"), max_steps=STEPS)
    for world, (name, episode) in enumerate(zip(names, simulator.episodes, strict=True)):
        entries[f"{name}/state"] = state_entry(simulator.state, world, len(episode.actors))
    return entries


def driven(drivers: Sequence[str], steps: int) -> Entries:
    """States after some steps of programmed drivers."""
    names = ("lane-keeping/rural", "lane-keeping/urban", "obstacle-avoidance/mixed", "obstacle-avoidance/slow-lead")
    entries = {}
    for driver in drivers:
        simulator = Simulator([load_scenario(name).draw(1) for name in names], on_failure="reset_to_lane")
        run(simulator, make_driver(driver), max_steps=steps)
        for world, (name, episode) in enumerate(zip(names, simulator.episodes, strict=True)):
            entries[f"{driver}/{name}"] = state_entry(simulator.state, world, len(episode.actors))
    return entries


class Readings(Observer):
    """Keeps what the sensors other than the camera read."""

    def __init__(self) -> None:
        self.kept: dict[str, list[NDArray[Any]]] = {name: [] for name in SENSOR_NAMES if name != "camera"}

    def on_step(self, step: Step) -> None:
        for name, readings in self.kept.items():
            readings.append(np.array(getattr(step.observation, name)))


def sensors() -> Entries:
    """Readings of every sensor but the camera over a drive of five seconds."""
    names = ("obstacle-avoidance/mixed", "obstacle-avoidance/oncoming-traffic", "lane-keeping/mountain")
    simulator, readings = Simulator([load_scenario(name).draw(2) for name in names]), Readings()
    run(simulator, make_driver("expert"), [readings], tuple(readings.kept), max_steps=100)
    return {name: values_entry(np.stack(kept)) for name, kept in readings.kept.items()}


def environments() -> Entries:
    """Observations, rewards and the rendered map of the Gymnasium environments."""
    single = gymnasium.make(
        "DriveSim-v0", scenario="obstacle-avoidance/parked-car", sensors=("camera", "odometry"), render_mode="rgb_array"
    )
    observation, _ = single.reset(seed=5)
    rewards = []
    for step in range(60):
        observation, reward, _, _, info = single.step(np.array([0.02 * np.sin(0.2 * step), 0.3], np.float32))
        rewards.append(reward)
    truth = [value for value in info.values() if isinstance(value, float | int)]
    entries = {
        "single/rewards": values_entry(np.array(rewards)),
        "single/truth": values_entry(np.array(truth, float)),
        "single/camera": image_entry(observation["camera"]),
        "single/map": image_entry(single.render()),
    }
    single.close()
    batch = gymnasium.make_vec("DriveSim-v0", num_envs=4, scenario="lane-keeping/rural", sensors=("imu", "lidar"))
    batch.reset(seed=5)
    for _ in range(100):
        observation, reward, terminated, _, _ = batch.step(np.tile(np.array([0.1, 0.4], np.float32), (4, 1)))
    entries["batch/observation"] = values_entry(observation["imu"], observation["lidar"])
    entries["batch/rewards"] = values_entry(reward, terminated)
    batch.close()
    return entries
