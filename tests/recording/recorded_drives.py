"""Drives made up from a seed: a stand-in for the simulator whose every number is known, quick and without a camera.

Run as a program it is the recording that gets killed: it forks a child for each line on its standard input, which
records one episode after the other until it is killed.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import StateBefore, Step
from drive_sim.sensors.suite import Observation
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.roads.road import Boundary, Road
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.state import ACTOR_CONE, EVENT_FINISH, empty_state

ACTORS = 3
CAMERAS = {"front": (6, 10), "left": (4, 8)}


class Crash(BaseException):
    """The end of the process, as far as the code under test can tell."""


def straight_road(length: int = 600) -> Road:
    """A straight road along x."""
    flat, side = np.zeros(length), np.full(length, 4.0)
    lines = (Boundary(-3.5, 1), Boundary(3.5, 2, colour=1, width=0.2))
    x = np.arange(length) / 3.0
    return Road("test", "rural", False, 1 / 3, x, flat, flat, flat, side, side, 3.5, 1, 1, 20.0, boundaries=lines)


def make_episode(number: int, scenario: str = "lane-keeping/rural") -> Episode:
    """An episode with one cone on the road."""
    cone = ActorSpec(ACTOR_CONE, 0.4, 0.4, 0.75, start_s=40.0 + 1 / 3, start_d=-1.0)
    weather = WeatherSpec("fog", fog_visibility=80.0 + 1 / 7)
    return Episode(scenario, "train", number, 7 + number, straight_road(), weather, (cone,), start_speed=0.1 + 0.2)


def make_simulator(worlds: int = 1, actors: int = ACTORS, period: float = 0.05, first: int = 0) -> Any:
    """Something with a simulator's attributes that stands still."""
    return SimpleNamespace(
        state=empty_state(worlds, actors),
        episodes=[make_episode(first + world) for world in range(worlds)],
        batch_size=worlds,
        control_period=period,
        vehicle=BMW_320I,
        device="cpu",
    )


def shuffle_state(state: Any, seed: int, step: int) -> None:
    """Fill a state with numbers that depend on seed and step alone; no world is done."""
    rng = np.random.default_rng((seed, step))
    for name, array in zip(state._fields, state, strict=True):
        array[...] = rng.normal(0.0, 10.0, array.shape) if array.dtype.kind == "f" else rng.integers(0, 9, array.shape)
        if name == "done":
            array[...] = 0
    state.step[:] = step


def images(seed: int, step: int, worlds: int = 1, cameras: dict[str, tuple[int, int]] = CAMERAS) -> dict[str, Any]:
    """The images of a step: noise that depends on seed and step alone."""
    rng = np.random.default_rng((seed, step, 1))
    return {name: rng.integers(0, 256, (worlds, *shape, 3), np.uint8) for name, shape in cameras.items()}


def command(seed: int, step: int, worlds: int = 1) -> Any:
    """The action of a step."""
    return np.random.default_rng((seed, step, 2)).uniform(-1, 1, (worlds, 2)).astype(np.float32)


def drive(recorder: Recorder, simulator: Any, steps: int, seed: int, **options: Any) -> list[Any]:
    """Let the recorder see ``steps`` steps as `rollout.run` would; the states at the observations."""
    worlds = simulator.batch_size
    cameras, readings = options.get("cameras", CAMERAS), options.get("readings", lambda step: {})
    shuffle_state(simulator.state, seed, 0)
    first = Observation(simulator.state.time.copy(), images(seed, 0, worlds, cameras), added=readings(0))
    recorder.on_reset(simulator, first)
    states = []
    for step in range(steps):
        active = simulator.state.done == 0
        states.append(type(simulator.state)(*(array.copy() for array in simulator.state)))
        before = StateBefore(*(getattr(simulator.state, name).copy() for name in StateBefore._fields))
        shown = images(seed, step, worlds, cameras)
        observation = Observation(simulator.state.time.copy(), shown, added=readings(step))
        shuffle_state(simulator.state, seed, step + 1)
        for world, last in options.get("done_after", {}).items():
            simulator.state.done[world] = step + 1 >= last
            simulator.state.events[world] = EVENT_FINISH if step + 1 == last else 0
        action, controller = command(seed, step, worlds), options.get("controller", "human")
        recorder.on_step(Step(step, observation, action, controller, simulator, before, active, 0.0))
        options.get("after_step", lambda step: None)(step)
    return states


def record(path: Path, steps: int, seed: int, **options: Any) -> list[Any]:
    """Record one made-up episode into a dataset; the states at the observations."""
    settings = {name: options.pop(name) for name in ("encoding", "provenance") if name in options}
    recorder = Recorder(path, driver="test", wall_clock=lambda: 1.7e9 + seed, **settings)
    simulator = make_simulator(first=seed)
    states = drive(recorder, simulator, steps, seed, **options)
    recorder.on_finish(simulator)
    return states


def record_for_ever(path: Path, progress: Path, run: int) -> None:
    """Record episodes of 1 to 60 steps; write down every step as soon as it is recorded."""
    rng = np.random.default_rng(run)
    log = os.open(progress, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for episode in count():
        seed, steps = 1000 * run + episode, int(rng.integers(1, 60))

        def note(step: int, seed: int = seed) -> None:
            os.write(log, f"{seed} {step + 1}\n".encode())

        record(path, steps, seed, after_step=note, provenance={"test_seed": seed})
        os.write(log, f"{seed} finished\n".encode())


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            record_for_ever(Path(sys.argv[1]), Path(sys.argv[2]), int(line))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()
