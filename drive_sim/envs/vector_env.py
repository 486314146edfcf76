"""A batch of cars as a Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import to_host
from drive_sim.envs.drive_env import DriveEnv
from drive_sim.envs.worlds import (
    Worlds,
    action_space,
    checked,
    names_by_mask,
    next_number,
    screen,
    tell_of_invalid_commands,
)
from drive_sim.sensors.suite import SENSOR_NAMES, SensorConfigs
from drive_sim.world.reward import Truth, Verdict
from drive_sim.world.scenarios.scenario import Scenario
from drive_sim.world.simulator import Simulator

if TYPE_CHECKING:
    from drive_sim.sensors.annotations.annotations import CameraAnnotations
    from drive_sim.sensors.camera.rig import CameraConfig


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
        self._worlds = Worlds(
            num_envs, scenario, split, sensors, cameras, sensor_configs, on_failure, device, render_mode
        )
        self.render_mode = render_mode
        self.single_observation_space = self._worlds.space()
        self.single_action_space = action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators: list[np.random.Generator] | None = None
        self._numbers = np.zeros(num_envs, np.int64)
        self._ended = np.zeros(num_envs, bool)
        self._screen = screen(num_envs, render_mode, None)

    @property
    def simulator(self) -> Simulator:
        """The simulator behind the environment."""
        return self._worlds.running

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode in every world, or in those of ``options["reset_mask"]`` (bool (B)).

        The first reset begins one in every world, whatever the mask: none has an episode to go on
        with. World i draws from ``seed + i``, or from entry i of a sequence of seeds.
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
        if self._worlds.simulator is None:
            mask = np.ones(self.num_envs, bool)
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
        self._worlds.step(checked(actions, (self.num_envs, 2)))
        if self._ended.any():
            self._start(np.flatnonzero(self._ended), None)
        observation, info, verdict = self._look()
        terminated, truncated = verdict.terminated.astype(bool), verdict.truncated.astype(bool)
        self._ended = terminated | truncated
        return observation, verdict.reward.copy(), terminated, truncated, info

    def _start(self, indices: NDArray[np.int64], options: dict[str, Any] | None) -> None:
        assert self._generators is not None
        for index in indices:
            self._numbers[index] = next_number(self._generators[index], options)
        draw = self._worlds.scenario.draw
        self._worlds.start({int(index): draw(int(self._numbers[index])) for index in indices})

    def _look(self) -> tuple[dict[str, Any], dict[str, Any], Verdict]:
        entries, verdict = self._worlds.look()
        state = self._worlds.running.state
        # A row of each block is an entry: half a dozen arrays to make instead of fifty.
        info: dict[str, Any] = dict(zip(Truth._fields, verdict.truth.T.copy(), strict=True))
        names = names_by_mask()
        info["events"] = names[to_host(state.events)]
        info["events_so_far"] = names[to_host(state.events_ever)]
        info["interventions"] = np.array(to_host(state.interventions))
        info["invalid_commands"] = invalid = np.array(to_host(self._worlds.running.invalid_commands))
        if invalid.any():
            tell_of_invalid_commands()
        info["episode_number"] = self._numbers.copy()
        info.update(zip([f"_{name}" for name in info], np.ones((len(info), self.num_envs), bool), strict=True))
        if self._screen is not None:
            self._screen.follow(self._worlds.running)
        return entries, info, verdict

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """The top-down view of every world, uint8 (H, W, 3)."""
        if self._screen is None:
            gymnasium.logger.warn("render was called without a render_mode; give render_mode='rgb_array'")
            return None
        return tuple(self._screen.image(self._worlds.running, index) for index in range(self.num_envs))

    def annotations(self) -> list[dict[str, CameraAnnotations]]:
        """`DriveEnv.annotations` of every world."""
        return self._worlds.annotations()
