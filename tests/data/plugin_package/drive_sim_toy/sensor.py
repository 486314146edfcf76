"""A sensor of another package: what a dashboard shows, which is more than the car drives."""

from __future__ import annotations

from typing import Any

import numpy as np

from drive_sim.compute.kernel import to_device, to_host
from drive_sim.compute.randomness import random_normal
from drive_sim.sensors.configuration import NotNegative, configuration

STREAM = 1000
LARGEST = 500.0


@configuration("toy-speedometer")
class SpeedometerConfig:
    """A speedometer with a pointer that trembles."""

    lead: NotNegative = 0.05
    """Share by which it shows too much [1]."""
    tremble: NotNegative = 0.2
    """Standard deviation of a reading [km/h]."""


class Speedometer:
    """The speedometers of B cars: float32 (B, 1) speed [km/h]."""

    Config = SpeedometerConfig

    def __init__(self, config: SpeedometerConfig, *, device: str, period: float) -> None:
        self.config, self.device = config, device

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest reading of one world, float32 (1)."""
        return np.zeros(1, np.float32), np.full(1, LARGEST, np.float32)

    def reset(self, batch: int, mask: Any = None) -> None:
        """A speedometer remembers nothing."""

    def sense(self, simulator: Any) -> Any:
        """One reading of every world."""
        seeds, steps = to_host(simulator.world.seed), to_host(simulator.state.step)
        noise = [random_normal(seed, STREAM, step, 0) for seed, step in zip(seeds, steps, strict=True)]
        shown = 3.6 * (1.0 + self.config.lead) * to_host(simulator.state.speed) + self.config.tremble * np.array(noise)
        return to_device(self.device, np.clip(shown, 0.0, LARGEST).astype(np.float32)[:, None])
