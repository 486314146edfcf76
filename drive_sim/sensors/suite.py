"""What a driver sees, and the suite that senses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import duplicate, to_host
from drive_sim.sensors.gnss import Gnss, GnssConfig
from drive_sim.sensors.imu import Imu, ImuConfig
from drive_sim.sensors.lidar import Lidar, LidarConfig
from drive_sim.sensors.odometry import Odometry, OdometryConfig
from drive_sim.sensors.radar.configuration import RadarConfig
from drive_sim.sensors.radar.radar import Radar

if TYPE_CHECKING:
    from drive_sim.sensors.annotations.annotations import Annotator, CameraAnnotations
    from drive_sim.sensors.camera.faults import CameraFaults, FaultyCameras
    from drive_sim.sensors.camera.rig import CameraRig
    from drive_sim.world.simulator import Simulator

SENSOR_NAMES = ("camera", "lidar", "radar", "imu", "gnss", "odometry")
"""Names that `SensorSuite` and the environments accept."""


@dataclass(frozen=True, eq=False)
class Observation:
    """One look at B worlds. NumPy arrays on the CPU, device arrays on CUDA; entries that were not asked for are None.

    Every observation owns its arrays: a later one never changes it.
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
    active: NDArray[np.bool_] | None = None
    """(B) NumPy: worlds that were looked at. What others show means nothing: drivers need not think about them. None:
    all were."""

    @property
    def batch_size(self) -> int:
        """Number of worlds B."""
        return int(self.time.shape[0])

    def host(self) -> Observation:
        """The same observation as NumPy arrays (itself where it already is)."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("camera", "active")}
        return Observation(
            camera={name: to_host(image) for name, image in self.camera.items()},
            active=self.active,
            **{name: None if array is None else to_host(array) for name, array in arrays.items()},
        )


@dataclass(frozen=True)
class SensorConfigs:
    """How the sensors other than the cameras are built."""

    lidar: LidarConfig = field(default_factory=LidarConfig)
    radar: RadarConfig = field(default_factory=RadarConfig)
    imu: ImuConfig = field(default_factory=ImuConfig)
    gnss: GnssConfig = field(default_factory=GnssConfig)
    odometry: OdometryConfig = field(default_factory=OdometryConfig)

    @staticmethod
    def ideal() -> SensorConfigs:
        """Every error turned off; mounts, rates and latencies stay."""
        return SensorConfigs(
            LidarConfig(noise=False),
            RadarConfig(noise=False),
            ImuConfig(noise=False),
            GnssConfig(noise=False),
            OdometryConfig(noise=False),
        )


class SensorSuite:
    """The sensors of every car in a batch; only those that were asked for are evaluated.

    Readings are a function of the worlds' seeds and steps alone: looking twice at the same step gives the same, and
    a world reads the same alone as in a batch.

    Parameters
    ----------
    sensors
        Names out of `SENSOR_NAMES`.
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
    ValueError
        For a name that is no sensor's.
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
        self.sensors = tuple(sensors)
        unknown = [name for name in self.sensors if name not in SENSOR_NAMES]
        if unknown:
            raise ValueError(f"unknown sensors {unknown}; there are {', '.join(SENSOR_NAMES)}")
        if "camera" not in self.sensors:
            rig = None
        elif rig is None:
            from drive_sim.sensors.camera.rig import CameraConfig, CameraRig

            rig = CameraRig((CameraConfig(),))
        self.rig, self.device, self.configs = rig, device, configs or SensorConfigs()
        self.others: dict[str, Lidar | Radar | Imu | Gnss | Odometry] = {}
        if "lidar" in self.sensors:
            self.others["lidar"] = Lidar(self.configs.lidar, device)
        if "radar" in self.sensors:
            self.others["radar"] = Radar(self.configs.radar, period, device)
        if "imu" in self.sensors:
            self.others["imu"] = Imu(self.configs.imu, period, device)
        if "gnss" in self.sensors:
            self.others["gnss"] = Gnss(self.configs.gnss, period, device)
        if "odometry" in self.sensors:
            self.others["odometry"] = Odometry(self.configs.odometry, device)
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
        """Sense the worlds as they are now; cameras look only at those of ``active`` (B), by default at all."""
        readings = self.sense(simulator, active)
        time = duplicate(simulator.state.time)
        return Observation(time=time, camera=readings.pop("camera", {}), active=active, **readings)

    def sense(self, simulator: Simulator, active: NDArray[np.bool_] | None = None) -> dict[str, Any]:
        """What `observe` fills the fields of an `Observation` with: an entry for each sensor, arrays of their own."""
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
