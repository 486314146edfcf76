"""A network of one's own, whole.

    drive-sim train runs/mine --recipe own_recipe.toml --output runs/tiny
    drive-sim train runs/mine --recipe small --network own_network.py:TinyNet --output runs/tiny

It sees one image and answers with two distributions: of the curvature to drive and of the speed to aim for.
"""

import torch
from torch import nn

from drive_sim.drivers.neural.networks import Answers, Network


class TinyNet(Network):
    """Strided convolutions, as many as `network.options.channels` has entries, and one layer on what they give."""

    def __init__(self, settings):
        super().__init__(settings)
        layers, before = [], 3
        for channels in settings.options.get("channels", [16, 32, 32]):
            layers += [nn.Conv2d(before, channels, 5, stride=3), nn.ELU()]
            before = channels
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        with torch.no_grad():
            units = self.convolutions(torch.zeros(1, 3, *settings.image_size)).numel()
        self.heads = nn.Linear(units, settings.curvature_bins + settings.speed_bins)

    def forward(self, images):
        """Logits for images (B, H, W, 3), uint8 RGB: (B, curvature_bins) and (B, speed_bins)."""
        planes = images.permute(0, 3, 1, 2).float() / 127.5 - 1.0
        logits = self.heads(self.convolutions(planes))
        return Answers(*logits.split([self.settings.curvature_bins, self.settings.speed_bins], 1))
