"""Texture levels of a block's rows, kept until they are shaded."""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera.frame_setup import pixel_scalar
from drive_sim.sensors.camera.shading.ground import Levels
from drive_sim.sensors.camera.shading.textures import Level

F = np.float32


@pixel_scalar
def store_levels(scratch, slot, line, levels):
    """Keep the `Levels` of a row, ``line`` of its block."""
    texels, scales = scratch.level_texels, scratch.level_scales
    each = (levels.paving, levels.grain, levels.roadside, levels.tuft)
    for k in range(4):
        level = each[k]
        texels[slot, line, 4 * k], texels[slot, line, 4 * k + 1] = level.start, level.pitch
        texels[slot, line, 4 * k + 2], texels[slot, line, 4 * k + 3] = level.mask_u, level.mask_v
        scales[slot, line, 2 * k], scales[slot, line, 2 * k + 1] = level.scale_u, level.scale_v
    scales[slot, line, 8], scales[slot, line, 9] = levels.grain_share, levels.tuft_share
    scales[slot, line, 10] = levels.track_share


@pixel_scalar
def _level(texels, scales, slot, line, k):
    return Level(
        texels[slot, line, 4 * k], texels[slot, line, 4 * k + 1], texels[slot, line, 4 * k + 2],
        texels[slot, line, 4 * k + 3], scales[slot, line, 2 * k], scales[slot, line, 2 * k + 1],
    )  # fmt: skip


@pixel_scalar
def levels_at(scratch, slot, line):
    """The `Levels` of a row, ``line`` of its block."""
    texels, scales = scratch.level_texels, scratch.level_scales
    return Levels(
        _level(texels, scales, slot, line, 0), _level(texels, scales, slot, line, 1),
        _level(texels, scales, slot, line, 2), _level(texels, scales, slot, line, 3),
        scales[slot, line, 8], scales[slot, line, 9], scales[slot, line, 10],
    )  # fmt: skip
