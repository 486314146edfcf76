"""Gymnasium environments: `DriveEnv` and its batch, `DriveVectorEnv`, registered as ``DriveSim-v0``.

Both are thin wrappers of the same worlds: a batch of B on one `Simulator`. World i of a batch goes through the very
numbers that `DriveEnv` with the same seed goes through. Reward and end of an episode: `drive_sim.world.reward`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from drive_sim.errors import InputError
from drive_sim.kernel import cuda_available, to_host
from drive_sim.sensors.observation import SENSOR_NAMES, SensorConfigs, SensorSuite
from drive_sim.world.episode import Episode
from drive_sim.world.reward import Judge, Truth, Verdict
from drive_sim.world.scenario import Scenario, load_scenario
from drive_sim.world.scenario_schema import MOST_ACTORS
from drive_sim.world.simulator import CONTROL_PERIOD, Simulator
from drive_sim.world.state import EVENT_NAMES

if TYPE_CHECKING:
    from drive_sim.sensors.annotations import CameraAnnotations
    from drive_sim.sensors.camera import CameraConfig
    from drive_sim.top_down import Screen

EPISODES = 2**31
"""Episodes are drawn by numbers below this."""
RENDER_MODES = ("human", "rgb_array")


class _Worlds:
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
            from drive_sim.sensors.camera import CameraRig

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
            entries = _each_array(entries, to_host)
        return entries, self.judge.judge(self.running)

    def annotations(self) -> list[dict[str, CameraAnnotations]]:
        """Labels of the cameras' present pictures, by camera name for each world."""
        return self.suite.annotate(self.running)

    def space(self) -> gymnasium.spaces.Dict:
        """Observation space of one world: an entry for each sensor."""
        entries: dict[str, gymnasium.Space[Any]] = {}
        for name in self.suite.sensors:
            if name == "camera":
                assert self.suite.rig is not None
                pictures: dict[str, gymnasium.Space[Any]] = {
                    config.name: gymnasium.spaces.Box(0, 255, (config.height, config.width, 3), np.uint8)
                    for config in self.suite.rig.configs
                }
                entries[name] = _camera_entry(pictures, gymnasium.spaces.Dict)
            else:
                low, high = self.suite.others[name].bounds
                entries[name] = gymnasium.spaces.Box(low, high, dtype=np.float32)
        return gymnasium.spaces.Dict(entries)


