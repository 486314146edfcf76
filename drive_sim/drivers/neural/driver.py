"""A trained network at the wheel: an image in, a command out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.neural.attention import attention
from drive_sim.drivers.neural.decoding import HARDEST_BRAKING, SPEED_QUANTILE, command_car, decode, decode_quantile
from drive_sim.drivers.neural.inference import DrivingNetwork
from drive_sim.drivers.neural.model_folder import Model, load_model
from drive_sim.drivers.neural.registry import package_of
from drive_sim.sensors.camera.mosaic import mosaic
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation


class NeuralDriver:
    """Drives by a model: one image in, curvature and target speed out, then the car's own inverse maps."""

    privileged = False
    sensors: tuple[str, ...] = ("camera", "odometry")
    controller = "model"

    def __init__(self, model: Model, name: str, device: str = "cpu", vehicle: VehicleParameters = BMW_320I) -> None:
        self.name, self.model, self.device, self.vehicle = name, model, device, vehicle
        self.hash, self.package = model.hash, package_of(model.settings.name) or None
        self.origin = model.network.origin
        self._network = DrivingNetwork(model.network, device)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> NeuralDriver:
        """The driver of a model folder."""
        return cls(load_model(folder), folder.resolve().name, device)

    @property
    def camera(self) -> CameraConfig:
        """The camera that the network was trained on; the simulator's must be the same."""
        return self.model.camera

    @property
    def cameras(self) -> tuple[CameraConfig, ...]:
        """All cameras that the network was trained on."""
        return self.model.cameras

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """Nothing to forget: every decision rests on one image."""

    def perceive(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Curvature [1/m] and target speed [m/s] (both (B)) for images (B, H, W, 3).

        Those of several cameras are one `mosaic`. On a CPU, each image's answer is the same to the bit whatever else is
        in the batch.
        """
        curvature, speed = self._network.answer(images)
        settings = self.model.settings
        target = decode_quantile(speed, settings.speed_centres, SPEED_QUANTILE)
        return decode(curvature, settings.curvature_centres), target

    def attention(self, images: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """How much each pixel of images (B, H, W, 3) is looked at, (B, H, W) from 0 to 1; None where nobody can say."""
        return attention(self.model.network, images)

    def act(self, observation: Observation) -> NDArray[np.float32]:
        """Action (B, 2) float32 from the camera's image and the odometer's speed; NaN where there is no answer."""
        observation = observation.host()
        images = mosaic([observation.images(camera.name) for camera in self.cameras])
        active = observation.active
        if active is None:
            curvature, target = self.perceive(images)
        else:
            # Worlds that are done cost no network time.
            curvature, target = np.zeros((2, len(images)), np.float32)
            curvature[active], target[active] = self.perceive(images[active])
        action = np.zeros((len(curvature), 2), np.float32)
        speed = np.ascontiguousarray(observation.odometry[:, 0], np.float64)
        command_car("cpu", len(curvature), (action,), (curvature, target), (speed,), self.vehicle, HARDEST_BRAKING)
        return action
