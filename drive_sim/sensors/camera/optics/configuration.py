"""A camera's mount and optics: configuration and pinhole projection.

Vehicle frame (ISO 8855): x forward, y left, z up, origin in the middle of the car's box on the ground. The camera
looks along its own x axis; its axes are those of the vehicle turned by yaw, then pitch (nose down positive), then
roll (right side down positive). Pixel (row, column) has its centre at integer coordinates and the image's middle is
``((height - 1) / 2, (width - 1) / 2)``, as in OpenCV.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from drive_sim.base.errors import InputError
from drive_sim.sensors.camera.optics.distortion import Distortion
from drive_sim.sensors.configuration import Number, Whole, configuration

MOST_PIXELS = 4096
"""Columns or rows of the largest image."""


def _name(value: str) -> str:
    if not value:
        raise ValueError("is empty; give the camera a name")
    return value


Angle = Annotated[Number, Field(ge=-1.0, le=1.0)]
Radial = Annotated[Number, Field(ge=-5.0, le=5.0)]
Tangential = Annotated[Number, Field(ge=-1.0, le=1.0)]
Pixels = Annotated[Whole, Field(ge=8, le=MOST_PIXELS)]

_WIDEST = 5.0
"""How far from the axis a lens may see, at depth 1: a pinhole image of it must still be rendered."""


@configuration("camera")
class CameraConfig:
    """One camera on the car: a pinhole, or a lens with OpenCV's distortion.

    Raises
    ------
    InputError
        For a value of the wrong type or out of range.
    """

    name: Annotated[str, AfterValidator(_name)] = "front"
    width: Pixels = 200
    """Columns [pixels]."""
    height: Pixels = 66
    """Rows [pixels]."""
    field_of_view: Annotated[Number, Field(ge=0.2, le=2.8)] = 1.2217
    """Horizontal, between the outer edges of the first and last column [rad]; a lens that distorts shows more or less
    than the pinhole of its focal length, which this is the angle of."""
    x: Annotated[Number, Field(ge=-10.0, le=10.0)] = 0.5
    """Mount, forward of the car's middle [m]."""
    y: Annotated[Number, Field(ge=-5.0, le=5.0)] = 0.0
    """Mount, left of the car's middle [m]."""
    z: Annotated[Number, Field(ge=0.2, le=10.0)] = 1.4
    """Mount, above the ground [m]."""
    yaw: Annotated[Number, Field(ge=-math.pi, le=math.pi)] = 0.0
    """[rad] positive: looks to the left."""
    pitch: Angle = 0.1
    """[rad] positive: looks down."""
    roll: Angle = 0.0
    """[rad] positive: right side down."""
    shutter: Annotated[Number, Field(ge=0.0, le=0.2)] = 0.01
    """Exposure time by day [s], which smears what moves; 0 smears nothing. The weather's ``shutter`` multiplies it."""
    k1: Radial = 0.0
    """Radial distortion, OpenCV's model; below 0 is a barrel."""
    k2: Radial = 0.0
    p1: Tangential = 0.0
    """Tangential distortion."""
    p2: Tangential = 0.0
    k3: Radial = 0.0

    def __post_init__(self) -> None:
        if self.distorted:
            reach = np.abs(self.edge_points()).max()
            if not (reach < _WIDEST and 2.0 * reach * self.focal_length < MOST_PIXELS - 4):
                # Not a number, where no point is shown at the image's edge, is not below anything.
                raise InputError("camera", "k1", "bends the image's edge too far", "give a weaker or a narrower lens")

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
            raise InputError(source, f"camera.{error.field}", error.problem, error.hint) from None

    @property
    def focal_length(self) -> float:
        """[pixels], the same for columns and rows."""
        return 0.5 * self.width / math.tan(0.5 * self.field_of_view)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Camera matrix K (3, 3) in OpenCV's convention (x right, y down, z forward)."""
        f = self.focal_length
        return np.array([[f, 0.0, 0.5 * (self.width - 1)], [0.0, f, 0.5 * (self.height - 1)], [0.0, 0.0, 1.0]])

    @cached_property
    def distortion(self) -> Distortion:
        """The lens's coefficients in OpenCV's order."""
        return Distortion(self.k1, self.k2, self.p1, self.p2, self.k3)

    @property
    def distorted(self) -> bool:
        """Whether the lens bends straight lines."""
        return any(self.distortion)

    @property
    def axes(self) -> NDArray[np.float64]:
        """Rows: the camera's forward, left and up axes in the vehicle frame (3, 3), body at rest."""
        return rotation(self.yaw, self.pitch, self.roll).T

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(column, row, depth) of points (..., 3) [m] in the vehicle frame; depth [m] along the optical axis."""
        forward, left, up = np.moveaxis(self.seen(points), -1, 0)
        right, down = -left / forward, -up / forward
        if self.distorted:
            right, down = self.distortion.bend(right, down)
        column = 0.5 * (self.width - 1) + self.focal_length * right
        row = 0.5 * (self.height - 1) + self.focal_length * down
        return np.stack([column, row, forward], -1)

    def seen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 3) [m] of the vehicle frame as (forward, left, up) along the camera's axes [m]."""
        return (np.asarray(points, float) - np.array([self.x, self.y, self.z])) @ self.axes.T

    def ray(self, column: Any, row: Any) -> NDArray[np.float64]:
        """Direction (..., 3) in the vehicle frame of what pixel (column, row) sees, of depth 1 m."""
        right, down = self.straighten(column, row)
        return np.stack([np.ones_like(right), -right, -down], -1) @ self.axes

    def straighten(self, column: Any, row: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(right, down) at depth 1, along the camera's axes, of what pixel (column, row) sees."""
        column, row = np.broadcast_arrays(np.asarray(column, float), np.asarray(row, float))
        right = (column - 0.5 * (self.width - 1)) / self.focal_length
        down = (row - 0.5 * (self.height - 1)) / self.focal_length
        return self.distortion.straighten(right, down) if self.distorted else (right, down)

    def edge_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`straighten` of the pixels along the image's edge."""
        columns, rows = np.arange(self.width), np.arange(self.height)
        column = np.concatenate([columns, columns, 0 * rows, 0 * rows + self.width - 1])
        row = np.concatenate([0 * columns, 0 * columns + self.height - 1, rows, rows])
        return self.straighten(column, row)


def side_by_side(front: CameraConfig | None = None, offset: float = 0.8) -> tuple[CameraConfig, ...]:
    """Cameras ``left``, ``front`` and ``right``: alike, and mounted ``offset`` [m] apart across the car.

    Three parallel cameras, as on Udacity's simulated car: what the outer two see is what the one in the middle would
    see if the car were beside its track, so that a recording shows where to steer back from there.
    """
    front = front or CameraConfig()
    return (
        replace(front, name="left", y=front.y + offset),
        front,
        replace(front, name="right", y=front.y - offset),
    )


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
