"""Drivers by name: this package's, those of other packages and files, input devices, and models by folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.references import origin_of, split_reference
from drive_sim.base.registry import Registry
from drive_sim.base.text import user_path
from drive_sim.drivers.driver import Driver
from drive_sim.drivers.external.loading import adapted, check_options, driver_by_reference

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


DRIVER_FILES = (".onnx", ".zip")
"""Endings of files that drive by themselves."""
OTHERWISE = "a model's folder, FILE.onnx, POLICY.zip, module:Class or FILE.py:Class"
"""What names a driver besides `driver_names`."""


def driver_names() -> tuple[str, ...]:
    """Every name that `make_driver` knows; anything else is one of `OTHERWISE`."""
    return (*DRIVERS, *DEVICES)


def make_driver(
    name: str | Path, device: str = "cpu", source: str = "driver", options: Mapping[str, Any] | None = None
) -> Driver:
    """The driver called ``name``: one of `driver_names`, a neural model by its folder, or one by reference.

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
        When there is no such driver, it cannot be used, or it does not know one of the options.
    """
    options = options or {}
    if name in DRIVERS:
        return _registered(str(name), options)
    if name in DEVICES:
        from drive_sim.drivers.human.input import HumanDriver

        check_options(HumanDriver, options, str(name), positional=1)
        return HumanDriver(str(name), **options)
    if not user_path(name).is_dir():
        if split_reference(name):
            return driver_by_reference(str(name), source, options)
        if Path(name).suffix == ".onnx":
            from drive_sim.drivers.external.onnx_driver import OnnxDriver

            return OnnxDriver.named(name, source, options)
        if Path(name).suffix == ".zip":
            from drive_sim.drivers.external.sb3_policy import PolicyDriver

            return PolicyDriver.named(name, source, options)
    folder = _model_folder(name, source)
    check_options(lambda: None, options, str(name))
    return _neural(folder, device)


def _registered(name: str, options: Mapping[str, Any]) -> Driver:
    """A programmed driver; one of another package is checked as the user's own are."""
    package = DRIVERS.origin(name)
    if package:
        return adapted(DRIVERS[name], name, replace(origin_of(DRIVERS[name]), package=package), options)
    check_options(DRIVERS[name], options, name)
    return DRIVERS[name](**options)


def _model_folder(name: str | Path, source: str) -> Path:
    from drive_sim.base.resources import find_model, models_folder

    if str(name) and (Path(name).expanduser().is_dir() or (models_folder() / name).is_dir()):
        return find_model(name)
    if user_path(name).suffix == ".py":
        raise InputError(source, "", f"{name} names a file and no driver in it", f"write {name}:NAME, a class's name")
    names = ", ".join(driver_names())
    raise InputError(source, "", f"there is no driver {str(name)!r}", f"give one of {names}, {OTHERWISE}")


def _neural(folder: Path, device: str) -> Driver:
    try:
        from drive_sim.drivers.neural.driver import NeuralDriver
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("torch", "safetensors")):
            raise
        raise InputError(
            folder, "", f"needs {error.name}, which is not installed", "pip install drive-sim[learn]"
        ) from None
    driver: Driver = NeuralDriver.load(folder, device)
    return driver