class DriveEnv(gymnasium.Env[dict[str, Any], NDArray[np.float32]]):
    """One car on the roads of a scenario.

    Action: ``Box([-1, -1], [1, 1])`` float32, [steering, acceleration]; left and throttle positive.
    Observation: a ``Dict`` with an entry for each sensor: ``camera`` uint8 (H, W, 3) (a ``Dict`` by camera name where
    there are several, each of its own size), ``lidar``, ``radar``, ``imu``, ``gnss``, ``odometry`` float32 as in
    `drive_sim.sensors.observation`.
    ``info`` carries the truth: the fields of `drive_sim.world.reward.Truth`, ``events`` and ``events_so_far`` (names),
    ``interventions`` and ``episode`` (number of the draw).

    Parameters
    ----------
    scenario
        Name such as ``lane-keeping/rural``, path of a scenario file, or a `Scenario`.
    split
        train, validation or test.
    sensors
        Names out of `SENSOR_NAMES`; only these are evaluated.
    cameras
        Any number of cameras on the car, as `CameraConfig` or a dict of its fields, each with a name, size, mount and
        optics of its own; one 200 x 66 front camera by default.
    sensor_configs
        How the other sensors err.
    on_failure
        "terminate": a failure ends the episode; "put_back": the car goes back to its lane, and the drive goes on.
    render_mode
        None, "rgb_array" (`render` returns the top-down view, uint8 (600, 800, 3)) or "human" (shown in a window as
        the environment steps).
    frame_rate
        In "human" mode, wait so that no more than so many pictures a second are shown; None: do not wait.
    device
        "cpu" or "cuda".

    Raises
    ------
    InputError
        For a scenario, sensor, mode or device that does not exist, and for a camera that cannot be.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": round(1.0 / CONTROL_PERIOD)}  # noqa: RUF012

    def __init__(
        self,
        scenario: str | Path | Scenario = "lane-keeping/rural",
        split: str = "train",
        sensors: Sequence[str] = SENSOR_NAMES,
        cameras: Sequence[CameraConfig | dict[str, Any]] | None = None,
        sensor_configs: SensorConfigs | None = None,
        on_failure: str = "terminate",
        render_mode: str | None = None,
        frame_rate: float | None = None,
        device: str = "cpu",
    ) -> None:
        self._worlds = _Worlds(1, scenario, split, sensors, cameras, sensor_configs, on_failure, device, render_mode)
        self.render_mode = render_mode
        self.observation_space: gymnasium.spaces.Dict = self._worlds.space()
        self.action_space = _action_space()
        self._number = -1
        self._screen = _screen(1, render_mode, frame_rate)

    @property
    def simulator(self) -> Simulator:
        """The simulator behind the environment: a batch of one."""
        return self._worlds.running

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode: one drawn from the seed, or number ``options["episode"]`` of the scenario."""
        super().reset(seed=seed)
        self._number = _next_number(self.np_random, options)
        self._worlds.start({0: self._worlds.scenario.draw(self._number)})
        observation, info, _ = self._look()
        return observation, info

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Drive one control step of 0.05 s."""
        self._worlds.step(_checked(action, (2,)).reshape(1, 2))
        observation, info, verdict = self._look()
        ends = bool(verdict.terminated[0]), bool(verdict.truncated[0])
        return observation, float(verdict.reward[0]), *ends, info

    def _look(self) -> tuple[dict[str, Any], dict[str, Any], Verdict]:
        entries, verdict = self._worlds.look()
        simulator = self._worlds.running
        state, names = simulator.state, _event_names()
        info: dict[str, Any] = dict(zip(Truth._fields, verdict.truth[0].tolist(), strict=True))
        info["events"] = names[to_host(state.events)[0]]
        info["events_so_far"] = names[to_host(state.events_ever)[0]]
        info["interventions"] = int(to_host(state.interventions)[0])
        info["episode"] = self._number
        if self._screen is not None:
            self._screen.follow(simulator)
        return _each_array(entries, _first), info, verdict

    def render(self) -> NDArray[np.uint8] | None:
        """The top-down view, uint8 (H, W, 3); in "human" mode None, as the window has been drawn already."""
        if self._screen is None:
            gymnasium.logger.warn("render was called without a render_mode; give render_mode='rgb_array'")
            return None
        if self.render_mode == "human":
            self._worlds.running  # noqa: B018 (raises before the first reset)
            return None
        return self._screen.picture(self._worlds.running, 0)

    def annotations(self) -> dict[str, CameraAnnotations]:
        """What the cameras see now, by camera name: boxes of road users, lane boundaries, class, depth and instance.

        They belong to the pictures of the last observation, and are made when asked for: `step` costs the same
        whether or not this is ever called. Through wrappers: ``env.unwrapped.annotations()``.

        Raises
        ------
        InputError
            The environment was made without ``camera`` among its sensors.
        """
        return self._worlds.annotations()[0]

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._screen is not None:
            self._screen.close()


class DriveVectorEnv(VectorEnv[dict[str, Any], NDArray[np.float32], NDArray[Any]]):
    """B cars on one simulator, each on an episode of its own; parameters as `DriveEnv`, which see.

    A world whose episode has ended begins another at the *next* step, whose action it ignores (next-step autoreset).
    World i after ``reset(seed=n)`` goes through the same numbers as ``DriveEnv`` after ``reset(seed=n + i)``.
    Entries of ``info`` are arrays (B) beside masks ``_name``.
    """

    metadata = {**DriveEnv.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        scenario: str | Path | Scenario = "lane-keeping/rural",
        split: str = "train",
        sensors: Sequence[str] = SENSOR_NAMES,
        cameras: Sequence[CameraConfig | dict[str, Any]] | None = None,
        sensor_configs: SensorConfigs | None = None,
        on_failure: str = "terminate",
        render_mode: str | None = None,
        device: str = "cpu",
    ) -> None:
        if num_envs < 1:
            raise InputError("num_envs", str(num_envs), "is no number of worlds", "give 1 or more")
        if render_mode == "human":
            raise InputError("render_mode", "human", "shows one car, and this is a batch", "give rgb_array or None")
        self.num_envs = num_envs
        self._worlds = _Worlds(
            num_envs, scenario, split, sensors, cameras, sensor_configs, on_failure, device, render_mode
        )
        self.render_mode = render_mode
        self.single_observation_space = self._worlds.space()
        self.single_action_space = _action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators: list[np.random.Generator] | None = None
        self._numbers = np.zeros(num_envs, np.int64)
        self._ended = np.zeros(num_envs, bool)
        self._screen = _screen(num_envs, render_mode, None)

    @property
    def simulator(self) -> Simulator:
        """The simulator behind the environment."""
        return self._worlds.running

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode in every world, or in those of ``options["reset_mask"]`` (bool (B)).

        World i draws from ``seed + i``, or from entry i of a sequence of seeds.
        """
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, bool)))
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise ValueError(f"reset_mask must be a bool array of shape ({self.num_envs},)")
        seeds = [None if seed is None else seed + i for i in range(self.num_envs)] if not isinstance(
            seed, Sequence
        ) else list(seed)  # fmt: skip
        if len(seeds) != self.num_envs:
            raise ValueError(f"{len(seeds)} seeds do not fit {self.num_envs} worlds")
        super().reset(seed=seeds[0])
        if self._generators is None:
            self._generators = [seeding.np_random(None)[0] for _ in range(self.num_envs)]
        for index in np.flatnonzero(mask):
            if seeds[index] is not None:
                self._generators[index] = seeding.np_random(seeds[index])[0]
        self._start(np.flatnonzero(mask), options)
        self._ended[mask] = False
        observation, info, _ = self._look()
        return observation, info

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[dict[str, Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Drive one control step of 0.05 s with actions (B, 2); worlds that had ended are reset instead."""
        self._worlds.step(_checked(actions, (self.num_envs, 2)))
        if self._ended.any():
            self._start(np.flatnonzero(self._ended), None)
        observation, info, verdict = self._look()
        terminated, truncated = verdict.terminated.astype(bool), verdict.truncated.astype(bool)
        self._ended = terminated | truncated
        return observation, verdict.reward.copy(), terminated, truncated, info

    def _start(self, indices: NDArray[np.int64], options: dict[str, Any] | None) -> None:
        assert self._generators is not None
        for index in indices:
            self._numbers[index] = _next_number(self._generators[index], options)
        draw = self._worlds.scenario.draw
        self._worlds.start({int(index): draw(int(self._numbers[index])) for index in indices})

    def _look(self) -> tuple[dict[str, Any], dict[str, Any], Verdict]:
        entries, verdict = self._worlds.look()
        state = self._worlds.running.state
        # A row of each block is an entry: half a dozen arrays to make instead of fifty.
        info: dict[str, Any] = dict(zip(Truth._fields, verdict.truth.T.copy(), strict=True))
        names = _event_names()
        info["events"] = names[to_host(state.events)]
        info["events_so_far"] = names[to_host(state.events_ever)]
        info["interventions"] = np.array(to_host(state.interventions))
        info["episode"] = self._numbers.copy()
        info.update(zip([f"_{name}" for name in info], np.ones((len(info), self.num_envs), bool), strict=True))
        if self._screen is not None:
            self._screen.follow(self._worlds.running)
        return entries, info, verdict

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """The top-down view of every world, uint8 (H, W, 3)."""
        if self._screen is None:
            gymnasium.logger.warn("render was called without a render_mode; give render_mode='rgb_array'")
            return None
        return tuple(self._screen.picture(self._worlds.running, index) for index in range(self.num_envs))

    def annotations(self) -> list[dict[str, CameraAnnotations]]:
        """`DriveEnv.annotations` of every world."""
        return self._worlds.annotations()


def _check(sensors: Sequence[str], on_failure: str, device: str, render_mode: str | None) -> None:
    """InputError for what does not exist."""
    if isinstance(sensors, str) or not sensors:
        raise InputError("sensors", "", "must be a sequence of names", f"choose from {', '.join(SENSOR_NAMES)}")
    for name in sensors:
        if name not in SENSOR_NAMES:
            raise InputError("sensors", str(name), "is no sensor", f"choose from {', '.join(SENSOR_NAMES)}")
    if on_failure not in ("terminate", "put_back"):
        raise InputError("on_failure", on_failure, "is no way to go on", "give terminate or put_back")
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise InputError("render_mode", render_mode, "is no mode", f"give {', '.join(RENDER_MODES)} or None")
    if device not in ("cpu", "cuda"):
        raise InputError("device", device, "is no device", "give cpu or cuda")
    if device == "cuda" and not cuda_available():
        raise InputError("device", device, "finds no CUDA here", "give cpu, or see drive-sim doctor")


def _checked(actions: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The actions as float32; ValueError for another shape or a number that is none."""
    array = np.ascontiguousarray(actions, np.float32)
    if array.shape != shape:
        raise ValueError(f"an action must have shape {shape}, not {array.shape}")
    # For an action or two NumPy's way of asking takes longer than the numbers.
    if not (all(map(math.isfinite, array.tolist())) if array.ndim == 1 else np.isfinite(array).all()):
        raise ValueError(f"an action must be finite numbers, not {array}")
    return array


def _screen(batch: int, render_mode: str | None, frame_rate: float | None) -> Screen | None:
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


def _action_space() -> gymnasium.Space[NDArray[np.float32]]:
    # Gymnasium types a box by all the numbers that it might have held.
    return cast(gymnasium.Space[NDArray[np.float32]], gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32))


def _next_number(rng: np.random.Generator, options: dict[str, Any] | None) -> int:
    """Number of the next episode: the one asked for, or a draw."""
    if options and "episode" in options:
        return int(options["episode"])
    return int(rng.integers(EPISODES))


def _camera_entry(pictures: dict[str, Any], bundle: Any) -> Any:
    """One camera is an entry by itself, several are a bundle of entries by name."""
    return next(iter(pictures.values())) if len(pictures) == 1 else bundle(pictures)


def _each_array(entries: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """The entries of an observation with every array changed, those of several cameras too."""
    return {
        name: _each_array(entry, change) if isinstance(entry, dict) else change(entry)
        for name, entry in entries.items()
    }


def _first(array: Any) -> Any:
    """World 0 of a batch."""
    return array[0]


@cache
def _event_names() -> NDArray[np.object_]:
    """The names of the events in every mask that there can be: tuples of str, by mask."""
    names = np.empty(2 * max(EVENT_NAMES), object)
    for mask in range(len(names)):
        names[mask] = tuple(name for event, name in EVENT_NAMES.items() if mask & event)
    return names
