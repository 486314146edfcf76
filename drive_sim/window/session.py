"""A person's session: the order of its episodes, the driver, and what is kept. Needs no display."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.drivers.driver import Driver, cameras_of
from drive_sim.drivers.registry import DEVICES, make_driver
from drive_sim.recording.persistent import PersistentRecorder
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import Observer, Step, StopRollout, run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.events import event_names
from drive_sim.world.roads.csv_import import load_road
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import first_number, list_scenarios, load_scenario, scenario_for_road
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import EVENT_FINISH, EVENT_LANE_DEPARTURE, EVENT_OFF_CENTRE, EVENT_TIME_OUT

SCENARIO = "lane-keeping/rural"
"""Driven when nothing else is asked for."""
RECORDINGS = Path("recordings")
"""Where the window records without being told where."""
PASSING = EVENT_OFF_CENTRE | EVENT_LANE_DEPARTURE
"""Events that end nothing."""


def episode_source(road: str | None, scenario: str | None, seed: int) -> Callable[[int], Episode]:
    """``source(n)`` is the n-th episode of the session: of a road's file or class, or of a scenario.

    Raises
    ------
    InputError
        For a road or scenario that is not there or cannot be read.
    """
    if road is None:
        chosen = load_scenario(scenario or SCENARIO)
    elif Path(road).suffix or Path(road).exists():
        chosen = scenario_for_road(load_road(Path(road)), split="train")
    else:
        classes = [name.partition("/")[2] for name in list_scenarios("train", "lane-keeping")]
        if road not in classes:
            raise InputError("--road", "", f"{road!r} is neither a file nor a class", f"give {', '.join(classes)}")
        chosen = load_scenario(f"lane-keeping/{road}")
    # Sessions of different seeds share no episode before the thousandth.
    first = first_number(seed, apart=1000)
    return lambda number: chosen.draw(first + number)


@dataclass(frozen=True)
class Session:
    """What `drive` was asked for, resolved."""

    source: Callable[[int], Episode]
    driver: Driver
    cameras: tuple[CameraConfig, ...]
    record: Path | None
    minutes: float | None
    episodes: int | None

    @classmethod
    def plan(
        cls,
        road: str | None,
        scenario: str | None,
        driver: str,
        record: Path | None,
        minutes: float | None,
        episodes: int | None,
        seed: int,
        driver_options: Mapping[str, Any] | None = None,
    ) -> Session:
        """Resolve the arguments of ``drive-sim drive``; InputError for bad ones."""
        chosen = make_driver(driver, source="--driver", options=driver_options)
        source = episode_source(road, scenario, seed)
        return cls(source, chosen, cameras_of(chosen), record, minutes, episodes)

    def sensors(self) -> SensorSuite:
        """What the driver needs, the cameras that the window shows and the recording keeps, and the speedometer."""
        names = dict.fromkeys(("camera", "odometry", *self.driver.sensors))
        return SensorSuite(tuple(names), CameraRig(self.cameras))

    def recorder(self, path: Path) -> Recorder:
        """A recorder of this session into ``path``."""
        return Recorder(path, self.driver.name, camera_configs=self.cameras)


class DrivingTime(Observer):
    """Ends the session with the step in which so many minutes of driving are over."""

    def __init__(self, minutes: float | None) -> None:
        self.minutes, self.steps, self.over = minutes, 0, False

    def on_step(self, step: Step) -> None:
        """Count the step; `StopRollout` when the time is up."""
        self.steps += 1
        if self.minutes is not None:
            # Steps, not a sum of periods, whose rounding would add a step.
            self.over = self.steps >= self.minutes * 60.0 / step.simulator.control_period - 1e-6
            if self.over:
                raise StopRollout


def ended_by(simulator: Simulator) -> str:
    """Names of the events that ended the episode of world 0; empty where none did.

    A failure says more than what happened at the same moment.
    """
    events = int(simulator.state.events[0]) & ~PASSING
    failures = events & ~(EVENT_FINISH | EVENT_TIME_OUT)
    return ", ".join(event_names(failures or events))


def distance_and_time(simulator: Simulator) -> str:
    """How far world 0 has driven in which time, in words."""
    state = simulator.state
    return f"{float(state.progress[0]):.0f} m in {float(state.time[0]):.1f} s"


def drive_headless(session: Session, say: Callable[[str], Any] = lambda line: None) -> int:
    """Drive without a window, as fast as the machine goes; the number of episodes that the disk refused to record.

    Without a number of episodes or minutes, one episode is driven.
    """
    if session.driver.name in DEVICES:
        raise InputError(
            "--driver", "", f"{session.driver.name} needs a window", "leave --headless out, or name a driver"
        )
    clock = DrivingTime(session.minutes)
    last = session.episodes or (None if session.minutes else 1)
    recording = None if session.record is None else PersistentRecorder(session.recorder(session.record), say)
    observers: list[Any] = [clock] if recording is None else [recording, clock]
    number = 0
    while not clock.over and (last is None or number < last):
        simulator = Simulator([session.source(number)], on_failure="terminate")
        run(simulator, session.driver, observers, session.sensors())
        say(f"episode {number}: {distance_and_time(simulator)}, {ended_by(simulator) or 'stopped'}")
        number += 1
    return 0 if recording is None else recording.refused
