"""What happens to a camera on the road: dirt on its glass, a noisier sensor, images that never arrive.

Faults act on finished images, grey level by grey level, and are drawn by the world's own seed: the same episode
suffers the same faults, alone or in a batch. Dirt stays on the glass for an episode: spots out of focus, each of which
takes light and blurs what is behind it (after Uricar et al. 2021, "Let's Get Dirty: GAN Based Data Augmentation for
Camera Lens Soiling Detection in Autonomous Driving", who find blur and dimming to be what opaque and transparent
soiling have in common).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from drive_sim.compute.kernel import allocate, kernel, scalar, to_device
from drive_sim.compute.randomness import (
    STREAM_CAMERA_DIRT,
    STREAM_CAMERA_GRAIN,
    STREAM_CAMERA_LOSSES,
    random_bits,
    random_uniform,
)
from drive_sim.sensors.camera.shading.textures import NOISE_SIZE, NOISE_UNIT, textures_on
from drive_sim.sensors.configuration import Number, Share, configuration

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator

F = np.float32
SPOTS = 24
"""Spots on a lens that is as dirty as it can be; they touch two thirds of the image and hide a fifth of its light."""
SMALLEST, LARGEST = 0.08, 0.4
"""Radius of a spot, as a share of the image's height; every ratio between them is as likely."""
THINNEST, THICKEST = 0.4, 0.95
"""Share of the image that is gone in the middle of a spot."""
PASSING = 0.4
"""Share of the light around that a spot lets through."""
BLUR = 8
"""A spot mixes the light of so many columns to each side."""


@configuration("camera faults")
class CameraFaults:
    """How much of each fault there is.

    Raises
    ------
    InputError
        For a value out of range.
    """

    noise: Annotated[Number, Field(ge=0.0, le=100.0)] = 0.0
    """Standard deviation of what is added to every grey level, anew in each image, 0 to 100."""
    dirt: Share = 0.0
    """Probability of each of the `SPOTS` spots to be there, 0 to 1."""
    dropped_frames: Annotated[Number, Field(ge=0.0, le=0.99)] = 0.0
    """Probability that an image is lost and the driver sees the one before once more, 0 to 0.99."""


class FaultyCameras:
    """`CameraFaults` put on the images of a batch of worlds, step by step."""

    def __init__(self, faults: CameraFaults, device: str) -> None:
        self.faults, self.device = faults, device
        self.reset()

    def reset(self, mask: Any = None) -> None:
        """Begin new episodes in the worlds of ``mask`` (bool (B); None: all): other dirt, no image to show again.

        The other worlds keep their last image. Dirt follows from the worlds' seeds alone and is drawn anew; the first
        image of an episode always arrives, so that the masked worlds' last images are never shown.
        """
        self._dirt: dict[str, Any] = {}
        if mask is None:
            self._last: dict[str, Any] = {}

    def spoil(self, simulator: Simulator, images: Mapping[str, Any], rows: Any = None) -> dict[str, Any]:
        """The images (uint8 (B, H, W, 3) by camera) as they arrive in the worlds ``rows`` (default: all)."""
        rows = np.arange(simulator.batch_size) if rows is None else np.asarray(rows, np.int64)
        worlds = (to_device(self.device, rows), simulator.world.seed, simulator.state.step)
        return {name: self._arrived(name, number, image, worlds) for number, (name, image) in enumerate(images.items())}

    def _arrived(self, name: str, number: int, image: Any, worlds: tuple[Any, ...]) -> Any:
        shape = tuple(image.shape)
        if name not in self._dirt:
            self._dirt[name] = allocate(self.device, shape[:3], F)
            _dirty_row(self.device, shape[0] * shape[1], (self._dirt[name],), worlds[1:2], number, self.faults.dirt)
        out = allocate(self.device, shape, np.uint8)
        glass = (self._dirt[name], textures_on(self.device).noise)
        sigma = F(self.faults.noise / NOISE_UNIT)
        arrays = (image, self._last.get(name, image), out)
        count = worlds[0].shape[0] * shape[1]
        if count:
            _spoil_row(self.device, count, arrays, glass, worlds, number, sigma, self.faults.dropped_frames)
        self._last[name] = out
        return out


@scalar
def spot_cover(seed, camera, spot, dirt, rows, columns, row, column):
    """Share of pixel (column, row) that spot number ``spot`` hides: 0 outside, softly more towards its middle."""
    first = 8 * spot
    if random_uniform(seed, STREAM_CAMERA_DIRT, camera, first) >= dirt:
        return 0.0
    right = columns * random_uniform(seed, STREAM_CAMERA_DIRT, camera, first + 1)
    down = rows * random_uniform(seed, STREAM_CAMERA_DIRT, camera, first + 2)
    size = math.log(LARGEST / SMALLEST) * random_uniform(seed, STREAM_CAMERA_DIRT, camera, first + 3)
    radius = rows * SMALLEST * math.exp(size)
    inside = 1.0 - math.sqrt((column - right) ** 2 + (row - down) ** 2) / radius
    if inside <= 0.0:
        return 0.0
    thickness = THINNEST + (THICKEST - THINNEST) * random_uniform(seed, STREAM_CAMERA_DIRT, camera, first + 4)
    return thickness * inside * inside * (3.0 - 2.0 * inside)


@kernel(grain=8)
def _dirty_row(item, out, seeds, camera, dirt):
    """Share of each pixel of one row that dirt hides, float32 (B, H, W)."""
    rows, columns = out[0].shape[1], out[0].shape[2]
    i, row = item // rows, item % rows
    for column in range(columns):
        clear = 1.0
        for spot in range(SPOTS):
            clear *= 1.0 - spot_cover(seeds[0][i], camera, spot, dirt, rows, columns, row, column)
        out[0][i, row, column] = 1.0 - clear


@scalar
def light_around(image, i, row, column, channel):
    """Mean grey level of the columns around ``column``."""
    first, last = max(column - BLUR, 0), min(column + BLUR, image.shape[2] - 1)
    total = F(0.0)
    for k in range(first, last + 1):
        total += F(image[i, row, k, channel])
    return total / F(last + 1 - first)


@kernel(grain=64)
def _spoil_row(item, images, glass, worlds, camera, sigma, loss):
    """One row of an image as it arrives: (drawn, the last that arrived, out); ``glass`` is (dirt, table of noise)."""
    drawn, last, out = images
    rows, columns = out.shape[1], out.shape[2]
    i, row = worlds[0][item // rows], item % rows
    seed, step = worlds[1][i], worlds[2][i]
    # The first image always arrives: there is none before it.
    lost = step > 0 and random_uniform(seed, STREAM_CAMERA_LOSSES, step, camera) < loss
    start = int(random_bits(seed, STREAM_CAMERA_GRAIN, step, 8192 * camera + row) & np.uint64(NOISE_SIZE - 1))
    for column in range(columns):
        hidden, grain = glass[0][i, row, column], (start + column) & (NOISE_SIZE - 1)
        for k in range(3):
            if lost:
                out[i, row, column, k] = last[i, row, column, k]
                continue
            level = F(drawn[i, row, column, k])
            if hidden > F(0.0):
                level += hidden * (F(PASSING) * light_around(drawn, i, row, column, k) - level)
            level += F(glass[1][grain + k * NOISE_SIZE]) * sigma
            out[i, row, column, k] = np.uint8(min(max(level + F(0.5), F(0.0)), F(255.0)))
