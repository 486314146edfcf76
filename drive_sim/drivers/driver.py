"""What a driver is, and how to get one by name.

A driver sees an `Observation` and answers with an action. One that looks at the simulator's truth says so with
``privileged = True`` and is bound to the simulator before it drives; reports label it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from drive_sim.errors import InputError

if TYPE_CHECKING:
    from drive_sim.sensors.observation import Observation
    from drive_sim.world.simulator import Simulator

Actions = NDArray[np.float32]
"""(B, 2) [steering, acceleration], each in [-1, 1]: left and throttle positive."""

CONTROLLERS = ("human", "human-model", "expert", "classical", "model")
"""Values of ``Driver.controller``: who drove, as datasets and reports record it."""

_PROGRAMMED = {
    "expert": ("expert", "ExpertDriver"),
    "human-model": ("human_model", "HumanModelDriver"),
    "classical": ("classical", "ClassicalDriver"),
    "straight": ("straight", "StraightDriver"),
    "r157": ("reference", "ReferenceDriver"),
}
_DEVICES = ("keyboard", "mouse", "gamepad", "wheel")

DRIVER_NAMES = (*_PROGRAMMED, *_DEVICES)
"""Every name that `make_driver` knows; anything else is the folder of a model."""


@runtime_checkable
class Driver(Protocol):
    """Whoever decides what the cars of a batch do."""

    name: str
    """As reports show it."""
    privileged: bool
    """Whether it looks at the simulator's state; then it has a method ``bind(simulator)``."""
    sensors: tuple[str, ...]
    """Names of the sensors it needs in its observations."""
    controller: str
    """One of `CONTROLLERS`."""

    def reset(self, simulator: Simulator | None, mask: NDArray[np.bool_] | None, batch_size: int) -> None:
        """New episodes begin in the worlds of ``mask`` (bool (B); None: all B = ``batch_size``).

        ``simulator`` is given to privileged drivers only.
        """

    def act(self, observation: Observation) -> Actions:
        """The action of every world, float32 (B, 2) in [-1, 1]."""


def make_driver(name: str | Path, device: str = "cpu", source: str = "driver", **options: Any) -> Driver:
    """The driver called ``name``: one of `DRIVER_NAMES`, or a neural model by its folder.

    A folder is looked for as a path first, then among the models that come with this package. Only the driver's own
    module is imported.

    Parameters
    ----------
    device
        Where a neural model computes: "cpu" or "cuda". Programmed drivers take the simulator's.
    source
        How an error names the argument that ``name`` came from, such as ``--driver``.
    options
        Passed to the driver's constructor.

    Raises
    ------
    InputError
        When there is no such driver or its folder cannot be used.
    """
    if str(name) in _PROGRAMMED:
        module, attribute = _PROGRAMMED[str(name)]
        driver: Driver = getattr(import_module(f"drive_sim.drivers.{module}"), attribute)(**options)
        return driver
    if str(name) in _DEVICES:
        from drive_sim.drivers.human import HumanDriver

        return HumanDriver(str(name), **options)
    return _neural(_model_folder(name, source), device, **options)


def _model_folder(name: str | Path, source: str) -> Path:
    from drive_sim.resources import find_model, models_folder

    if str(name) and (Path(name).expanduser().is_dir() or (models_folder() / name).is_dir()):
        return find_model(name)
    names = ", ".join(DRIVER_NAMES)
    raise InputError(source, "", f"there is no driver {str(name)!r}", f"give one of {names}, or a model's folder")


def _neural(folder: Path, device: str, **options: Any) -> Driver:
    try:
        from drive_sim.drivers.neural import NeuralDriver
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("torch", "safetensors")):
            raise
        raise InputError(
            folder, "", f"needs {error.name}, which is not installed", "pip install drive-sim[learn]"
        ) from None
    driver: Driver = NeuralDriver.load(folder, device, **options)
    return driver
