"""The recipe `paper`: PilotNet of Bojarski et al. 2016, whose answers are numbers instead of distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from drive_sim.drivers.neural.decoding import decode, decode_quantile
from drive_sim.drivers.neural.device_driver import ResidentDriver
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import Model
from drive_sim.drivers.neural.networks import Answers, build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.learner import Learner
from drive_sim.learning.recipe import load_recipe
from drive_sim.learning.views.source import Views
from drive_sim.sensors.camera.rig import CameraConfig

SETTINGS = load_recipe("paper", {"views": 8, "half_precision": False}).settings
NETWORK = SETTINGS.network


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(1)
    return Model(NETWORK, CameraConfig(), build_network(NETWORK).eval(), {}, "")


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 66, 200, 3), dtype=np.uint8)


def test_it_has_the_parameters_of_the_paper_and_one_more_number(model: Model) -> None:
    found = {name: tuple(tensor.shape) for name, tensor in model.network.state_dict().items()}
    assert found == NETWORK.weight_shapes()
    assert sum(parameter.numel() for parameter in model.network.parameters()) == 252_219 + 11


def test_a_single_bin_is_the_value_in_its_units() -> None:
    answers = np.array([[0.5], [-2.0], [np.nan]], np.float32)
    for values in (
        decode(answers, NETWORK.curvature_centres),
        decode_quantile(answers, NETWORK.curvature_centres, 0.35),
    ):
        assert values.tolist()[:2] == pytest.approx([0.075, -0.3])
        assert np.isnan(values[2])
    assert decode(answers, NETWORK.speed_centres).tolist()[:2] == pytest.approx([17.5, -70.0])


def test_both_drivers_answer_the_same_numbers_whatever_the_batch_size(model: Model, images: np.ndarray) -> None:
    host, device = NeuralDriver(model, "paper"), ResidentDriver(model, "cpu")
    together = host.perceive(images)
    with torch.no_grad():
        answers = model.network(torch.from_numpy(images))
    np.testing.assert_allclose(together[0], 0.15 * answers.curvature.numpy()[:, 0], atol=1e-5)
    np.testing.assert_allclose(together[1], 35.0 * answers.speed.numpy()[:, 0], atol=1e-3)
    for values, expected in zip(device.perceive(images), together, strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-4)
    for number, image in enumerate(images):
        assert all(one[0] == many[number] for one, many in zip(host.perceive(image[None]), together, strict=True))


@pytest.mark.slow
def test_the_loss_is_the_squared_error_in_units_of_the_largest_value() -> None:
    learner = Learner(SETTINGS, "cpu")
    nothing = np.zeros((2, 3), np.float32)
    curvature, speed = np.array([0.03, -0.15], np.float32), np.array([7.0, 35.0], np.float32)
    views = Views(np.zeros((2, 66, 200, 3), np.uint8), curvature, speed, nothing, nothing.astype(np.uint8), speed)
    losses = learner.losses(Answers(torch.tensor([[0.0], [-1.0]]), torch.tensor([[0.2], [0.5]])), views, slice(0, 2))
    assert losses.keys() == {"loss", "curvature_loss", "speed_loss"}
    assert float(losses["curvature_loss"]) == pytest.approx(0.5 * 0.2**2)
    assert float(losses["speed_loss"]) == pytest.approx(0.5 * 0.5**2)
    assert float(losses["loss"]) == pytest.approx(0.5 * 0.2**2 + SETTINGS.speed_weight * 0.5 * 0.5**2)


def test_a_network_without_auxiliary_heads_keeps_the_distributions() -> None:
    settings = NetworkSettings(channels=(4,) * 5, dense=(), future=0, seen=False)
    answers = build_network(settings)(torch.zeros(2, 66, 200, 3, dtype=torch.uint8))
    assert (answers.future, answers.seen) == (None, None)
    assert answers.curvature.shape == (2, 41)
