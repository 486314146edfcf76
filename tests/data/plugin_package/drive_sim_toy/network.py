"""A network of another package."""

from __future__ import annotations

from torch import Tensor, nn

from drive_sim.drivers.neural.networks import Answers, Network
from drive_sim.drivers.neural.settings import NetworkSettings

ROWS, COLUMNS = 6, 20


class GridNetwork(Network):
    """Mean colours of a coarse grid, and one layer."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self.heads = nn.Linear(3 * ROWS * COLUMNS, settings.curvature_bins + settings.speed_bins)

    def forward(self, images: Tensor) -> Answers:
        """Answers to images (B, H, W, 3)."""
        planes = images.permute(0, 3, 1, 2).float() / 127.5 - 1.0
        logits = self.heads(nn.functional.adaptive_avg_pool2d(planes, (ROWS, COLUMNS)).flatten(1))
        curvature, speed = logits.split([self.settings.curvature_bins, self.settings.speed_bins], 1)
        return Answers(curvature, speed)
