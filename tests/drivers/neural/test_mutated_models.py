"""Model folders that are wrong in any way: a model or one clear line, and soon, before anything large is built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.model_folder import load_model, save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.sensors.camera.rig import CameraConfig
from tests.base.mutations import count, mutate_bytes, mutate_document, mutate_json, try_mutations

SMALL = NetworkSettings(channels=(4, 4, 4, 4, 8), dense=(16, 16))
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


def mutate_weights(data: bytes, seed: int) -> bytes:
    """A safetensors file with the bytes of all of it, or its header as a document, mutated."""
    if seed % 2:
        return mutate_bytes(data, seed)
    length = int.from_bytes(data[:8], "little")
    header = mutate_document(json.loads(data[8 : 8 + length]), seed)
    wrong = json.dumps(header).encode("utf-8", "surrogatepass")
    return len(wrong).to_bytes(8, "little") + wrong + data[8 + length :]


@pytest.mark.slow
def test_a_mutated_config_is_read_or_refused_in_one_line(model: Path) -> None:
    path = model / "config.json"
    assert try_mutations(path, lambda path: load_model(path.parent), count(1000), mutate_json) > 0


@pytest.mark.slow
def test_mutated_weights_are_read_or_refused_in_one_line(model: Path) -> None:
    path = model / "weights.safetensors"
    assert try_mutations(path, lambda path: load_model(path.parent), count(1000), mutate_weights) > 0


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
        ("speed_max", float("nan"), "is not JSON (NaN is not JSON"),
        ("speed_max", 1e308, "network.speed_max: 1e+308: input should be less than or equal to 200"),
        ("curvature_spread", 0.0, "network.curvature_spread: 0.0: input should be greater than 0"),
        ("activation", None, "network.activation: None: input should be"),
        ("future", -1, "network.future: -1: input should be greater than or equal to 0"),
        ("dense", [24, 16], "dense.0.weight: has shape (16, 144), its network asks for (24, 144)"),
    ],
)
@pytest.mark.slow
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
