"""What a network costs: its parameters, and the multiply-accumulates of one image."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from drive_sim.drivers.neural.networks import Network


@dataclass(frozen=True)
class NetworkCost:
    """Size and work of a network."""

    parameters: int
    """Numbers that are learnt, those of heads that only training asks for too."""
    multiply_accumulates: int
    """Products of matrices and convolutions for one step as the network drives; activations are not counted."""


def network_cost(network: Network) -> NetworkCost:
    """Parameters, and multiply-accumulates of its driving layers, of a network, which is left as it is."""
    copied, settings = copy.deepcopy(network).cpu().eval(), network.settings
    layers = nn.Sequential(*copied.driving_layers())
    carrying = copied.carrying_layer() if network.state_size else None
    planes = torch.zeros(1, 3, *(settings.moment_size if carrying else settings.image_size))
    with warnings.catch_warnings(), torch.no_grad():
        # Setting oneDNN's flags warns of those that only other processors have.
        warnings.simplefilter("ignore")
        # Its recurrent layers would hide their matrices from the counter.
        with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
            seen = layers(planes)
            if carrying:
                carrying(seen, torch.zeros(1, network.state_size))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return NetworkCost(parameters, counter.get_total_flops() // 2)
