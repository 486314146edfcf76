"""Plain roads and drives for tests of drivers, and a closed loop that keeps the history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drive_sim.drivers.registry import make_driver
from drive_sim.sensors.suite import Observation, SensorSuite
from drive_sim.world.roads.road import COLOUR_WHITE, STYLE_DASHED, STYLE_SOLID, Boundary, Road, chain_arcs
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_SIZE

LANE = -1.75
"""Middle of the right lane [m]."""


class Drive:
    """What happened: arrays (T, B, ...) of the state's fields as the driver saw them, and actions (T, B, 2)."""

    def __init__(self, simulator: Simulator, driver: Any, seconds: float) -> None:
        self.simulator, self.driver = simulator, driver
        sensors = SensorSuite(driver.sensors)
        if driver.privileged:
            driver.bind(simulator)
        driver.reset(simulator if driver.privileged else None, None, simulator.batch_size)
        sensors.reset(simulator)
        history: dict[str, list[Any]] = {name: [] for name in simulator.state._fields}
        actions = []
        for _ in range(round(seconds / simulator.control_period)):
            if np.all(simulator.state.done):
                break
            observation = sensors.observe(simulator) if driver.sensors else Observation(simulator.state.time)
            action = driver.act(observation)
            for name, values in history.items():
                values.append(np.array(getattr(simulator.state, name)))
            actions.append(action)
            simulator.step(action)
        self.actions = np.array(actions)
        self.history = {name: np.array(values) for name, values in history.items()}

    def __getattr__(self, name: str) -> Any:
        return self.history[name]

    @property
    def offset(self) -> Any:
        """(T, B) distance left of the lane's centre [m]."""
        return self.history["d"] - self.simulator.world.lane_centre

    @property
    def events(self) -> Any:
        """(B) all events that ever happened."""
        return np.array(self.simulator.state.events_ever)


def _road(curvature: Any = 0.0, length: int = 800, **fields: Any) -> Road:
    """A marked two-lane road with 4.5 m paved to each side, of the given curvature by metre."""
    curvatures = np.broadcast_to(np.asarray(curvature, float), (length,)).copy()
    x, y, heading = chain_arcs(curvatures, 1.0)
    lines = ((-3.5, STYLE_SOLID), (0.0, STYLE_DASHED), (3.5, STYLE_SOLID))
    values: dict[str, Any] = dict(
        name="test", road_class="rural", closed=False, step=1.0, x=x, y=y, heading=heading, curvature=curvatures,
        paved_left=4.5, paved_right=4.5, lane_width=3.5, lanes_forward=1, lanes_backward=1, speed_limit=15.0,
        boundaries=tuple(Boundary(offset, style, COLOUR_WHITE, 0.15) for offset, style in lines),
    )  # fmt: skip
    values |= fields
    for side in ("paved_left", "paved_right"):
        values[side] = np.full(length, values[side])
    return Road(**values)


def _actor(s: float, d: float, kind: int = ACTOR_CAR, **fields: Any) -> ActorSpec:
    length, width, height = ACTOR_SIZE[kind]
    return ActorSpec(**{**dict(kind=kind, length=length, width=width, height=height, start_s=s, start_d=d), **fields})


def _episode(road: Road, *actors: ActorSpec, friction: float = 1.0, **fields: Any) -> Episode:
    values: dict[str, Any] = dict(
        scenario="test", split="test", number=0, seed=7, road=road, weather=WeatherSpec(friction=friction),
        actors=actors, start_s=20.0, start_speed=13.0, route_length=road.length - 60.0, time_limit=300.0,
        speed_limit=15.0,
    )  # fmt: skip
    return Episode(**{**values, **fields})


@pytest.fixture
def make_road() -> Any:
    return _road


@pytest.fixture
def make_actor() -> Any:
    return _actor


@pytest.fixture
def make_episode() -> Any:
    return _episode


@pytest.fixture
def drive() -> Any:
    """``drive(driver's name or driver, episodes, seconds=30.0, on_failure="terminate")``."""

    def run(driver: Any, *episodes: Episode, seconds: float = 30.0, on_failure: str = "terminate") -> Drive:
        if isinstance(driver, str):
            driver = make_driver(driver)
        return Drive(Simulator(list(episodes), on_failure=on_failure), driver, seconds)

    return run
