"""A driver of another package: it brakes."""

from __future__ import annotations

from typing import Any

import numpy as np


class BrakingDriver:
    """Wheels straight, full brake."""

    name = "toy-brake"
    privileged = False
    sensors = ("odometry",)
    controller = "toy-brake"

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """Nothing to forget."""

    def act(self, observation: Any) -> np.ndarray:
        """(B, 2) [steering, acceleration]."""
        return np.tile(np.array([0.0, -1.0], np.float32), (len(observation.host().odometry), 1))
