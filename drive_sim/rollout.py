"""The only closed loop: observe, decide, act, tell the observers.

Recording, measuring, drawing and pacing are observers; nothing of them is woven into the loop, and the loop knows
no clock but the stopwatch around each of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.notices import say_once
from drive_sim.compute.kernel import to_host
from drive_sim.drivers.driver import cameras_of
from drive_sim.sensors.suite import Observation, SensorSuite
from drive_sim.world.simulator import invalid_commands_notice

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver
    from drive_sim.world.simulator import Simulator


class StopRollout(Exception):  # noqa: N818 (a request, as StopIteration is; not an error)
    """Raised by a driver or an observer to end `run` early and in good order, as when a person closes the window."""


class StateBefore(NamedTuple):
    """NumPy copies of what the truth was when the driver looked; fields, shapes and units as `State`, which see."""

    step: Any
    time: Any
    x: Any
    y: Any
    yaw: Any
    speed: Any
    yaw_rate: Any
    slip_angle: Any
    steering: Any
    drive: Any
    acceleration_x: Any
    acceleration_y: Any
    pitch: Any
    roll: Any
    element: Any
    s: Any
    d: Any
    heading_error: Any
    curvature: Any
    progress: Any
    odometer: Any
    interventions: Any
    actor_x: Any
    actor_y: Any
    actor_yaw: Any
    actor_speed: Any
    actor_acceleration: Any
    actor_s: Any
    actor_d: Any
    actor_lateral_speed: Any


@dataclass(frozen=True, eq=False)
class Step:
    """One turn of the loop, as observers are told of it after the simulator has moved."""

    index: int
    """Turns since the reset, from 0."""
    observation: Observation
    """What the driver saw."""
    action: NDArray[np.float32]
    """(B, 2) [steering, acceleration]: what the driver did about it, or the simulator where that is not finite."""
    controller: str
    """`Driver.controller` of the driver that chose the action."""
    simulator: Simulator
    """Its ``state`` is the one after the step."""
    state_before: StateBefore
    """The truth at the time of the observation."""
    active: NDArray[np.bool_]
    """(B) worlds that were still driving when the driver looked; the others are frozen and mean nothing."""
    decision_time: float
    """Wall time the driver took [s], for all worlds together."""
    sensing_time: float = 0.0
    """Wall time the observation took [s]."""
    physics_time: float = 0.0
    """Wall time the simulator took to move the worlds [s]."""


class Observer:
    """Base of observers: does nothing. Any object with these methods will do."""

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """The worlds have been reset; ``observation`` is the first."""

    def on_step(self, step: Step) -> None:
        """The worlds have moved by one control period."""

    def on_finish(self, simulator: Simulator) -> None:
        """The loop ends: every world done, steps used up, stopped, or an error on its way out."""


def run(
    simulator: Simulator,
    driver: Driver,
    observers: Sequence[Any] = (),
    sensors: SensorSuite | Sequence[str] | None = None,
    max_steps: int | None = None,
) -> int:
    """Drive every world of the simulator from its start until all are done.

    Parameters
    ----------
    observers
        Objects with the methods of `Observer`, told in this order.
    sensors
        A suite, or names of sensors; by default those that the driver asks for. Name more where observers need them.
        A camera made for names is the driver's own (its ``camera``, with ``camera_faults``), where it has one.
    max_steps
        Control steps after which to stop in any case.

    Returns
    -------
    int
        Number of turns that everyone was told of.
    """
    if not isinstance(sensors, SensorSuite):
        sensors = _suite_for(simulator, driver, driver.sensors if sensors is None else sensors)
    simulator.reset()
    sensors.reset(simulator)
    if driver.privileged:
        cast(Any, driver).bind(simulator)
    driver.reset(simulator if driver.privileged else None, None, simulator.batch_size)
    observation, sensing_time = _look(sensors, simulator, None)
    index = 0
    started: list[Any] = []
    try:
        for observer in observers:
            started.append(observer)
            observer.on_reset(simulator, observation)
        while max_steps is None or index < max_steps:
            active = to_host(simulator.state.done) == 0
            if not active.any():
                break
            seen = observation, sensing_time
            observation, sensing_time = _turn(simulator, driver, observers, sensors, seen, active, index)
            index += 1
    except StopRollout:
        pass
    finally:
        # In their order; one that raises keeps no other from being told. The stack calls the last callback first.
        with ExitStack() as finishing:
            for observer in reversed(started):
                finishing.callback(observer.on_finish, simulator)
    return index


def _suite_for(simulator: Simulator, driver: Driver, names: Sequence[str]) -> SensorSuite:
    rig = None
    if "camera" in names:
        from drive_sim.sensors.camera.rig import CameraRig

        rig = CameraRig(cameras_of(driver))
    faults = getattr(driver, "camera_faults", None)
    return SensorSuite(names, rig, simulator.device, period=simulator.control_period, faults=faults)


def _turn(
    simulator: Simulator,
    driver: Driver,
    observers: Sequence[Any],
    sensors: SensorSuite,
    seen: tuple[Observation, float],
    active: NDArray[np.bool_],
    index: int,
) -> tuple[Observation, float]:
    """One turn of the loop on what was seen and how long that took; returns what is seen next."""
    observation, sensing_time = seen
    before = StateBefore(*(np.array(to_host(getattr(simulator.state, name))) for name in StateBefore._fields))
    counted = np.array(to_host(simulator.invalid_commands))
    started = perf_counter()
    action = driver.act(observation)
    decision_time = perf_counter() - started
    started = perf_counter()
    simulator.step(action)
    physics_time = perf_counter() - started
    refused = to_host(simulator.invalid_commands) > counted
    if refused.any():
        say_once(invalid_commands_notice(driver.name))
        action = np.where(refused[:, None], to_host(simulator.state.action), to_host(action))
    if observers:
        step = Step(
            index, observation, action, driver.controller, simulator, before, active, decision_time, sensing_time,
            physics_time,
        )  # fmt: skip
        for observer in observers:
            observer.on_step(step)
    # Worlds that are done cost neither an image nor a thought.
    still = to_host(simulator.state.done) == 0
    return _look(sensors, simulator, None if still.all() else still)


def _look(sensors: SensorSuite, simulator: Simulator, active: NDArray[np.bool_] | None) -> tuple[Observation, float]:
    """What the worlds of ``active`` look like, and the wall time that seeing it took [s]."""
    started = perf_counter()
    observation = sensors.observe(simulator, active)
    return observation, perf_counter() - started
