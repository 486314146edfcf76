"""Images through a lens that distorts: a wider pinhole image is rendered and every layer of it resampled.

Colours are interpolated bilinearly, which softens the image and its noise a little; the truth takes the nearest
pixel, the same for every layer, so that layers stay aligned with each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import kernel, to_device
from drive_sim.sensors.camera.optics.configuration import CameraConfig

F = np.float32


def pinhole_of(config: CameraConfig) -> CameraConfig:
    """The pinhole camera whose image holds all that ``config`` shows: itself, or one with margins."""
    if not config.distorted:
        return config
    focal = config.focal_length
    right, down = config.edge_points()
    columns = config.width + 2 * _margin(focal * right, config.width)
    rows = config.height + 2 * _margin(focal * down, config.height)
    return replace(
        config, width=columns, height=rows, field_of_view=2.0 * math.atan(0.5 * columns / focal),
        k1=0.0, k2=0.0, p1=0.0, p2=0.0, k3=0.0,
    )  # fmt: skip


def _margin(reach: NDArray[np.float64], size: int) -> int:
    """Pixels to add on either side of ``size`` so that ``reach`` [pixels from the middle] lies between pixels."""
    return max(math.ceil(float(np.abs(reach).max()) - 0.5 * (size - 1)), 0) + 1


class Lens:
    """Makes the images of cameras of one size out of their wider pinhole images."""

    def __init__(self, configs: Sequence[CameraConfig], pinholes: Sequence[CameraConfig]) -> None:
        self._places = np.stack([_places(*pair) for pair in zip(configs, pinholes, strict=True)])
        self._moved: dict[str, Any] = {}

    def resample(
        self, device: str, worlds: tuple[Any], wide: tuple[Any, ...], frames: tuple[Any, ...], wanted: tuple[bool, ...]
    ) -> None:
        """Fill the rows ``worlds`` of ``frames``, out of ``wide``; both are `CameraFrames`."""
        if device not in self._moved:
            self._moved[device] = to_device(device, self._places)
        cameras, rows = self._places.shape[:2]
        count = worlds[0].shape[0] * cameras * rows
        _resample_row(device, count, worlds, (self._moved[device],), tuple(wide), tuple(frames), wanted)


def _places(config: CameraConfig, pinhole: CameraConfig) -> NDArray[np.float32]:
    """(H, W, 2): column and row of the pinhole image that each pixel shows."""
    row, column = np.mgrid[: config.height, : config.width]
    right, down = config.straighten(column, row)
    focal = config.focal_length
    columns = np.clip(focal * right + 0.5 * (pinhole.width - 1), 0.0, pinhole.width - 1.001)
    rows = np.clip(focal * down + 0.5 * (pinhole.height - 1), 0.0, pinhole.height - 1.001)
    return np.stack([columns, rows], -1).astype(np.float32)


@kernel(grain=64)
def _resample_row(item, worlds, places, wide, frames, wanted):
    """One row of one image."""
    cameras, rows, columns = places[0].shape[0], places[0].shape[1], places[0].shape[2]
    frame, row = item // rows, item % rows
    i, c = worlds[0][frame // cameras], frame % cameras
    for column in range(columns):
        x, y = places[0][c, row, column, 0], places[0][c, row, column, 1]
        if wanted[0]:
            a, b = int(x), int(y)
            u, v = x - F(a), y - F(b)
            for k in range(3):
                top = F(wide[0][i, c, b, a, k]) * (F(1.0) - u) + F(wide[0][i, c, b, a + 1, k]) * u
                low = F(wide[0][i, c, b + 1, a, k]) * (F(1.0) - u) + F(wide[0][i, c, b + 1, a + 1, k]) * u
                frames[0][i, c, row, column, k] = np.uint8(top * (F(1.0) - v) + low * v + F(0.5))
        a, b = int(x + F(0.5)), int(y + F(0.5))
        if wanted[1]:
            frames[1][i, c, row, column] = wide[1][i, c, b, a]
        if wanted[2]:
            frames[2][i, c, row, column] = wide[2][i, c, b, a]
        if wanted[3]:
            frames[3][i, c, row, column] = wide[3][i, c, b, a]
