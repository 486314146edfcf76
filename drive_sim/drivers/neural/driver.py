"""A trained network at the wheel, and the folder that holds it.

A model folder has ``config.json`` (schema, network, camera, how it was trained), ``weights.safetensors`` and
``README.md`` (the model card). Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from drive_sim.base.errors import InputError
from drive_sim.base.files import replace_file
from drive_sim.compute.kernel import kernel
from drive_sim.drivers.neural.inference import DrivingNetwork
from drive_sim.drivers.neural.networks import Network, NetworkSettings, build_network, decode, decode_quantile
from drive_sim.drivers.neural.registry import NETWORKS
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters, acceleration_command, steering_command

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation

SCHEMA = 2
"""1 had batch norms."""
SPEED_TIME = 0.7
"""Time in which the speed controller closes the gap to the target speed [s]."""
HARDEST_BRAKING = 8.0
"""Deceleration that it asks for at most [m/s²]."""
SPEED_QUANTILE = 0.35
"""Of the speeds that the network thinks possible, the one driven: too fast costs more than too slow."""


@dataclass(frozen=True)
class Model:
    """A network with everything needed to drive with it."""

    settings: NetworkSettings
    camera: CameraConfig
    network: Network
    training: dict[str, Any]
    hash: str
    """First 16 hexadecimal digits of the SHA-256 of the weights' file."""


def save_model(folder: Path, network: Network, camera: CameraConfig, training: dict[str, Any], card: str) -> None:
    """Write a model folder; each file complete before it gets its name."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "schema": SCHEMA,
        "network": network.settings.to_dict(),
        "camera": camera.to_dict(),
        "training": training,
    }
    package = NETWORKS.origin(network.settings.name)
    if package:
        config["package"] = package
    weights = {name: tensor.detach().contiguous().cpu() for name, tensor in network.state_dict().items()}
    # Written by Python, so that the umask decides who may read it: save_file makes files of mode 0600.
    replace_file(folder / "weights.safetensors", save(weights))
    replace_file(folder / "README.md", card)
    replace_file(folder / "config.json", json.dumps(config, indent=1, allow_nan=False) + "\n")


def load_model(folder: Path) -> Model:
    """Read a model folder; InputError names the file, the field and the mend when it cannot be used."""
    config_path, weights_path = folder / "config.json", folder / "weights.safetensors"
    if not folder.is_dir():
        raise InputError(folder, "", "is not a model folder", "give a folder that holds config.json and weights")
    for path in (config_path, weights_path):
        if not path.is_file():
            raise InputError(path, "", "is missing", "train the model again or copy the whole folder")
    try:
        config = json.loads(config_path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(config_path, "", f"is not JSON ({error})", "copy the file again") from None
    if not isinstance(config, dict):
        raise InputError(config_path, "", "is not a JSON object", "copy the file again")
    if config.get("schema") != SCHEMA:
        raise InputError(config_path, "schema", f"is {config.get('schema')!r}", f"train again: {SCHEMA} is read")
    for key in ("network", "camera"):
        if not isinstance(config.get(key), dict):
            raise InputError(config_path, key, "is missing", "copy the file again or train the model again")
    _check_package(config, config_path)
    settings = NetworkSettings.from_dict(config["network"], str(config_path))
    camera = CameraConfig.from_dict(config["camera"], str(config_path))
    network = build_network(settings)
    try:
        weights = load_file(weights_path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(weights_path, "", f"cannot be read ({error})", "copy the file again") from None
    expected = network.state_dict()
    for name, tensor in expected.items():
        if name not in weights:
            raise InputError(weights_path, name, "is missing", "use weights and config.json of the same training")
        if weights[name].shape != tensor.shape:
            raise InputError(
                weights_path,
                name,
                f"has shape {tuple(weights[name].shape)}, config.json asks for {tuple(tensor.shape)}",
                "use weights and config.json of the same training",
            )
    network.load_state_dict({name: weights[name] for name in expected})
    digest = hashlib.sha256(weights_path.read_bytes()).hexdigest()[:16]
    return Model(settings, camera, network, config.get("training", {}), digest)


def _check_package(config: dict[str, Any], path: Path) -> None:
    """InputError if the network is one of another package that is not installed."""
    name, package = config["network"].get("name"), config.get("package")
    if isinstance(package, str) and package and name not in NETWORKS:
        problem = f"{name!r} is a network of the package {package}, which is not installed"
        raise InputError(path, "network.name", problem, f"install {package.split()[0]}")


@kernel(grain=2048)
def command_car(b, out, wish, speed, vehicle, hardest):
    """Curvature [1/m] and target speed [m/s] to the action of world b."""
    curvature, target = wish[0][b], wish[1][b]
    out[0][b, 0] = steering_command(vehicle, curvature, speed[0][b])
    acceleration = (target - speed[0][b]) / SPEED_TIME
    acceleration = min(max(acceleration, -hardest), 2.5)
    out[0][b, 1] = acceleration_command(vehicle, acceleration, speed[0][b])


class NeuralDriver:
    """Drives by a model: one image in, curvature and target speed out, then the car's own inverse maps."""

    privileged = False
    sensors: tuple[str, ...] = ("camera", "odometry")
    controller = "model"

    def __init__(self, model: Model, name: str, device: str = "cpu", vehicle: VehicleParameters = BMW_320I) -> None:
        self.name, self.model, self.device, self.vehicle = name, model, device, vehicle
        self.hash, self.package = model.hash, NETWORKS.origin(model.settings.name) or None
        self._network = DrivingNetwork(model.network, device)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> NeuralDriver:
        """The driver of a model folder."""
        return cls(load_model(folder), folder.resolve().name, device)

    @property
    def camera(self) -> CameraConfig:
        """The camera that the network was trained on; the simulator's must be the same."""
        return self.model.camera

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """Nothing to forget: every decision rests on one image."""

    def perceive(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Curvature [1/m] and target speed [m/s] (both (B)) for images (B, H, W, 3).

        On a CPU, each image's answer is the same to the bit whatever else is in the batch.
        """
        curvature, speed = self._network.answer(images)
        settings = self.model.settings
        target = decode_quantile(speed, settings.speed_centres, SPEED_QUANTILE)
        return decode(curvature, settings.curvature_centres), target

    def act(self, observation: Observation) -> NDArray[np.float32]:
        """Action (B, 2) float32 from the front camera's image and the odometer's speed."""
        observation = observation.host()
        images, active = observation.camera["front"], observation.active
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
