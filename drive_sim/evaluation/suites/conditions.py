"""Conditions of a suite: what makes the same episodes harder, and drivers perturbed by it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from drive_sim.base.errors import InputError
from drive_sim.drivers.driver import cameras_of
from drive_sim.evaluation.real_time import Delayed, Wrapped
from drive_sim.sensors.camera.faults import CameraFaults
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.simulator import CONTROL_PERIOD

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Actions, Driver
    from drive_sim.sensors.suite import Observation


class Condition(BaseModel):
    """One condition; without any field it changes nothing. What concerns a camera means nothing to a driver without."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    latency: float = Field(default=0.0, ge=0.0, le=10.0)
    """Delay from an image to the command that answers it, beyond the driver's own [s], in whole control periods."""
    camera_noise: float = Field(default=0.0, ge=0.0, le=100.0)
    """Standard deviation of noise that is added to every grey level, anew in each image, beyond the weather's."""
    camera_dirt: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of the spots that can be on the glass: out of focus, they take light and blur, and stay for the episode."""
    dropped_frames: float = Field(default=0.0, ge=0.0, le=0.99)
    """Probability that an image is lost and the one before seen once more."""
    camera_forward: float = Field(default=0.0, ge=-2.0, le=2.0)
    """The camera stands so far before where the driver knows it [m]."""
    camera_left: float = Field(default=0.0, ge=-2.0, le=2.0)
    """The camera stands so far to the left of where the driver knows it [m]."""
    camera_up: float = Field(default=0.0, ge=-1.0, le=2.0)
    """The camera stands so far above where the driver knows it [m]."""
    camera_yaw: float = Field(default=0.0, ge=-0.5, le=0.5)
    """The camera is turned so far to the left [rad]."""
    camera_pitch: float = Field(default=0.0, ge=-0.5, le=0.5)
    """The camera is turned so far down [rad]."""
    camera_roll: float = Field(default=0.0, ge=-0.5, le=0.5)
    """The camera is rolled so far, right side down [rad]."""

    @property
    def delay(self) -> int:
        """Control steps by which commands come late."""
        return control_steps(self.latency)

    @property
    def faults(self) -> CameraFaults | None:
        """What is wrong with the images."""
        found = CameraFaults(self.camera_noise, self.camera_dirt, self.dropped_frames)
        return None if found == CameraFaults() else found

    def moved(self, camera: CameraConfig) -> CameraConfig:
        """The camera where it really is."""
        return replace(
            camera,
            x=camera.x + self.camera_forward,
            y=camera.y + self.camera_left,
            z=camera.z + self.camera_up,
            yaw=camera.yaw + self.camera_yaw,
            pitch=camera.pitch + self.camera_pitch,
            roll=camera.roll + self.camera_roll,
        )


AS_IT_IS = Condition()


def control_steps(latency: float) -> int:
    """Whole control periods that a delay [s] takes; InputError for one that is negative or not finite."""
    if not 0.0 <= latency < math.inf:
        raise InputError("--latency", "", f"{1000.0 * latency:g} is not a delay", "give milliseconds, 0 or more")
    return math.ceil(latency / CONTROL_PERIOD - 1e-9)


class Degraded(Wrapped):
    """A driver that looks through another camera than the one it asked for, and does not know it."""

    def __init__(self, driver: Driver, condition: Condition) -> None:
        super().__init__(driver)
        self.cameras = tuple(condition.moved(camera) for camera in cameras_of(driver))
        self.camera = self.cameras[0]
        self.camera_faults = condition.faults

    def act(self, observation: Observation) -> Actions:
        """As the driver decides on what it is shown."""
        return self.driver.act(observation)


def degraded(driver: Driver, condition: Condition, further_delay: int = 0) -> Driver:
    """The driver under the condition, its commands ``further_delay`` control steps later still."""
    found: Any = driver
    if "camera" in driver.sensors and condition.model_copy(update={"latency": 0.0}) != AS_IT_IS:
        found = Degraded(found, condition)
    steps = condition.delay + further_delay
    return Delayed(found, steps) if steps else found
