"""What a driver sees, and the suite that senses it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import duplicate, to_host
from drive_sim.sensors.configuration import configuration
from drive_sim.sensors.gnss import GnssConfig
from drive_sim.sensors.imu import ImuConfig
from drive_sim.sensors.lidar import LidarConfig
from drive_sim.sensors.odometry import OdometryConfig
from drive_sim.sensors.radar.configuration import RadarConfig
from drive_sim.sensors.registry import BUILT_IN, SENSORS, Sensor, checked_config, checked_names

if TYPE_CHECKING:
    from drive_sim.sensors.annotations.annotations import Annotator, CameraAnnotations
    from drive_sim.sensors.camera.faults import CameraFaults, FaultyCameras
    from drive_sim.sensors.camera.rig import CameraRig
    from drive_sim.world.simulator import Simulator

SENSOR_NAMES = ("camera", *BUILT_IN)
"""This package's sensors; those that other packages add: `drive_sim.sensors.registry.sensor_names`."""


@dataclass(frozen=True, eq=False)
class Observation:
    """The readings of B worlds at one step: NumPy arrays on the CPU, device arrays on CUDA.

    Entries that were not asked for are None. Every observation owns its arrays: a later one never changes it.
    """

    time: Any
    """float64 (B) episode time [s]."""
    camera: dict[str, Any] = field(default_factory=dict)
    """uint8 (B, H, W, 3) RGB by camera name; empty when no camera was asked for."""
    lidar: Any = None
    """float32 (B, beams) range [m], beams from right to left; the largest range where nothing came back."""
    radar: Any = None
    """float32 (B, K, 4) range [m], azimuth [rad, left positive], range rate [m/s, positive moving away], radar
    cross-section [dBsm]; nearest first, rows of `radar.NO_DETECTION` last."""
    imu: Any = None
    """float32 (B, 3) specific force forward and left [m/s²] and yaw rate [rad/s], in the car's frame."""
    gnss: Any = None
    """float32 (B, 5) x [m], y [m] and velocity along x, y [m/s] in the world, quality 0 no fix, 1 degraded, 2 full."""
    odometry: Any = None
    """float32 (B, 3) speed [m/s], steering angle at the road wheels [rad], distance since the last step [m]."""
    added: dict[str, Any] = field(default_factory=dict)
    """Readings of sensors that other packages add, (B, ...) by name of the sensor."""
    interventions: Any = None
    """int32 (B) how often the ego has been reset to its lane since the episode began: what was seen before that is no
    past of what is seen now. None: not told."""
    active: NDArray[np.bool_] | None = None
    """(B) NumPy: worlds whose cameras were rendered; the images of others mean nothing, and drivers need not
    decide for them. None: all were."""

    @property
    def batch_size(self) -> int:
        """Number of worlds B."""
        return int(self.time.shape[0])

    def images(self, camera: str) -> Any:
        """Images of the camera of that name, uint8 (B, H, W, 3); InputError, which names both, for want of one."""
        if camera not in self.camera:
            problem = f"the driver asks for the camera {camera!r}, there is {', '.join(self.camera) or 'none'}"
            raise InputError("observation", "camera", problem, "give the car the camera of the driver")
        return self.camera[camera]

    def host(self) -> Observation:
        """The same observation as NumPy arrays (itself where it already is)."""
        single = [f.name for f in fields(self) if f.name not in ("camera", "added", "active")]
        arrays = {name: getattr(self, name) for name in single}
        return Observation(
            camera={name: to_host(image) for name, image in self.camera.items()},
            added={name: to_host(reading) for name, reading in self.added.items()},
            active=self.active,
            **{name: None if array is None else to_host(array) for name, array in arrays.items()},
        )


@configuration("sensor configs")
class SensorConfigs:
    """How the sensors other than the cameras are built.

    Raises
    ------
    InputError
        For a sensor that there is not, and a configuration that cannot be.
    """

    lidar: LidarConfig = LidarConfig()
    radar: RadarConfig = RadarConfig()
    imu: ImuConfig = ImuConfig()
    gnss: GnssConfig = GnssConfig()
    odometry: OdometryConfig = OdometryConfig()
    added: dict[str, Any] = field(default_factory=dict, hash=False)
    """Of sensors that other packages add, by name of the sensor: its configuration, or a dict of that one's fields."""

    @field_validator("added")
    @classmethod
    def _known(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: checked_config(name, config) for name, config in given.items()}

    def of(self, name: str) -> Any:
        """The configuration of the sensor called ``name``."""
        if name in BUILT_IN:
            return getattr(self, name)
        return self.added[name] if name in self.added else SENSORS[name].Config()

    @staticmethod
    def ideal() -> SensorConfigs:
        """Every error of this package's sensors turned off; mounts, rates and latencies stay."""
        return SensorConfigs(
            LidarConfig(noise=False),
            RadarConfig(noise=False),
            ImuConfig(noise=False),
            GnssConfig(noise=False),
            OdometryConfig(noise=False),
        )


