"""The folder that holds a trained network: written whole, and believed only as far as it fits together.

A model folder has ``config.json`` (schema, network and its cost, camera, how it was trained), ``weights.safetensors``
and ``README.md`` (the model card). Nothing is ever unpickled, and nothing is built before the settings are in range and
the shapes in the weights' header are those of the network. No code is executed out of a model folder, and that of the
user's own network only as long as it is what the model was trained with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from drive_sim.base.errors import InputError
from drive_sim.base.files import replace_file
from drive_sim.base.json import read_json
from drive_sim.base.references import file_of, sha256_of, split_reference
from drive_sim.drivers.neural.cost import NetworkCost
from drive_sim.drivers.neural.networks import Network, build_network
from drive_sim.drivers.neural.registry import NETWORKS, is_ours, package_of
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.sensors.camera.rig import CameraConfig

SCHEMA = 2
"""1 had batch norms."""
MOST_TEXT = 2**20
"""Bytes that config.json may have."""
WEIGHT_TYPES = ("F16", "BF16", "F32", "F64")
"""Types of numbers that weights may have, as safetensors names them."""
COPY_AGAIN = "copy the file again or train the model again"
SAME_TRAINING = "use weights and config.json of the same training"


@dataclass(frozen=True)
class Model:
    """A network with everything needed to drive with it."""

    settings: NetworkSettings
    camera: CameraConfig
    network: Network
    training: dict[str, Any]
    hash: str
    """First 16 hexadecimal digits of the SHA-256 of the weights' file."""
    more_cameras: tuple[CameraConfig, ...] = ()
    """Cameras beside the first."""

    @property
    def cameras(self) -> tuple[CameraConfig, ...]:
        """Every camera that it drives from, the first one first."""
        return (self.camera, *self.more_cameras)


def save_model(
    folder: Path,
    network: Network,
    camera: CameraConfig,
    training: dict[str, Any],
    card: str,
    cost: NetworkCost | None = None,
    more_cameras: Sequence[CameraConfig] = (),
) -> None:
    """Write a model folder; each file complete before it gets its name."""
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "schema": SCHEMA,
        "network": network.settings.to_dict(),
        "camera": camera.to_dict(),
        "training": training,
    }
    if more_cameras:
        config["more_cameras"] = [each.to_dict() for each in more_cameras]
    if cost:
        config["cost"] = asdict(cost)
    package = package_of(network.settings.name)
    if package:
        config["package"] = package
    if network.origin:
        config["source"] = {"file": network.origin.file, "sha256": network.origin.sha256}
    weights = {name: tensor.detach().contiguous().cpu() for name, tensor in network.state_dict().items()}
    # Written by Python, so that the umask decides who may read it: save_file makes files of mode 0600.
    replace_file(folder / "weights.safetensors", save(weights))
    replace_file(folder / "README.md", card)
    replace_file(folder / "config.json", json.dumps(config, indent=1, allow_nan=False) + "\n")


def load_model(folder: Path) -> Model:
    """Read a model folder; InputError names the file, the field and the hint when it cannot be used."""
    config_path, weights_path = folder / "config.json", folder / "weights.safetensors"
    if not folder.is_dir():
        raise InputError(folder, "", "is not a model folder", "give a folder that holds config.json and weights")
    for path in (config_path, weights_path):
        if not path.is_file():
            raise InputError(path, "", "is missing", "train the model again or copy the whole folder")
    config = _read_config(config_path)
    _check_package(config, config_path)
    _check_source(config, config_path)
    settings = NetworkSettings.from_dict(config["network"], str(config_path))
    camera = CameraConfig.from_dict(config["camera"], str(config_path))
    for size in ("height", "width"):
        ours, theirs = getattr(settings, size), getattr(camera, size)
        if ours != theirs:
            raise InputError(config_path, f"network.{size}", f"is {ours}, camera.{size} is {theirs}", "make them equal")
    more = _more_cameras(config, settings, config_path)
    network = _with_weights(settings, weights_path)
    digest = hashlib.sha256(weights_path.read_bytes()).hexdigest()[:16]
    return Model(settings, camera, network, config["training"], digest, more)


def _more_cameras(config: dict[str, Any], settings: NetworkSettings, path: Path) -> tuple[CameraConfig, ...]:
    """The cameras beside the first; InputError unless they are those that the network looks through."""
    tables = config.get("more_cameras", [])
    if not isinstance(tables, list):
        raise InputError(path, "more_cameras", "is not a list", COPY_AGAIN)
    cameras = tuple(CameraConfig.from_dict(table, f"{path} more_cameras.{n}") for n, table in enumerate(tables))
    sizes = tuple((camera.height, camera.width) for camera in cameras)
    if sizes != settings.more_images:
        problem = f"is {settings.more_images}, more_cameras have {sizes}"
        raise InputError(path, "network.more_images", problem, "make them equal")
    return cameras


