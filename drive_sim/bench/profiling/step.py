"""The stages of a step of the closed loop: network, simulator, sensors one by one, observers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.bench.episodes import ACTORS, Batch, among_actors, expert_actions
from drive_sim.bench.figures import Effort
from drive_sim.bench.profiling.parts import step_in_parts
from drive_sim.bench.profiling.stages import Profile, Stopwatch, stage
from drive_sim.compute.kernel import threads
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SENSOR_NAMES, SensorSuite
from drive_sim.world.simulator import RESET_TO_LANE, Simulator

PARTS = {
    "ego": "simulator: ego",
    "traffic": f"simulator: traffic, {ACTORS} actors",
    "events": "simulator: events",
}
"""Of the simulator's kernel, in words; their time comes from a batch, in which a kernel's start costs nothing."""
STAGES = {
    "network": "network: PilotNet, one image",
    **PARTS,
    "camera": "sensor: camera 66×200",
    **{name: f"sensor: {name}" for name in SENSOR_NAMES if name != "camera"},
    "recorder": "observer: recorder, PNG",
    "log": "observer: evaluation's log",
}
"""Stages of a step by key, in words."""
WHAT = f"a step of the closed loop: 1 world, {ACTORS} actors, all sensors, a network, a recorder and a log; 1 thread"


class Rehearsed:
    """A driver that asks a network and then does what the expert did, so that the car stays on the road.

    Parameters
    ----------
    ask
        The network's ``act``; None: there is no network.
    actions
        float32 (steps, B, 2): what to do in each step.
    """

    name, privileged, controller, sensors = "rehearsed", False, "model", SENSOR_NAMES

    def __init__(self, ask: Callable[[Any], Any] | None, actions: NDArray[np.float32]) -> None:
        self._ask, self._actions = ask, iter(actions)

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """Nothing to forget: each drives one episode."""

    def act(self, observation: Any) -> NDArray[np.float32]:
        """The expert's next action."""
        if self._ask is not None:
            self._ask(observation)
        return next(self._actions)


class Clock:
    """An observer that stands first and last, and so sees when the first step begins and the last one ends.

    ``begin`` is called when the first step begins.
    """

    def __init__(self, begin: Callable[[], None]) -> None:
        self._begin = begin
        self._begun = 0.0
        self.seconds = 0.0
        """Between the two [s]."""

    def on_reset(self, *_: Any) -> None:
        """The other observers have been told, when it is called for the second time."""
        self._begin()
        self._begun = perf_counter()

    def on_step(self, *_: Any) -> None:
        """Steps are not told apart."""

    def on_finish(self, *_: Any) -> None:
        """No other observer has been told yet, when it is called for the first time."""
        self.seconds = self.seconds or perf_counter() - self._begun


def profile_step(device: str, effort: Effort) -> Profile:
    """Stages of a step, in wall time."""
    network, skipped = _network(device)
    names = [name for name in STAGES if name != "network" or network is not None]
    found: list[dict[str, float]] = []
    with threads(1), _one_torch_thread(network is not None):
        # The first repeat compiles and fills caches.
        for _ in range(effort.repeats + 1):
            plain = _drive_all(device, effort, network, None)["whole"]
            found.append(_drive_all(device, effort, network, Stopwatch(device)) | _parts(device, effort))
            found[-1]["plain"] = plain
    times = {name: [each[name] for each in found[1:]] for name in (*names, "whole", "plain")}
    return Profile(
        "step",
        WHAT,
        tuple(stage(f"step.{name}", STAGES[name], times[name]) for name in names),
        stage("step.whole", "whole", times["whole"]),
        (stage("step.plain", "the whole without clocks around its stages", times["plain"]),),
        skipped,
    )


@contextmanager
def _one_torch_thread(wanted: bool) -> Iterator[None]:
    """Let torch compute on the calling thread alone while the block runs."""
    if not wanted:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _network(device: str) -> tuple[Any, tuple[str, ...]]:
    """A network that is asked for its action, and why there is none."""
    from drive_sim.bench.deciding import wheel

    try:
        return wheel(device), ()
    except ModuleNotFoundError as error:
        return None, (f"network: {error.name} is not installed; pip install 'drive-sim[learn]'",)


def _drive_all(device: str, effort: Effort, network: Any, watch: Stopwatch | None) -> dict[str, float]:
    """Time of a step [s] on average over all episodes, as a whole and by stage; without a watch as a whole only."""
    steps, total = 0, dict.fromkeys(("whole", *(STAGES if watch else ())), 0.0)
    for number in range(effort.episodes):
        clock = Clock(watch.clear if watch else lambda: None)
        with TemporaryDirectory() as folder:
            steps += _drive(device, effort, number, network, watch, clock, Path(folder) / "dataset")
        total["whole"] += clock.seconds
        for name, seconds in (watch.seconds if watch else {}).items():
            total[name] += seconds
    return {name: seconds / steps for name, seconds in total.items()}


def _drive(
    device: str, effort: Effort, number: int, network: Any, watch: Stopwatch | None, clock: Clock, dataset: Path
) -> int:
    """Steps of one episode, recorded into ``dataset`` and logged, with a watch on each stage."""
    from drive_sim.evaluation.logs.rollout_log import RolloutLog
    from drive_sim.recording.recorder import Recorder

    simulator = Simulator([among_actors().draw(number)], device, RESET_TO_LANE)
    rig = CameraRig((CameraConfig(),))
    suite = SensorSuite(SENSOR_NAMES, rig, device)
    recorder, log = Recorder(dataset, "rehearsed", camera_configs=rig.configs), RolloutLog()
    ask = network.act if network is not None else None
    if watch is not None:
        ask = watch.timed("network", ask) if ask else None
        watch.attach("camera", rig, "render_each")
        for name, sensor in suite.others.items():
            watch.attach(name, sensor, "sense")
        watch.attach("recorder", recorder, "on_step")
        watch.attach("log", log, "on_step")
    driver = Rehearsed(ask, expert_actions(effort.episodes, effort.steps)[:, number : number + 1])
    return run(simulator, driver, [clock, recorder, log, clock], suite, max_steps=effort.steps)


def _parts(device: str, effort: Effort) -> dict[str, float]:
    """Time of each part of the simulator's kernel [s] for a world and step of a batch."""
    watch = Stopwatch(device)
    batch = Batch(0, effort.batch, device, effort.episodes, effort.steps)
    step = step_in_parts(batch.simulator, watch.timed)
    for action in batch.actions:
        step(action)
    return {part: watch.seconds[part] / (effort.batch * len(batch.actions)) for part in PARTS}
