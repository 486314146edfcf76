"""Plain roads and episodes, and draws of the bundled scenarios, for tests of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from drive_sim.world.ego.vehicle import acceleration_command, steering_command
from drive_sim.world.roads.road import Road, chain_arcs
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.scenarios.scenario import SPLITS, list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_SIZE


def _road(curvature: float | np.ndarray = 0.0, length: int = 600, **fields: Any) -> Road:
    """A two-lane road, 4 m paved to each side of its line, of the given curvature; circles close on themselves."""
    curvatures = np.broadcast_to(np.asarray(curvature, float), (length,)).copy()
    closed = fields.get("closed", False)
    step = 2.0 * np.pi / abs(float(curvature)) / length if closed else 1.0
    x, y, heading = chain_arcs(curvatures, step)
    values: dict[str, Any] = {
        "name": "test",
        "road_class": "rural",
        "closed": False,
        "step": step,
        "x": x,
        "y": y,
        "heading": heading,
        "curvature": curvatures,
        "paved_left": np.full(length, 4.0),
        "paved_right": np.full(length, 4.0),
        "lane_width": 3.5,
        "lanes_forward": 1,
        "lanes_backward": 1,
        "speed_limit": 25.0,
    }
    return Road(**{**values, **fields})


def _actor(s: float, d: float, kind: int = ACTOR_CAR, **fields: Any) -> ActorSpec:
    """A road user of the usual size at (s, d)."""
    length, width, height = ACTOR_SIZE[kind]
    return ActorSpec(**{**dict(kind=kind, length=length, width=width, height=height, start_s=s, start_d=d), **fields})


def _episode(road: Road, *actors: ActorSpec, friction: float = 1.0, **fields: Any) -> Episode:
    """A long drive in the right lane that starts at 20 m/s, 50 m into the road."""
    values: dict[str, Any] = {
        "scenario": "test",
        "split": "test",
        "number": 0,
        "seed": 1,
        "road": road,
        "weather": WeatherSpec(friction=friction),
        "actors": actors,
        "start_s": 50.0,
        "start_speed": 20.0,
        "route_length": 1e6,
        "time_limit": 1e6,
        "speed_limit": 20.0,
    }
    return Episode(**{**values, **fields})


@pytest.fixture
def make_road() -> Callable[..., Road]:
    return _road


@pytest.fixture
def make_actor() -> Callable[..., ActorSpec]:
    return _actor


@pytest.fixture
def make_episode() -> Callable[..., Episode]:
    return _episode


def _keep_lane(simulator: Simulator, speed: float | None = None) -> np.ndarray:
    """Actions that keep the ego of each world in its lane, at a speed [m/s] or rolling."""
    state, world, car = simulator.state, simulator.world, simulator.vehicle
    actions = np.zeros((simulator.batch_size, 2), np.float32)
    for i in range(simulator.batch_size):
        offset, now = state.d[i] - world.lane_centre[i], state.speed[i]
        curvature = state.curvature[i] / (1.0 - state.curvature[i] * state.d[i])
        wanted = curvature - 0.01 * offset - 0.15 * state.heading_error[i] / max(now / 10.0, 1.0)
        actions[i, 0] = steering_command(car, wanted, now)
        if speed is not None:
            actions[i, 1] = acceleration_command(car, speed - now, now)
    return actions


@pytest.fixture
def keep_lane() -> Callable[..., np.ndarray]:
    return _keep_lane


@pytest.fixture(scope="session")
def episodes() -> dict[tuple[str, str], list[Episode]]:
    """A dozen draws of every bundled scenario, by split and name, but of those that others prescribe."""
    return {
        (split, name): [scenario.draw(number) for number in range(12)]
        for split in SPLITS
        for name in list_scenarios(split)
        if not name.startswith(("alks", "ncap"))
        for scenario in [load_scenario(name, split)]
    }
