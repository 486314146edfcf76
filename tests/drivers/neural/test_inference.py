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


class BatchSizeCounts(nn.Module):
    """A layer whose last bits depend on how many images there are, as a library's may."""

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Shift every number by a trace of the batch size."""
        return planes + 1e-6 * len(planes)


class PlaceCounts(nn.Module):
    """A layer whose last bits depend on a row's place, as a library's may for few outputs."""

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Shift every row by a trace of its place."""
        place = torch.arange(len(planes), dtype=torch.float32).view(-1, *[1] * (planes.dim() - 1))
        return planes + 1e-6 * place


def test_layers_that_depend_on_the_batch_size_or_on_a_row_s_place_are_found(images: np.ndarray) -> None:
    def tried(*layers: nn.Module) -> tuple[int, int]:
        return inference._batch_invariant(nn.Sequential(*layers), torch.from_numpy(images[:ROWS]))

    assert tried(nn.ReLU(), nn.Flatten(), nn.ReLU()) == (3, 3)
    assert tried(nn.ReLU(), BatchSizeCounts(), nn.ReLU()) == (1, 3)
    assert tried(nn.ReLU(), BatchSizeCounts(), PlaceCounts(), nn.ReLU()) == (1, 2)
    assert tried(PlaceCounts(), nn.ReLU()) == (0, 0)


@pytest.mark.parametrize("units", [1, 2, 10])
def test_answers_of_few_units_do_not_depend_on_batch_size(units: int, images: np.ndarray) -> None:
    """Products of few columns are added up in another order in other rows of the four."""
    torch.manual_seed(3)
    settings = NetworkSettings(channels=(4,) * 5, dense=(50, units), curvature_bins=1, speed_bins=1)
    driving = DrivingNetwork(build_network(settings), "cpu")
    together = driving.answer(images)
    for number, image in enumerate(images):
        assert all(one[0] == many[number] for one, many in zip(driving.answer(image[None]), together, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("stages", [(0, 0), (0, 18), (3, 3)])
def test_where_layers_depend_on_the_batch_answers_do_not(
    network: PilotNet, images: np.ndarray, stages: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "_batch_invariant", lambda *_: stages)
    test_neighbours_and_their_number_change_no_bit(network, images)
