"""Networks that other packages add: built by name, loaded with their package's name, driven batch-invariant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.inference import ROWS, DrivingNetwork
from drive_sim.drivers.neural.model_folder import load_model, save_model
from drive_sim.drivers.neural.networks import Answers, Network, build_network
from drive_sim.drivers.neural.registry import NETWORKS
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.sensors.camera.rig import CameraConfig

SETTINGS = NetworkSettings(name="toy-net", curvature_bins=5, speed_bins=4)


class ToyNet(Network):
    """Mean colours of a coarse grid, one layer."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self.heads = nn.Linear(3 * 4 * 8, settings.curvature_bins + settings.speed_bins)

    def forward(self, images: Tensor) -> Answers:
        """See `Network`."""
        planes = images.permute(0, 3, 1, 2).float() / 255.0
        logits = self.heads(nn.functional.adaptive_avg_pool2d(planes, (4, 8)).flatten(1))
        return Answers(*logits.split([self.settings.curvature_bins, self.settings.speed_bins], 1))


class Misshapen(ToyNet):
    """Answers one bin too few."""

    def forward(self, images: Tensor) -> Answers:
        """See `Network`."""
        return Answers(super().forward(images).curvature[:, 1:], super().forward(images).speed)


class Headless(ToyNet):
    """Answers no speed."""

    def forward(self, images: Tensor) -> Answers:
        """See `Network`."""
        return super().forward(images)._replace(speed=None)


class Failing(ToyNet):
    """Cannot be built."""

    def __init__(self, settings: NetworkSettings) -> None:
        raise RuntimeError("no such layer")


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, 66, 200, 3), dtype=np.uint8)


@pytest.fixture
def model(tmp_path: Path, add_entries: Any) -> Path:
    add_entries(NETWORKS, {"toy-net": ToyNet})
    torch.manual_seed(1)
    save_model(tmp_path / "model", build_network(SETTINGS), CameraConfig(), {}, "# a card\n")
    return tmp_path / "model"


def test_a_model_of_an_added_network_loads_again_and_answers_the_same(model: Path, images: np.ndarray) -> None:
    loaded = load_model(model)
    assert isinstance(loaded.network, ToyNet)
    with torch.no_grad():
        expected = loaded.network.eval()(torch.from_numpy(images))
    curvature, speed = DrivingNetwork(loaded.network, "cpu").answer(images)
    np.testing.assert_allclose(curvature, expected.curvature.numpy(), atol=1e-6)
    np.testing.assert_allclose(speed, expected.speed.numpy(), atol=1e-6)
    assert NeuralDriver.load(model).package == "toy_package:toy_net"


def test_answers_do_not_depend_on_batch_size(model: Path, images: np.ndarray) -> None:
    driving = DrivingNetwork(load_model(model).network, "cpu")
    alone = [driving.answer(image[None]) for image in images]
    for count in range(1, 2 * ROWS + 1):
        together = driving.answer(images[:count])
        for k in range(count):
            assert all(np.array_equal(many[k], one[0]) for many, one in zip(together, alone[k], strict=True))


def test_a_network_drives_without_dropout_and_is_left_in_training(images: np.ndarray) -> None:
    class Dropping(ToyNet):
        def forward(self, images: Tensor) -> Answers:
            answers = super().forward(images)
            return answers._replace(curvature=nn.functional.dropout(answers.curvature, 0.5, self.training))

    network = Dropping(SETTINGS).train()
    curvature, _ = DrivingNetwork(network, "cpu").answer(images)
    assert np.all(curvature != 0.0)
    assert network.training


def test_a_model_of_a_missing_package_names_the_package_and_the_network(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NETWORKS, "_added", {})
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    (model / "config.json").write_text(json.dumps(config | {"package": "toy-package 1.2"}), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_model(model)
    assert str(error.value) == (
        f"{model / 'config.json'}: network.name: 'toy-net' is a network of the package toy-package 1.2, which is not "
        "installed; install toy-package"
    )


def test_a_model_of_our_own_network_names_no_package(tmp_path: Path) -> None:
    small = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
    save_model(tmp_path, build_network(small), CameraConfig(), {}, "# a card\n")
    assert "package" not in json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert NeuralDriver.load(tmp_path).package is None


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (Misshapen, r"answers curvature of shape \(1, 4\) to one image, not \(1, 5\)"),
        (Headless, "answers no speed"),
        (Failing, "RuntimeError: no such layer"),
        (lambda settings: nn.Linear(2, 2), "is a Linear, not a Network"),
        (lambda settings: 12, "is a int, not a Network"),
        (None, "cannot be loaded from toy_package:toy_net"),
    ],
)
def test_a_network_that_cannot_be_used_is_one_line_that_names_its_package(
    add_entries: Any, network: Any, told: str
) -> None:
    add_entries(NETWORKS, {"toy-net": network})
    with pytest.raises(InputError, match=rf"^network toy-net: ({told}).*; mend .*toy_package:toy_net"):
        build_network(SETTINGS)


def test_networks_are_built_for_training_with_weights_in_channels_last_layout(add_entries: Any) -> None:
    add_entries(NETWORKS, {"toy-net": ToyNet})
    small = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
    for network in (build_network(SETTINGS), build_network(small)):
        assert all(module.training for module in network.modules())
    kernels = [weights for weights in build_network(small).parameters() if weights.dim() == 4 and weights.shape[1] > 1]
    assert kernels and all(weights.is_contiguous(memory_format=torch.channels_last) for weights in kernels)


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(
        InputError, match=r"'toy-net' is not a network; use pilotnet, stack, recurrent, FILE\.py:Class, module:Class"
    ):
        SETTINGS.check("--network")