def _with_weights(settings: NetworkSettings, path: Path) -> Network:
    """The network of the settings with the weights of a file; the caller's random numbers of torch are left alone."""
    # Weights are drawn at random before those of the file take their place.
    with torch.random.fork_rng([]):
        if is_ours(settings.name):
            weights = read_tensors(path, settings.weight_shapes(), WEIGHT_TYPES)
            network = build_network(settings)
        else:
            network = build_network(settings)
            shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
            weights = read_tensors(path, shapes)
    network.load_state_dict(weights)
    return network


def read_tensors(
    path: Path, expected: Mapping[str, Sequence[int]], kinds: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """The tensors of the ``expected`` names and shapes out of a safetensors file, of which others are left alone.

    Raises
    ------
    InputError
        The file cannot be read, or its header names other shapes, or types of numbers that are not among ``kinds``
        (None: any); then nothing but the header has been read.
    """
    try:
        with safe_open(path, "pt") as file:
            names = set(file.keys())
            for name, shape in expected.items():
                if name not in names:
                    raise InputError(path, name, "is missing", SAME_TRAINING)
                found = file.get_slice(name)
                if tuple(found.get_shape()) != tuple(shape):
                    problem = f"has shape {tuple(found.get_shape())}, its network asks for {tuple(shape)}"
                    raise InputError(path, name, problem, SAME_TRAINING)
                if kinds is not None and found.get_dtype() not in kinds:
                    problem = f"holds {found.get_dtype()}, not {' or '.join(kinds)}"
                    raise InputError(path, name, problem, SAME_TRAINING)
            return {name: file.get_tensor(name) for name in expected}
    except (SafetensorError, OSError) as error:
        raise InputError(path, "", f"cannot be read ({error})", "copy the file again") from None


def _read_config(path: Path) -> dict[str, Any]:
    """What ``config.json`` holds: a schema that is read, and tables for network, camera and training."""
    if path.stat().st_size > MOST_TEXT:
        raise InputError(path, "", f"has more than {MOST_TEXT} bytes", "copy the file again")
    config = read_json(path)
    try:
        json.dumps(config, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(path, "", "holds text that is not Unicode", "copy the file again") from None
    if config.get("schema") != SCHEMA:
        raise InputError(path, "schema", f"is {config.get('schema')!r}", f"train again: {SCHEMA} is read")
    config.setdefault("training", {})
    for key in ("network", "camera", "training"):
        if key not in config:
            raise InputError(path, key, "is missing", COPY_AGAIN)
        if not isinstance(config[key], dict):
            raise InputError(path, key, "is not a table", COPY_AGAIN)
    if not isinstance(config["training"].get("settings", {}), dict):
        raise InputError(path, "training.settings", "is not a table", COPY_AGAIN)
    return config


def _check_package(config: dict[str, Any], path: Path) -> None:
    """InputError if the network is one of another package that is not installed."""
    name, package = config["network"].get("name"), config.get("package")
    if isinstance(package, str) and package.split() and name not in NETWORKS:
        problem = f"{name!r} is a network of the package {package}, which is not installed"
        raise InputError(path, "network.name", problem, f"install {package.split()[0]}")


def _check_source(config: dict[str, Any], path: Path) -> None:
    """InputError unless the file of the user's own network is there, is as it was, and is not the model folder's."""
    name, source = config["network"].get("name"), config.get("source")
    if not isinstance(name, str) or name in NETWORKS or split_reference(name) is None:
        return
    recorded = source.get("sha256") if isinstance(source, dict) else None
    if not isinstance(recorded, str):
        raise InputError(path, "source.sha256", f"is missing, and {name} is not drive_sim's own", COPY_AGAIN)
    file = file_of(name, f"{path}: network.name")
    if file.resolve().is_relative_to(path.parent.resolve()):
        problem = f"{file} lies in the model's folder, out of which no code is executed"
        raise InputError(path, "network.name", problem, "keep the network's file elsewhere, and train the model again")
    found = sha256_of(file)
    if found != recorded:
        problem = f"has changed since {path.parent} was trained: its SHA-256 was {recorded:.16} and is {found:.16}"
        raise InputError(file, "", problem, "restore it, or train the model again")
