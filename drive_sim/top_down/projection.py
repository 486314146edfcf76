"""Where the world's points are in an image from above."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Eye:
    """Where the world's points are on a surface: the car at ``ego_height``, direction ``up`` [rad] upwards."""

    def __init__(self, x: float, y: float, up: float, scale: float, size: tuple[int, int], ego_height: float) -> None:
        self.x, self.y, self.up = x, y, up
        self.origin = np.array([size[0] / 2, size[1] * ego_height])
        c, s = math.cos(up), math.sin(up)
        self.turn = scale * np.array([[s, -c], [-c, -s]])

    def pixels(self, points: Floats) -> Floats:
        """Pixels (..., 2) of world points (..., 2) [m]."""
        return (points - (self.x, self.y)) @ self.turn + self.origin
