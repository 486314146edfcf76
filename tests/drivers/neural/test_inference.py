"""A network answers the same to the bit in any company, and as PyTorch would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from drive_sim.compute.kernel import threads
from drive_sim.drivers.neural import inference
from drive_sim.drivers.neural.inference import ROWS, DrivingNetwork
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.pilotnet import PilotNet
from drive_sim.drivers.neural.settings import NetworkSettings


@pytest.fixture(params=["relu", "elu", "tanh"])
def network(request: pytest.FixtureRequest) -> PilotNet:
    torch.manual_seed(3)
    network = build_network(NetworkSettings(activation=request.param))
    network(torch.randint(0, 256, (16, 66, 200, 3), dtype=torch.uint8))  # moves the running statistics
    return network.eval()


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (12, 66, 200, 3), dtype=np.uint8)


@pytest.mark.slow
def test_answers_are_those_of_the_network(network: PilotNet, images: np.ndarray) -> None:
    curvature, speed = DrivingNetwork(network, "cpu").answer(images)
    with torch.no_grad():
        expected = network(torch.from_numpy(images))
    np.testing.assert_allclose(curvature, expected.curvature.numpy(), atol=1e-4)
    np.testing.assert_allclose(speed, expected.speed.numpy(), atol=1e-4)


def test_the_network_that_was_given_is_left_as_it_was(network: PilotNet, images: np.ndarray) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    DrivingNetwork(network, "cpu").answer(images)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.slow
def test_neighbours_and_their_number_change_no_bit(network: PilotNet, images: np.ndarray) -> None:
    driving, random = DrivingNetwork(network, "cpu"), np.random.default_rng(1)
    alone = [driving.answer(image[None]) for image in images]
    for count in range(1, 3 * ROWS):
        chosen = random.integers(0, len(images), count)
        together = driving.answer(images[chosen])
        for place, number in enumerate(chosen):
            assert all(np.array_equal(many[place], one[0]) for many, one in zip(together, alone[number], strict=True))


def test_the_program_s_own_torch_threads_are_left_alone(network: PilotNet, images: np.ndarray) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        # New threads: what they set must not hold for the program's own new threads.
        with threads(2), ThreadPoolExecutor(1) as others:
            DrivingNetwork(network, "cpu").answer(images)
            assert torch.get_num_threads() == 3
            assert others.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(before)


class CompanyCounts(nn.Module):
    """A layer whose last bits depend on how many images there are, as a library's may."""

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Shift every number by a trace of the batch size."""
        return planes + 1e-6 * len(planes)


def test_a_layer_that_minds_its_company_is_found(network: PilotNet, images: np.ndarray) -> None:
    trial = torch.from_numpy(images[:ROWS])
    assert inference._alike_in_any_company(nn.Sequential(nn.ReLU(), nn.Flatten(), nn.ReLU()), trial) == 3
    assert inference._alike_in_any_company(nn.Sequential(nn.ReLU(), CompanyCounts(), nn.ReLU()), trial) == 1


@pytest.mark.slow
def test_where_every_layer_minds_its_company_answers_are_the_same_all_the_same(
    network: PilotNet, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "_alike_in_any_company", lambda *_: 0)
    test_neighbours_and_their_number_change_no_bit(network, images)
