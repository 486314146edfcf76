"""Drivers by name: this package's, those that other packages add, input devices, and models by folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.registry import Registry
from drive_sim.drivers.driver import Driver

DRIVERS: Registry[Callable[..., Driver]] = Registry(
    "drive_sim.drivers",
    "driver",
    {
        "expert": "drive_sim.drivers.planning.expert:ExpertDriver",
        "human-model": "drive_sim.drivers.human.model:HumanModelDriver",
        "classical": "drive_sim.drivers.classical:ClassicalDriver",
        "straight": "drive_sim.drivers.straight:StraightDriver",
        "r157": "drive_sim.drivers.planning.r157:ReferenceDriver",
    },
)
"""Programmed drivers. Another package adds one as an entry point of the group ``drive_sim.drivers``."""

DEVICES = ("keyboard", "mouse", "gamepad", "wheel")
"""Names of a person's input devices."""


def driver_names() -> tuple[str, ...]:
    """Every name that `make_driver` knows; anything else is the folder of a model."""
    return (*DRIVERS, *DEVICES)


def make_driver(name: str | Path, device: str = "cpu", source: str = "driver", **options: Any) -> Driver:
    """The driver called ``name``: one of `driver_names`, or a neural model by its folder.

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
    if name in DRIVERS:
        return DRIVERS[str(name)](**options)
    if name in DEVICES:
        from drive_sim.drivers.human.input import HumanDriver

        return HumanDriver(str(name), **options)
    return _neural(_model_folder(name, source), device, **options)


def _model_folder(name: str | Path, source: str) -> Path:
    from drive_sim.base.resources import find_model, models_folder

    if str(name) and (Path(name).expanduser().is_dir() or (models_folder() / name).is_dir()):
        return find_model(name)
    names = ", ".join(driver_names())
    raise InputError(source, "", f"there is no driver {str(name)!r}", f"give one of {names}, or a model's folder")


def _neural(folder: Path, device: str, **options: Any) -> Driver:
    try:
        from drive_sim.drivers.neural.driver import NeuralDriver
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("torch", "safetensors")):
            raise
        raise InputError(
            folder, "", f"needs {error.name}, which is not installed", "pip install drive-sim[learn]"
        ) from None
    driver: Driver = NeuralDriver.load(folder, device, **options)
    return driver
