"""A trained network at the wheel: an image in, a command out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.neural.attention import attention
from drive_sim.drivers.neural.decoding import HARDEST_BRAKING, SPEED_QUANTILE, command_car, decode, decode_quantile
from drive_sim.drivers.neural.inference import DrivingNetwork
from drive_sim.drivers.neural.memory import FrameMemory, StateMemory
from drive_sim.drivers.neural.model_folder import Model, load_model
from drive_sim.drivers.neural.registry import package_of
from drive_sim.sensors.camera.mosaic import mosaic
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters
from drive_sim.world.simulator import CONTROL_PERIOD

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
        settings = model.settings
        steps = settings.frame_steps(CONTROL_PERIOD)
        self._states = StateMemory(self._network, steps) if self._network.state_size else None
        self._frames = FrameMemory(settings.frames, steps)

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
        """Forget the earlier moments of the worlds of ``mask``, of which a network of one moment has none."""
        (self._states or self._frames).beginnings.reset(mask, batch_size)

    def perceive(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Curvature [1/m] and target speed [m/s] (both (B)) for images (B, H, W, 3).

        Those of several cameras are one `mosaic`, and so are several moments, the present one on top; one moment's are
        taken as if nothing else had ever been seen. On a CPU, each image's answer is the same to the bit whatever else
        is in the batch.
        """
        return self._decoded(*self._network.answer(self._moments(images)))

    def _decoded(
        self, curvature: NDArray[np.float32], speed: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Curvature and target speed (both (B)) of logits."""
        settings = self.model.settings
        target = decode_quantile(speed, settings.speed_centres, SPEED_QUANTILE)
        return decode(curvature, settings.curvature_centres), target

    def attention(self, images: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """How much each pixel of images (B, H, W, 3) is looked at, (B, H, W) from 0 to 1; None where nobody can say."""
        mask = attention(self.model.network, self._moments(images))
        return None if mask is None else mask[:, : images.shape[1]]

    def _moments(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Mosaics of as many moments as the network is given, of images that may show one alone."""
        settings = self.model.settings
        if images.shape[1] != settings.moment_size[0]:
            return images
        return mosaic([images] * settings.frames)

    def act(self, observation: Observation) -> NDArray[np.float32]:
        """Action (B, 2) float32 from the camera's image and the odometer's speed; NaN where there is no answer."""
        observation = observation.host()
        images = mosaic([observation.images(camera.name) for camera in self.cameras])
        active = observation.active
        if active is None:
            curvature, target = self.answer(observation, images, np.arange(len(images)))
        else:
            # Worlds that are done cost no network time.
            curvature, target = np.zeros((2, len(images)), np.float32)
            curvature[active], target[active] = self.answer(observation, images[active], np.flatnonzero(active))
        action = np.zeros((len(curvature), 2), np.float32)
        speed = np.ascontiguousarray(observation.odometry[:, 0], np.float64)
        command_car("cpu", len(curvature), (action,), (curvature, target), (speed,), self.vehicle, HARDEST_BRAKING)
        return action

    def answer(
        self, observation: Observation, images: NDArray[np.uint8], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As `perceive`, of the present ``images`` (n, H, W, 3) of the worlds ``rows``, and of what came before."""
        if self._states is not None:
            return self._decoded(*self._states.answer(observation, images, rows))
        return self.perceive(self._frames.look(observation, images, rows))
