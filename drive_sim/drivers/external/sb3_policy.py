"""A policy of Stable-Baselines3 at the wheel, from the zip that its ``save`` writes.

It was trained on ``DriveSim-v0`` (`drive_sim.envs`), whose observation is a ``Dict`` with an entry for each sensor, or
on one entry of it. The zip holds pickles: loading it runs whatever code they name.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from drive_sim.base.errors import InputError
from drive_sim.base.notices import say_once
from drive_sim.base.references import SEE_ALL, Origin, find_modules_in
from drive_sim.base.text import user_path
from drive_sim.drivers.driver import Actions
from drive_sim.drivers.external.loading import OPTION, check_options
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.registry import BUILT_IN, checked_names

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation

ALGORITHM_OF = {
    "cg_max_steps": "trpo",
    "clip_range": "ppo",
    "top_quantiles_to_drop_per_net": "tqc",
    "target_entropy": "sac",
    "policy_delay": "td3",
    "gae_lambda": "a2c",
}
"""What a zip's data name tells which algorithm wrote it, the first that is there."""
CONTRIBUTED = ("tqc", "trpo")
"""Algorithms of the package sb3-contrib."""
ALGORITHMS = ("a2c", "ddpg", "ppo", "sac", "td3", *CONTRIBUTED)
DATA = "data"


class PolicyDriver:
    """Drives by a Stable-Baselines3 policy, on the CPU.

    Each world is decided alone, so that no answer depends on the batch.

    Parameters
    ----------
    algorithm
        One of `ALGORITHMS`; by default the one that the zip tells of.
    camera
        Fields of `CameraConfig` of the camera that it was trained with; its size is the policy's.
    sensor
        Where the policy does not observe a ``Dict``: the sensor whose reading it observes.
    deterministic
        Whether it takes its most likely action, as evaluations do, or draws one.

    Raises
    ------
    InputError
        The file is no such zip, the package is missing, or the policy observes or does something else.
    """

    privileged = False
    controller = "model"

    def __init__(
        self,
        file: Path,
        algorithm: str | None = None,
        camera: dict[str, Any] | None = None,
        sensor: str | None = None,
        deterministic: bool = True,
    ) -> None:
        self.name, self.file, self.deterministic = file.stem, file, deterministic
        self._policy = _load(file, algorithm or _algorithm(file))
        self.origin = Origin.of_file(file)
        shapes = _shapes(self._policy, file, sensor)
        self._alone = sensor is not None or not hasattr(self._policy.observation_space, "spaces")
        self.sensors = checked_names(shapes)
        if "camera" in shapes:
            size = [side for side in shapes["camera"] if side != 3]
            if len(shapes["camera"]) != 3 or len(size) != 2:
                raise InputError(file, "camera", f"has shape {shapes['camera']}", "train it on one camera's images")
            given = {"height": size[0], "width": size[1]} | (camera or {})
            self.camera = CameraConfig.from_dict(given, OPTION)

    @classmethod
    def named(cls, name: str | Path, source: str, options: Mapping[str, Any]) -> PolicyDriver:
        """The driver of the file called ``name``; InputError, about ``source``, where there is none."""
        file = user_path(name)
        if not file.is_file():
            raise InputError(source, "", f"there is no file {file}", "check the path")
        check_options(cls, options, str(name), positional=1)
        return cls(file, **options)

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """Nothing to forget: every decision rests on one observation."""

    def act(self, observation: Observation) -> Actions:
        """Action (B, 2) float32; InputError where the policy was trained on readings of another shape."""
        observation = observation.host()
        active = observation.active
        driving = range(observation.batch_size) if active is None else np.flatnonzero(active)
        action = np.zeros((observation.batch_size, 2), np.float32)
        readings = {name: self._reading(observation, name) for name in self.sensors}
        for world in driving:
            seen: Any = {name: reading[world] for name, reading in readings.items()}
            try:
                chosen, _ = self._policy.predict(
                    seen[self.sensors[0]] if self._alone else seen, deterministic=self.deterministic
                )
            except ValueError as error:
                hint = "train it on the sensors as the car has them by default"
                raise InputError(self.file, "observation", " ".join(str(error).split())[:200], hint) from error
            action[world] = chosen
        return action

    def _reading(self, observation: Observation, name: str) -> Any:
        if name == "camera":
            return observation.images(self.camera.name)
        return getattr(observation, name) if name in BUILT_IN else observation.added[name]


def _algorithm(file: Path) -> str:
    """The algorithm that wrote a zip, by the names of its data, of which nothing is unpickled."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = json.loads(archive.read(DATA))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        hint = "give what model.save(...) of Stable-Baselines3 wrote"
        raise InputError(file, "", "is no zip of Stable-Baselines3", hint) from None
    found = next((algorithm for name, algorithm in ALGORITHM_OF.items() if name in names), None)
    if found is None:
        hint = f"give --driver-option algorithm=NAME, one of {', '.join(ALGORITHMS)}"
        raise InputError(file, "", "does not tell its algorithm", hint)
    return found


def _load(file: Path, algorithm: str) -> Any:
    """The loaded model of Stable-Baselines3; says that loading runs code."""
    if algorithm not in ALGORITHMS:
        raise InputError(OPTION, "algorithm", f"is {algorithm!r}", f"give one of {', '.join(ALGORITHMS)}")
    package = "sb3_contrib" if algorithm in CONTRIBUTED else "stable_baselines3"
    try:
        import stable_baselines3  # noqa: F401

        kind = getattr(import_module(package), algorithm.upper())
    except ModuleNotFoundError as error:
        missing = (error.name or package).replace("_", "-")
        hint = "pip install 'drive-sim[sb3]'" if missing == "stable-baselines3" else f"pip install {missing}"
        raise InputError(file, "", f"needs {missing}, which is not installed", hint) from None
    say_once(f"{file} holds pickles: loading it runs the code that they name; give only files that you trust")
    find_modules_in(Path.cwd())  # of networks and policies of the user's own
    try:
        return kind.load(file, device="cpu")
    except Exception as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        problem, hint = (
            f"cannot be loaded as {algorithm} ({told})",
            "give --driver-option algorithm=NAME, or save it again",
        )
        raise InputError(file, "", problem, f"{hint}; {SEE_ALL}") from error


def _shapes(policy: Any, file: Path, sensor: str | None) -> dict[str, tuple[int, ...]]:
    """Shape of each sensor's reading that the policy observes, by name; InputError for what no car here gives."""
    actions = policy.action_space
    if getattr(actions, "shape", None) != (2,) or not np.issubdtype(actions.dtype, np.floating):
        hint = "train it on DriveSim-v0: Box([-1, -1], [1, 1])"
        raise InputError(file, "action space", f"is {actions}", hint)
    space = policy.observation_space
    if hasattr(space, "spaces") and isinstance(space.spaces, Mapping):
        return {name: tuple(part.shape) for name, part in space.spaces.items()}
    if sensor is None:
        if len(space.shape) == 3 and 3 in space.shape:
            return {"camera": tuple(space.shape)}
        hint = "give --driver-option sensor=NAME where it is the reading of one sensor, or train it on the Dict"
        raise InputError(file, "observation space", f"is {space}", hint)
    return {sensor: tuple(space.shape)}
