"""Model folders that are wrong in any way: a model or one clear line, and soon, before anything large is built."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.model_folder import load_model, save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.sensors.camera.rig import CameraConfig
from tests.base.mutations import count, try_mutations

SMALL = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
OTHER = NetworkSettings(
    height=40, width=64, channels=(4, 6), kernels=(5, 4), strides=(3, 2), dense=(), speed_bins=2, future=1
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    training = {"settings": {"views": 96, "batch": 32}, "episodes": 3, "minutes": 1.5}
    save_model(tmp_path / "model", build_network(SMALL), CameraConfig(), training, "# a card\n")
    return tmp_path / "model"


@pytest.mark.parametrize("settings", [NetworkSettings(), SMALL, OTHER])
def test_the_shapes_that_settings_tell_are_those_of_the_network(settings: NetworkSettings) -> None:
    built = {name: tuple(tensor.shape) for name, tensor in build_network(settings).state_dict().items()}
    assert settings.weight_shapes() == built


def test_a_mutated_config_is_read_or_refused_in_one_line(model: Path) -> None:
    refused = try_mutations(model / "config.json", lambda path: load_model(path.parent), count(1000), as_document=True)
    assert refused > 0


def test_mutated_weights_are_read_or_refused_in_one_line(model: Path) -> None:
    assert try_mutations(model / "weights.safetensors", lambda path: load_model(path.parent), count(400)) > 0


def test_a_mutated_header_of_weights_is_read_or_refused_in_one_line(model: Path) -> None:
    weights = model / "weights.safetensors"
    right = weights.read_bytes()
    size = struct.unpack("<Q", right[:8])[0]
    header, numbers = json.loads(right[8 : 8 + size]), right[8 + size :]
    place = model / "header.json"
    place.write_text(json.dumps(header), encoding="utf-8")

    def read(path: Path) -> Any:
        text = path.read_bytes()
        weights.write_bytes(struct.pack("<Q", len(text)) + text + numbers)
        return load_model(model)

    assert try_mutations(place, read, count(600), as_document=True) > 0


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("height", 10**9, "network.height: 1000000000: input should be less than or equal to 4096"),
        ("height", 66.0, "network.height: 66.0: input should be a valid integer"),
        ("height", True, "network.height: True: input should be a valid integer"),
        ("height", 80, "network.height: is 80, camera.height is 66"),
        ("channels", [10**9] * 5, "network.channels.0: 1000000000: input should be less than or equal to 4096"),
        ("channels", "24", "network.channels: '24': input should be a valid array"),
        ("channels", [1] * 1000, "network.channels: "),
        ("kernels", [5, 5, 5, 3, 60], "network.kernels.4: is larger than what it looks at"),
        ("strides", [0, 2, 2, 1, 1], "network.strides.0: 0: input should be greater than or equal to 1"),
        ("dense", [65536, 65536], "network: has more than 134217728 weights"),
        ("dropout", 1.5, "network.dropout: 1.5: input should be less than 1"),
        ("speed_max", float("nan"), "is not JSON (NaN is no number of JSON)"),
        ("speed_max", 1e308, "network.speed_max: 1e+308: input should be less than or equal to 200"),
        ("curvature_spread", 0.0, "network.curvature_spread: 0.0: input should be greater than 0"),
        ("activation", None, "network.activation: None: input should be"),
        ("future", 0, "network.future: 0: input should be greater than or equal to 1"),
        ("dense", [24, 16], "dense.0.weight: has shape (16, 144), its network asks for (24, 144)"),
    ],
)
def test_an_impossible_network_is_refused_before_it_is_built(
    model: Path, monkeypatch: pytest.MonkeyPatch, field: str, value: Any, complaint: str
) -> None:
    monkeypatch.setattr("drive_sim.drivers.neural.model_folder.build_network", unexpected)
    config = json.loads((model / "config.json").read_text())
    config["network"][field] = value
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError) as caught:
        load_model(model)
    assert complaint in str(caught.value) and str(model) in str(caught.value)


def test_a_network_whose_layers_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(InputError, match=r"x: network\.kernels\.0: gives more than 134217728 numbers for an image"):
        NetworkSettings(height=4096, width=4096, channels=(64, 8, 8, 8, 8)).check("x")


def unexpected(*_: Any) -> Any:
    raise AssertionError("nothing may be built of wrong settings")


@pytest.mark.parametrize("value", [None, [], "x", 3])
@pytest.mark.parametrize("place", ["training", "training.settings", "network", "camera"])
def test_a_part_of_the_config_that_is_no_table_is_named(model: Path, place: str, value: Any) -> None:
    config = json.loads((model / "config.json").read_text())
    first, _, second = place.partition(".")
    if second:
        config[first][second] = value
    else:
        config[first] = value
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=f"config.json: {place}: is not a table"):
        load_model(model)
