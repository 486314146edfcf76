"""The worlds behind an environment: drawn, driven, sensed and judged together; what both environments share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import gymnasium
import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.notices import say_once
from drive_sim.compute.kernel import cuda_available, to_host
from drive_sim.sensors.registry import checked_names, sensor_names
from drive_sim.sensors.suite import SensorConfigs, SensorSuite
from drive_sim.world.events import event_names
from drive_sim.world.reward import Judge, Verdict
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import Scenario, load_scenario
from drive_sim.world.scenarios.schema import MOST_ACTORS
from drive_sim.world.simulator import CONTROL_PERIOD, Simulator, invalid_commands_notice
from drive_sim.world.state import EVENT_NAMES

if TYPE_CHECKING:
    from drive_sim.sensors.annotations.annotations import CameraAnnotations
    from drive_sim.sensors.camera.rig import CameraConfig
    from drive_sim.top_down import Screen

EPISODES = 2**31
"""Episodes are drawn by numbers below this."""
RENDER_MODES = ("human", "rgb_array")


class Worlds:
    """B worlds that are driven, sensed and judged together: what both environments wrap."""

    def __init__(
        self,
        count: int,
        scenario: str | Path | Scenario,
        split: str,
        sensors: Sequence[str],
        cameras: Sequence[CameraConfig | dict[str, Any]] | None,
        sensor_configs: SensorConfigs | None,
        on_failure: str,
        device: str,
        render_mode: str | None,
    ) -> None:
        _check(sensors, on_failure, device, render_mode)
        self.scenario = scenario if isinstance(scenario, Scenario) else load_scenario(str(scenario), split)
        self.count, self.device, self.on_failure = count, device, on_failure
        rig = None
        if cameras is not None and "camera" in sensors:
            from drive_sim.sensors.camera.rig import CameraRig

            rig = CameraRig.described(cameras)
        self.suite = SensorSuite(sensors, rig, device, sensor_configs, CONTROL_PERIOD)
        self.judge = Judge(count, device)
        self.simulator: Simulator | None = None

    @property
    def running(self) -> Simulator:
        """The simulator, once there is one."""
        if self.simulator is None:
            raise gymnasium.error.ResetNeeded("call reset before step or render")
        return self.simulator

    def start(self, episodes: dict[int, Episode]) -> None:
        """Begin the episodes in the worlds that they are given for; the first time in all."""
        if self.simulator is None or len(episodes) == self.count:
            ordered = [episodes[i] for i in range(self.count)]
            self.simulator = Simulator(ordered, self.device, self.on_failure, slots=MOST_ACTORS)
            self.suite.reset(self.simulator)
            return
        for index, episode in episodes.items():
            self.simulator.replace(index, episode)
        mask = np.zeros(self.count, bool)
        mask[list(episodes)] = True
        self.suite.reset(self.simulator, mask)

    def step(self, actions: NDArray[np.float32]) -> None:
        """One control step of all worlds that are not done; ``actions`` float32 (B, 2)."""
        self.running.step(actions)

    def look(self) -> tuple[dict[str, Any], Verdict]:
        """Observation, as `space` describes it with the world axis in front, and verdict; NumPy arrays.

        Those of the observation are its own, the next verdict may be written over this one.
        """
        readings = self.suite.sense(self.running)
        entries = {name: readings[name] for name in self.suite.sensors}
        if "camera" in entries:
            entries["camera"] = _camera_entry(entries["camera"], dict)
        if self.device != "cpu":
            entries = each_array(entries, to_host)
        return entries, self.judge.judge(self.running)

    def annotations(self) -> list[dict[str, CameraAnnotations]]:
        """Labels of the cameras' present images, by camera name for each world."""
        return self.suite.annotate(self.running)

    def space(self) -> gymnasium.spaces.Dict:
        """Observation space of one world: an entry for each sensor."""
        entries: dict[str, gymnasium.Space[Any]] = {}
        for name in self.suite.sensors:
            if name == "camera":
                assert self.suite.rig is not None
                images: dict[str, gymnasium.Space[Any]] = {
                    config.name: gymnasium.spaces.Box(0, 255, (config.height, config.width, 3), np.uint8)
                    for config in self.suite.rig.configs
                }
                entries[name] = _camera_entry(images, gymnasium.spaces.Dict)
            else:
                low, high = self.suite.others[name].bounds
                entries[name] = gymnasium.spaces.Box(low, high, dtype=low.dtype.type)
        return gymnasium.spaces.Dict(entries)


def _check(sensors: Sequence[str], on_failure: str, device: str, render_mode: str | None) -> None:
    """InputError for what does not exist."""
    if not checked_names(sensors):
        raise InputError("sensors", "", "names none", f"choose from {', '.join(sensor_names())}")
    if on_failure not in ("terminate", "reset_to_lane"):
        raise InputError("on_failure", on_failure, "is no way to go on", "give terminate or reset_to_lane")
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise InputError("render_mode", render_mode, "is no mode", f"give {', '.join(RENDER_MODES)} or None")
    if device not in ("cpu", "cuda"):
        raise InputError("device", device, "is no device", "give cpu or cuda")
    if device == "cuda" and not cuda_available():
        raise InputError("device", device, "finds no CUDA here", "give cpu, or see drive-sim doctor")


def checked(actions: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The actions as float32; ValueError for another shape."""
    array = np.ascontiguousarray(actions, np.float32)
    if array.shape != shape:
        raise ValueError(f"an action must have shape {shape}, not {array.shape}")
    return array


def tell_of_invalid_commands() -> None:
    """Tell, once, of actions that are not finite numbers."""
    say_once(invalid_commands_notice("the caller of step"))


def screen(batch: int, render_mode: str | None, frame_rate: float | None) -> Screen | None:
    """What draws the worlds; pygame is imported here, and only where there is something to draw."""
    if render_mode is None:
        return None
    try:
        from drive_sim.top_down import Screen
    except ModuleNotFoundError as error:
        if error.name != "pygame":
            raise
        raise InputError(
            "render_mode", render_mode, "needs pygame, which is not installed", "pip install drive-sim[window]"
        ) from None
    return Screen(batch, render_mode == "human", frame_rate)


def action_space() -> gymnasium.Space[NDArray[np.float32]]:
    """[steering, acceleration] of one world, each -1..1."""
    # Gymnasium types a box by all the numbers that it might have held.
    return cast(gymnasium.Space[NDArray[np.float32]], gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32))


def next_number(rng: np.random.Generator, options: dict[str, Any] | None) -> int:
    """Number of the next episode: the one asked for, or a draw."""
    if options and "episode" in options:
        return int(options["episode"])
    return int(rng.integers(EPISODES))


def _camera_entry(images: dict[str, Any], bundle: Any) -> Any:
    """One camera is an entry by itself, several are a bundle of entries by name."""
    return next(iter(images.values())) if len(images) == 1 else bundle(images)


def each_array(entries: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """The entries of an observation with every array changed, those of several cameras too."""
    return {
        name: each_array(entry, change) if isinstance(entry, dict) else change(entry) for name, entry in entries.items()
    }


@cache
def names_by_mask() -> NDArray[np.object_]:
    """The names of the events in every mask that there can be: tuples of str, by mask."""
    names = np.empty(2 * max(EVENT_NAMES), object)
    for mask in range(len(names)):
        names[mask] = event_names(mask)
    names.setflags(write=False)
    return names
