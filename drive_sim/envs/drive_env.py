"""One car as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import to_host
from drive_sim.envs.worlds import (
    RENDER_MODES,
    Worlds,
    action_space,
    checked,
    each_array,
    names_by_mask,
    next_number,
    screen,
    tell_of_invalid_commands,
)
from drive_sim.sensors.suite import SENSOR_NAMES, SensorConfigs
from drive_sim.world.reward import Truth, Verdict
from drive_sim.world.scenarios.scenario import Scenario
from drive_sim.world.simulator import CONTROL_PERIOD, Simulator

if TYPE_CHECKING:
    from drive_sim.sensors.annotations.annotations import CameraAnnotations
    from drive_sim.sensors.camera.rig import CameraConfig


class DriveEnv(gymnasium.Env[dict[str, Any], NDArray[np.float32]]):
    """One car on the roads of a scenario.

    Action: ``Box([-1, -1], [1, 1])`` float32, [steering, acceleration]; left and throttle positive.
    Observation: a ``Dict`` with an entry for each sensor: ``camera`` uint8 (H, W, 3) (a ``Dict`` by camera name where
    there are several, each of its own size), ``lidar``, ``radar``, ``imu``, ``gnss``, ``odometry`` float32 as in
    `drive_sim.sensors.suite`.
    ``info`` carries the truth: the fields of `drive_sim.world.reward.Truth`, ``events`` and ``events_so_far`` (names),
    ``interventions``, ``invalid_commands`` (actions so far that were not finite numbers: the ego brakes fully and keeps
    its steering) and ``episode_number`` (which of the scenario's episodes it is; Gymnasium's wrappers and learners keep
    ``episode`` for their statistics).

    Parameters
    ----------
    scenario
        Name such as ``lane-keeping/rural``, path of a scenario file, or a `Scenario`.
    split
        train, validation or test.
    sensors
        Names out of `SENSOR_NAMES`, or of sensors that other packages add; only these are evaluated.
    cameras
        Any number of cameras on the car, as `CameraConfig` or a dict of its fields, each with a name, size, mount and
        optics of its own; one 200 x 66 front camera by default.
    sensor_configs
        How the other sensors err.
    on_failure
        "terminate": a failure ends the episode; "reset_to_lane": the car goes back to its lane, and the drive goes on.
    render_mode
        None, "rgb_array" (`render` returns the top-down view, uint8 (600, 800, 3)) or "human" (shown in a window as
        the environment steps).
    frame_rate
        In "human" mode, wait so that no more than so many images a second are shown; None: do not wait.
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
        self._worlds = Worlds(1, scenario, split, sensors, cameras, sensor_configs, on_failure, device, render_mode)
        self.render_mode = render_mode
        self.observation_space: gymnasium.spaces.Dict = self._worlds.space()
        self.action_space = action_space()
        self._number = -1
        self._screen = screen(1, render_mode, frame_rate)

    @property
    def simulator(self) -> Simulator:
        """The simulator behind the environment: a batch of one."""
        return self._worlds.running

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode: one drawn from the seed, or number ``options["episode"]`` of the scenario."""
        super().reset(seed=seed)
        self._number = next_number(self.np_random, options)
        self._worlds.start({0: self._worlds.scenario.draw(self._number)})
        observation, info, _ = self._look()
        return observation, info

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Drive one control step of 0.05 s."""
        self._worlds.step(checked(action, (2,)).reshape(1, 2))
        observation, info, verdict = self._look()
        ends = bool(verdict.terminated[0]), bool(verdict.truncated[0])
        return observation, float(verdict.reward[0]), *ends, info

    def _look(self) -> tuple[dict[str, Any], dict[str, Any], Verdict]:
        entries, verdict = self._worlds.look()
        simulator = self._worlds.running
        state, names = simulator.state, names_by_mask()
        info: dict[str, Any] = dict(zip(Truth._fields, verdict.truth[0].tolist(), strict=True))
        info["events"] = names[to_host(state.events)[0]]
        info["events_so_far"] = names[to_host(state.events_ever)[0]]
        info["interventions"] = int(to_host(state.interventions)[0])
        info["invalid_commands"] = invalid = int(to_host(simulator.invalid_commands)[0])
        if invalid:
            tell_of_invalid_commands()
        info["episode_number"] = self._number
        if self._screen is not None:
            self._screen.follow(simulator)
        return each_array(entries, _first), info, verdict

    def render(self) -> NDArray[np.uint8] | None:
        """The top-down view, uint8 (H, W, 3); in "human" mode None, as the window has been drawn already."""
        if self._screen is None:
            gymnasium.logger.warn("render was called without a render_mode; give render_mode='rgb_array'")
            return None
        if self.render_mode == "human":
            self._worlds.running  # noqa: B018 (raises before the first reset)
            return None
        return self._screen.image(self._worlds.running, 0)

    def annotations(self) -> dict[str, CameraAnnotations]:
        """What the cameras see now, by camera name: boxes of road users, lane boundaries, class, depth and instance.

        They belong to the images of the last observation, and are made when asked for: `step` costs the same
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


def _first(array: Any) -> Any:
    """World 0 of a batch."""
    return array[0]
