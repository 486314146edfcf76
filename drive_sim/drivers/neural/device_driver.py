"""A trained network at the wheel of a batch whose images, answers and commands never leave the device.

`NeuralDriver` looks at images on the host and answers there, which a rollout with observers needs. On a GPU the way
there and back costs more than the network; who only steps worlds (a benchmark, reinforcement learning) drives so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from drive_sim.base.errors import InputError
from drive_sim.compute.device import as_array, as_tensor, torch_device
from drive_sim.compute.kernel import Kernel, allocate, to_device
from drive_sim.drivers.neural.decoding import (
    CURVATURE_REACH,
    HARDEST_BRAKING,
    SPEED_QUANTILE,
    command_car,
    decode_quantile_row,
    decode_row,
)
from drive_sim.drivers.neural.inference import DrivingNetwork, mosaic_of_tensors
from drive_sim.drivers.neural.model_folder import Model
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation


class ResidentDriver:
    """Drives by a model as `NeuralDriver` does, by device arrays.

    Parameters
    ----------
    model
        The network and its camera.
    device
        That of the simulator and its sensors: "cuda", or "cpu".

    Raises
    ------
    InputError
        The network looks at several moments.
    """

    privileged = False
    sensors: tuple[str, ...] = ("camera", "odometry")
    controller = "model"

    def __init__(self, model: Model, device: str, vehicle: VehicleParameters = BMW_320I) -> None:
        if model.settings.frames > 1:
            problem = f"is {model.settings.frames}, and a driver on the device sees one moment"
            raise InputError("model", "network.frames", problem, "drive it as NeuralDriver, or on the CPU")
        self.model, self.device, self.vehicle = model, device, vehicle
        self._network = DrivingNetwork(model.network, torch_device(device))
        self._curvatures = (to_device(device, model.settings.curvature_centres),)
        self._speeds = (to_device(device, model.settings.speed_centres),)

    def act(self, observation: Observation) -> Any:
        """Action as `NeuralDriver.act`, float32 (B, 2) on the device."""
        batch, seen = observation.batch_size, [observation.images(camera.name) for camera in self.model.cameras]
        if len(seen) > 1:
            seen = [as_array(mosaic_of_tensors([as_tensor(image) for image in seen]))]
        wish = self.perceive(seen[0])
        speed = as_array(as_tensor(observation.odometry)[:, 0].double().contiguous())
        action = self._values((batch, 2))
        command_car(self.device, batch, (action,), wish, (speed,), self.vehicle, HARDEST_BRAKING)
        return action

    def perceive(self, images: Any) -> tuple[Any, Any]:
        """Curvature [1/m] and target speed [m/s] (both (B), on the device) for images (B, H, W, 3) that lie there."""
        logits, bins = self._network.logits(as_tensor(images)), self.model.settings.curvature_bins
        curvature = self._decoded(decode_row, logits[:, :bins], self._curvatures, CURVATURE_REACH)
        return curvature, self._decoded(decode_quantile_row, logits[:, bins:], self._speeds, SPEED_QUANTILE)

    def _decoded(self, decoder: Kernel, logits: Any, centres: tuple[Any], how: float) -> Any:
        values = self._values((len(logits),))
        decoder(self.device, len(logits), (values,), (as_array(logits.contiguous()),), centres, how)
        return values

    def _values(self, shape: tuple[int, ...]) -> Any:
        return allocate(self.device, shape, np.float32)
