"""Arrays that cameras are rendered from and into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from drive_sim.compute.kernel import allocate, kernel, to_device
from drive_sim.sensors.camera.cpu.segments import SEGMENT_KINDS
from drive_sim.sensors.camera.frame_setup import VIEW_SIZE, Camera, Scratch
from drive_sim.sensors.camera.objects.polygons import MAX_CORNERS, POLYGON_SIZE
from drive_sim.sensors.camera.objects.roadside import ITEM_SIZE
from drive_sim.sensors.camera.optics.configuration import CameraConfig
from drive_sim.sensors.camera.pixel_blocks import BLOCK_ROWS, ROWS
from drive_sim.sensors.camera.shading.road_coordinates import SAMPLE_SPACING

LAYERS = ("rgb", "semantic", "depth", "instance")
MAX_POLYGONS = 320
"""Polygons of one image; what has no room is left out (`objects/assembly`) and counted (`CameraRig.left_out`)."""
MAX_OBJECTS = 96
"""Objects of one image, likewise."""


class CameraFrames(NamedTuple):
    """Images of C cameras in B worlds, layers as in `LAYERS`. Those that were not asked for have a batch of 0.

    All layers come from one pass, so that they agree pixel by pixel: a pixel of the class vehicle, pedestrian, cyclist
    or object, and no other, has the instance of the road user that is seen in it.
    """

    rgb: Any  # uint8 (B, C, H, W, 3)
    semantic: Any  # uint8 (B, C, H, W) SEMANTIC_*
    depth: Any  # float32 (B, C, H, W) [m] along the optical axis; SKY_DEPTH for the sky
    instance: Any  # uint8 (B, C, H, W) n + 1 where the road user of slot n is seen, else 0


def allocate_frames(
    device: str, batch: int, layers: Sequence[str], cameras: int, height: int, width: int
) -> CameraFrames:
    """Frames for ``batch`` worlds on ``device``."""

    def layer(name: str, dtype: Any, *more: int) -> Any:
        return allocate(device, (batch if name in layers else 0, cameras, height, width, *more), dtype)

    return CameraFrames(
        layer("rgb", np.uint8, 3),
        layer("semantic", np.uint8),
        layer("depth", np.float32),
        layer("instance", np.uint8),
    )


def camera_arrays(device: str, configs: Sequence[CameraConfig], numbers: Sequence[int]) -> Camera:
    """Cameras for kernels; ``numbers`` are their places in the rig."""
    names = [name for name in Camera._fields if name != "number"]
    arrays = {name: np.array([getattr(config, name) for config in configs], float) for name in names}
    arrays["number"] = np.array(numbers, np.int64)
    return Camera(**{name: to_device(device, array) for name, array in arrays.items()})


def working_memory(device: str, slots: int, width: int) -> Scratch:
    """Memory to render ``slots`` frames of ``width`` columns at the same time."""
    segments = math.ceil(width / SAMPLE_SPACING)
    # Segments, and batches of a polygon's pixels, are shaded whole, beyond the right edge if need be.
    samples, pixels = BLOCK_ROWS * (segments + 1), BLOCK_ROWS * SAMPLE_SPACING * (segments + 1)
    frames: dict[str, tuple[tuple[int, ...], Any]] = {
        "views": ((VIEW_SIZE,), np.float32),
        "origins": ((2,), np.float64),
        "items": ((MAX_OBJECTS, ITEM_SIZE), np.float64),
        "order": ((MAX_OBJECTS, 3), np.float64),
        "polygons": ((MAX_POLYGONS, POLYGON_SIZE), np.float32),
        "polygon_count": ((), np.int32),
        "left_out": ((), np.int64),
        "corners": ((MAX_CORNERS, 3), np.float64),
    }
    blocks: dict[str, tuple[tuple[int, ...], Any]] = {
        "rows": ((ROWS, pixels), np.float32),
        "level_texels": ((BLOCK_ROWS, 16), np.int32),
        "level_scales": ((BLOCK_ROWS, 11), np.float32),
        "starts": ((samples + 1,), np.int32),
        "runs": ((SEGMENT_KINDS, samples, 2), np.int32),
        "run_count": ((SEGMENT_KINDS,), np.int32),
        "touched": ((samples,), np.int32),
    }
    # Only a CPU renders block by block.
    parts = ((slots, frames), (slots if device == "cpu" else 1, blocks))
    return Scratch(
        **{
            name: allocate(device, (count, *shape), dtype)
            for count, sizes in parts
            for name, (shape, dtype) in sizes.items()
        }
    )


def one_camera(device: str, layer: Any, camera: int) -> Any:
    """Images (B, H, W, ...) of one camera out of all (B, C, H, W, ...)."""
    if device == "cpu":
        return layer[:, camera]
    if not layer.shape[0]:
        return allocate(device, (0, *layer.shape[2:]), layer.dtype)
    if layer.shape[1] == 1:
        return layer[:, 0]
    # An array on a GPU cannot be copied to the host unless it is contiguous.
    batch, cameras, height, width, *rest = layer.shape
    out = allocate(device, (batch, height, width, *rest), layer.dtype)
    columns = width * math.prod(rest)
    rows = layer.reshape((batch, cameras, height, columns)), out.reshape((batch, height, columns))
    _copy_row(device, batch * height, rows[:1], camera, rows[1:])
    return out


@kernel(grain=1024)
def _copy_row(item, layer, camera, out):
    """Copy one row of one world's image of ``camera``."""
    rows, columns = out[0].shape[1], out[0].shape[2]
    i, row = item // rows, item % rows
    for column in range(columns):
        out[0][i, row, column] = layer[0][i, camera, row, column]
