"""Parameters and multiply-accumulates of a network, against those counted by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from drive_sim.drivers.neural.cost import NetworkCost, network_cost
from drive_sim.drivers.neural.networks import Answers, Network, build_network
from drive_sim.drivers.neural.settings import NetworkSettings

pytestmark = pytest.mark.slow


class Recurrent(Network):
    """An LSTM over the mean of each channel, and one layer."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self.memory = nn.LSTM(3, 10)
        self.heads = nn.Linear(10, settings.curvature_bins + settings.speed_bins)

    def forward(self, images: Tensor) -> Answers:
        """See `Network`."""
        seen, _ = self.memory(images.float().mean((1, 2))[None])
        return Answers(*self.heads(seen[0]).split([self.settings.curvature_bins, self.settings.speed_bins], 1))


def test_work_is_that_of_the_layers_that_drive() -> None:
    settings = NetworkSettings(height=20, width=30, channels=(4,), kernels=(5,), strides=(2,), dense=(7,), future=2)
    network = build_network(settings)
    rows, columns = 8, 13
    convolution, dense = 4 * 3 * 5 * 5 * rows * columns, 7 * 4 * rows * columns
    heads = 7 * (settings.curvature_bins + settings.speed_bins)
    # Filters, their biases and gains; each dense layer and head with its biases; what is seen in a column.
    parameters = 4 * (3 * 5 * 5 + 1 + 1) + 7 * (4 * rows * columns + 1) + (7 + 1) * (41 + 15 + 2 * 41) + 13 * (4 + 1)
    assert network_cost(network) == NetworkCost(parameters, convolution + dense + heads)


def test_recurrent_layers_are_counted() -> None:
    network = Recurrent(NetworkSettings(curvature_bins=5, speed_bins=3))
    assert network_cost(network).multiply_accumulates == 4 * 10 * (3 + 10) + 10 * 8


def test_counting_leaves_a_network_as_it_is() -> None:
    network = build_network(NetworkSettings(channels=(4, 4, 4, 4, 4), dense=(8,)))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network_cost(network)
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
