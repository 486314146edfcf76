"""A lens's distortion, in OpenCV's model: three radial and two tangential coefficients.

Points are (x, y) at depth 1: x right and y down, as in OpenCV. The formula is that of OpenCV's "Camera Calibration
and 3D Reconstruction" (after Brown, "Decentering distortion of lenses", 1966).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ITERATIONS = 25


class Distortion(NamedTuple):
    """Coefficients in OpenCV's order; all zero is a pinhole."""

    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k3: float = 0.0

    @property
    def rim(self) -> float:
        """Radius up to which the radial part grows: farther out the model would fold the image back on itself."""
        # In u = 1 / r², so that coefficients near zero put the rim far away instead of dividing by them.
        roots = np.roots([1.0, 3.0 * self.k1, 5.0 * self.k2, 7.0 * self.k3])
        inverse = [float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > 1e-9]
        return math.sqrt(1.0 / max(inverse)) if inverse else math.inf

    def bend(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Where the lens shows points; what lies beyond the rim is shown at the rim, in its direction."""
        radius = np.hypot(x, y)
        inward = np.minimum(self.rim / np.maximum(radius, 1e-12), 1.0)
        return self._bend(x * inward, y * inward)

    def _bend(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        squared = x * x + y * y
        radial = 1.0 + squared * (self.k1 + squared * (self.k2 + squared * self.k3))
        return (
            x * radial + 2.0 * self.p1 * x * y + self.p2 * (squared + 2.0 * x * x),
            y * radial + self.p1 * (squared + 2.0 * y * y) + 2.0 * self.p2 * x * y,
        )

    def straighten(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """The points that the lens shows at (x, y), by Newton's method; nan where there is none."""
        u, v = np.array(x, float), np.array(y, float)
        with np.errstate(all="ignore"):
            for _ in range(_ITERATIONS):
                a, b = self._bend(u, v)
                squared = u * u + v * v
                radial = 1.0 + squared * (self.k1 + squared * (self.k2 + squared * self.k3))
                slope = 2.0 * (self.k1 + squared * (2.0 * self.k2 + squared * 3.0 * self.k3))
                uu = radial + u * u * slope + 2.0 * self.p1 * v + 6.0 * self.p2 * u
                vv = radial + v * v * slope + 6.0 * self.p1 * v + 2.0 * self.p2 * u
                uv = u * v * slope + 2.0 * self.p1 * u + 2.0 * self.p2 * v
                across = uu * vv - uv * uv
                right, down = x - a, y - b
                u, v = u + (vv * right - uv * down) / across, v + (uu * down - uv * right) / across
            a, b = self._bend(u, v)
            found = (np.hypot(a - x, b - y) < 1e-9) & (np.hypot(u, v) < self.rim)
        return np.where(found, u, np.nan), np.where(found, v, np.nan)
