"""A camera's mount and optics: configuration, pinhole projection and the classes of the semantic picture.

Vehicle frame (ISO 8855): x forward, y left, z up, origin in the middle of the car's box on the ground. The camera
looks along its own x axis; its axes are those of the vehicle turned by yaw, then pitch (nose down positive), then
roll (right side down positive). Pixel (row, column) has its centre at integer coordinates and the picture's middle is
``((height - 1) / 2, (width - 1) / 2)``, as in OpenCV.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.errors import InputError

SEMANTIC_SKY = 0
SEMANTIC_ROAD = 1
SEMANTIC_MARKING = 2
SEMANTIC_VERGE = 3
SEMANTIC_KERB = 4
SEMANTIC_RAIL = 5
SEMANTIC_VEHICLE = 6
SEMANTIC_PEDESTRIAN = 7
SEMANTIC_CYCLIST = 8
SEMANTIC_OBJECT = 9
SEMANTIC_SCENERY = 10
SEMANTIC_NAMES = (
    "sky",
    "road",
    "marking",
    "verge",
    "kerb",
    "rail",
    "vehicle",
    "pedestrian",
    "cyclist",
    "object",
    "scenery",
)
"""Name of each class of the semantic picture; vehicles include motorcycles, objects are cones and debris."""
SEMANTIC_COLOURS = np.array(
    [
        (130, 180, 230),
        (90, 90, 95),
        (250, 250, 250),
        (110, 160, 70),
        (190, 170, 150),
        (160, 160, 190),
        (30, 60, 200),
        (220, 40, 60),
        (250, 150, 30),
        (250, 230, 40),
        (40, 100, 50),
    ],
    np.uint8,
)
"""RGB for drawing each class."""
SKY_DEPTH = 1e6
"""Depth of pixels that see the sky [m]."""

_RANGES = {  # field: smallest, largest, in words
    "width": (8, 4096),
    "height": (8, 4096),
    "field_of_view": (0.2, 2.8),
    "x": (-10.0, 10.0),
    "y": (-5.0, 5.0),
    "z": (0.2, 10.0),
    "yaw": (-math.pi, math.pi),
    "pitch": (-1.0, 1.0),
    "roll": (-1.0, 1.0),
}


@dataclass(frozen=True)
class CameraConfig:
    """One pinhole camera on the car.

    Raises
    ------
    InputError
        For a value of the wrong type or out of range.
    """

    name: str = "front"
    width: int = 200
    """Columns [pixels]."""
    height: int = 66
    """Rows [pixels]."""
    field_of_view: float = 1.2217
    """Horizontal, between the outer edges of the first and last column [rad]."""
    x: float = 0.5
    """Mount, forward of the car's middle [m]."""
    y: float = 0.0
    """Mount, left of the car's middle [m]."""
    z: float = 1.4
    """Mount, above the ground [m]."""
    yaw: float = 0.0
    """[rad] positive: looks to the left."""
    pitch: float = 0.1
    """[rad] positive: looks down."""
    roll: float = 0.0
    """[rad] positive: right side down."""

    def __post_init__(self) -> None:
        self._validate("camera")

    def _validate(self, source: str) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InputError(source, "name", f"{self.name!r} is not a name", "give a non-empty string")
        for field, (low, high) in _RANGES.items():
            value = getattr(self, field)
            whole = field in ("width", "height")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise InputError(source, field, f"{value!r} is not a number", f"give one from {low:g} to {high:g}")
            if not low <= value <= high:
                raise InputError(source, field, f"{value!r} is out of range", f"give one from {low:g} to {high:g}")

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Any, source: str = "camera") -> CameraConfig:
        """A camera from `to_dict`'s values; ``source`` names the file in errors.

        Raises
        ------
        InputError
            For an unknown field, or a value of the wrong type or out of range.
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(data, dict):
            raise InputError(source, "camera", "is not a table", f"give the fields {', '.join(names)}")
        unknown = sorted(str(key) for key in data if key not in names)
        if unknown:
            raise InputError(source, f"camera.{unknown[0]}", "is no field of a camera", f"use {', '.join(names)}")
        try:
            return cls(**data)
        except InputError as error:
            raise InputError(source, f"camera.{error.field}", error.problem, error.mend) from None

    @property
    def focal_length(self) -> float:
        """[pixels], the same for columns and rows."""
        return 0.5 * self.width / math.tan(0.5 * self.field_of_view)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Camera matrix K (3, 3) in OpenCV's convention (x right, y down, z forward)."""
        f = self.focal_length
        return np.array([[f, 0.0, 0.5 * (self.width - 1)], [0.0, f, 0.5 * (self.height - 1)], [0.0, 0.0, 1.0]])

    @property
    def axes(self) -> NDArray[np.float64]:
        """Rows: the camera's forward, left and up axes in the vehicle frame (3, 3), body at rest."""
        return rotation(self.yaw, self.pitch, self.roll).T

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(column, row, depth) of points (..., 3) [m] in the vehicle frame; depth [m] along the optical axis."""
        seen = (np.asarray(points, float) - np.array([self.x, self.y, self.z])) @ self.axes.T
        forward, left, up = np.moveaxis(seen, -1, 0)
        column = 0.5 * (self.width - 1) - self.focal_length * left / forward
        row = 0.5 * (self.height - 1) - self.focal_length * up / forward
        return np.stack([column, row, forward], -1)

    def ray(self, column: Any, row: Any) -> NDArray[np.float64]:
        """Direction (..., 3) in the vehicle frame of what pixel (column, row) sees, of depth 1 m."""
        column, row = np.broadcast_arrays(np.asarray(column, float), np.asarray(row, float))
        left = (0.5 * (self.width - 1) - column) / self.focal_length
        up = (0.5 * (self.height - 1) - row) / self.focal_length
        return np.stack([np.ones_like(left), left, up], -1) @ self.axes


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Rz(yaw) Ry(pitch) Rx(roll): columns are the turned axes (ISO 8855; pitch is nose down, roll right side down)."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (math.cos, math.sin))
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