class SensorSuite:
    """The sensors of every car in a batch; only those that were asked for are evaluated.

    Readings are a function of the worlds' seeds and steps alone: a second reading in the same step is the same, and a
    world reads the same alone as in a batch.

    Parameters
    ----------
    sensors
        Names out of `SENSOR_NAMES`, or of sensors that other packages add.
    rig
        The cameras; by default one, as `CameraConfig()` describes it.
    device
        "cpu" or "cuda", as the simulator's.
    configs
        How the other sensors are built.
    period
        Control period [s], as the simulator's.
    faults
        What is wrong with the cameras; by default nothing.

    Raises
    ------
    InputError
        For a name that is no sensor's, and for a device, period or configurations that cannot be.
    """

    def __init__(
        self,
        sensors: Sequence[str] = ("camera",),
        rig: CameraRig | None = None,
        device: str = "cpu",
        configs: SensorConfigs | None = None,
        period: float = 0.05,
        faults: CameraFaults | None = None,
    ) -> None:
        self.sensors = checked_names(sensors)
        _check(device, configs, period)
        if "camera" not in self.sensors:
            rig = None
        elif rig is None:
            from drive_sim.sensors.camera.rig import CameraConfig, CameraRig

            rig = CameraRig((CameraConfig(),))
        self.rig, self.device, self.configs = rig, device, configs or SensorConfigs()
        self.others: dict[str, Sensor] = {
            name: SENSORS[name](self.configs.of(name), device=device, period=period)
            for name in self.sensors
            if name != "camera"
        }
        self._added = tuple(name for name in self.others if name not in BUILT_IN)
        self._faulty: FaultyCameras | None = None
        if faults is not None:
            from drive_sim.sensors.camera.faults import FaultyCameras

            self._faulty = FaultyCameras(faults, device)
        self._batch = -1
        self._annotator: Annotator | None = None

    def reset(self, simulator: Simulator, mask: Any = None) -> None:
        """Forget what earlier episodes left behind in the worlds of ``mask`` (bool (B); None: all)."""
        self._batch = simulator.batch_size
        for sensor in self.others.values():
            sensor.reset(self._batch, mask)
        if self._faulty is not None:
            self._faulty.reset(mask)

    def observe(self, simulator: Simulator, active: NDArray[np.bool_] | None = None) -> Observation:
        """Sense the worlds as they are now; cameras render only those of ``active`` (B), by default all."""
        readings = self.sense(simulator, active)
        state, added = simulator.state, {name: readings.pop(name) for name in self._added}
        told = {"time": duplicate(state.time), "interventions": duplicate(state.interventions)}
        return Observation(camera=readings.pop("camera", {}), added=added, active=active, **told, **readings)

    def sense(self, simulator: Simulator, active: NDArray[np.bool_] | None = None) -> dict[str, Any]:
        """The readings that `observe` fills an `Observation` with: an entry for each sensor, arrays of their own."""
        if self._batch != simulator.batch_size:
            self.reset(simulator)
        readings: dict[str, Any] = {name: sensor.sense(simulator) for name, sensor in self.others.items()}
        if self.rig is not None:
            rows = None if active is None else np.flatnonzero(active)
            seen = self.rig.render_each(self.device, simulator.roads, simulator.world, simulator.state, rows=rows)
            images = {name: frames.rgb for name, frames in seen.items()}
            readings["camera"] = images if self._faulty is None else self._faulty.spoil(simulator, images, rows)
        return readings

    def annotate(self, simulator: Simulator, rows: Any = None) -> list[dict[str, CameraAnnotations]]:
        """Labels of the cameras' present images by name, for each of the worlds ``rows`` (default: all).

        Raises
        ------
        InputError
            There is no camera.
        """
        if self.rig is None:
            raise InputError("sensors", "", "holds no camera whose images could be annotated", "add camera")
        if self._annotator is None:
            from drive_sim.sensors.annotations.annotations import Annotator

            self._annotator = Annotator(self.rig)
        return self._annotator.annotate(self.device, simulator.roads, simulator.world, simulator.state, rows)


def _check(device: str, configs: SensorConfigs | None, period: float) -> None:
    """InputError for what no suite can be built from."""
    if device not in ("cpu", "cuda"):
        raise InputError("device", str(device), "is no device", "give cpu or cuda")
    if configs is not None and not isinstance(configs, SensorConfigs):
        raise InputError("configs", "", "is no SensorConfigs", "give SensorConfigs(lidar=LidarConfig(...)), say")
    if not 0.0 < period < math.inf:
        raise InputError("period", "", f"{period} is not above 0", "give the simulator's control period [s]")
