"""Sensors by name: this package's, and those that other packages add."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.registry import Registry

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator


class Sensor(Protocol):
    """One sensor of B cars.

    Readings are a function of the worlds' seeds and steps alone: a world reads the same alone as in a batch, and a
    second reading in the same step is the same.
    """

    @property
    def bounds(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Smallest and largest reading of one world; shape and dtype are those of the reading, which is finite."""

    def reset(self, batch: int, mask: Any = None) -> None:
        """Begin a new episode of ``batch`` worlds where the mask says so (bool (B); None: everywhere)."""

    def sense(self, simulator: Simulator) -> Any:
        """One reading of every world: an array of its own with a leading axis B, where the simulator's arrays are."""


class SensorKind(Protocol):
    """A class of sensors, as the registry holds it; what it makes is a `Sensor`."""

    Config: type
    """The configuration: a frozen dataclass whose fields all have defaults."""

    def __call__(self, config: Any, *, device: str, period: float) -> Sensor:
        """A sensor on ``device`` ("cpu" or "cuda"), read every ``period`` seconds."""


BUILT_IN: dict[str, SensorKind | str] = {
    "lidar": "drive_sim.sensors.lidar:Lidar",
    "radar": "drive_sim.sensors.radar.radar:Radar",
    "imu": "drive_sim.sensors.imu:Imu",
    "gnss": "drive_sim.sensors.gnss:Gnss",
    "odometry": "drive_sim.sensors.odometry:Odometry",
}
"""This package's sensors beside the camera, each with a field of its own in `Observation` and `SensorConfigs`."""


def _lacking(name: str, thing: object) -> str:
    """What another package's entry lacks to be a `SensorKind`, as a clause."""
    parts = ("Config", "bounds", "reset", "sense")
    lacking = [part for part in parts if not hasattr(thing, part)]
    return f"is no class of sensors: it lacks {', '.join(lacking)}" if lacking else ""


SENSORS: Registry[SensorKind] = Registry("drive_sim.sensors", "sensor", BUILT_IN, _lacking)
"""Sensors beside the camera. Another package adds one as an entry point of the group ``drive_sim.sensors``."""


def sensor_names() -> tuple[str, ...]:
    """Every name that a suite of sensors accepts."""
    return ("camera", *SENSORS)


def checked_names(sensors: Iterable[str]) -> tuple[str, ...]:
    """The names of sensors as a tuple.

    Raises
    ------
    InputError
        For one string in place of a sequence of them, and for a name that is no sensor's.
    """
    if isinstance(sensors, str) or not isinstance(sensors, Iterable):
        raise InputError("sensors", "", "must be a sequence of names", f"choose from {', '.join(sensor_names())}")
    names = tuple(sensors)
    for name in names:
        if name != "camera" and name not in SENSORS:
            raise InputError("sensors", str(name), "is no sensor", f"choose from {', '.join(sensor_names())}")
    return names


def checked_config(name: str, given: Any) -> Any:
    """The configuration of another package's sensor, from one or from a dict of its fields.

    Raises
    ------
    ValueError
        There is no such sensor, or it has no such configuration; the message ends with a hint after a semicolon.
    """
    if name in BUILT_IN:
        raise ValueError(f"{name} has a field of its own; give {name}=...")
    if name not in SENSORS:
        raise ValueError(f"{name} is no sensor; choose from {', '.join(SENSORS)}")
    kind = SENSORS[name].Config
    try:
        config = kind(**given) if isinstance(given, dict) else given
    except InputError as error:
        field = ".".join(part for part in (name, error.field) if part)
        raise InputError(error.source, field, error.problem, error.hint) from None
    except TypeError as error:
        raise ValueError(f"{name}: {error}; correct the field") from None
    if not isinstance(config, kind):
        raise ValueError(f"{name}: {given!r:.60} is no {kind.__name__}; give one, or a dict of its fields")
    return config
