"""Textures of pavings, roadsides, foliage and clouds, filtered beforehand for every footprint.

Each texture is a periodic image, baked once with NumPy and stored as a *ripmap*: all combinations of halvings along
both axes, because a road seen at a grazing angle has pixels that are long and narrow. Sampling is one bilinear
look-up in the level that suits the footprint, so that nothing shimmers. Texels are bytes, 128 being neutral. A word
of a *smooth* texture holds the four that a bilinear look-up mixes; a word of a *grainy* one, four in a row, because
fine grain hides its blocks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import to_device
from drive_sim.compute.randomness import generator
from drive_sim.sensors.camera.frame_setup import pixel_scalar
from drive_sim.sensors.camera.pixel_blocks import fetch
from drive_sim.sensors.camera.shading.ground_textures import (
    draw_asphalt,
    draw_clouds,
    draw_concrete,
    draw_grain,
    draw_grass,
    draw_gravel,
    draw_patched,
    draw_sand,
    draw_snow,
    spectral_noise,
)
from drive_sim.sensors.camera.shading.tree_textures import draw_tree

F, INT = np.float32, np.int32
PAVING, ROADSIDE, GRAIN, CLOUD, FOLIAGE = 0, 3, 7, 8, 9
"""Numbers of the textures; from PAVING on there is one for each of `PAVINGS`, from ROADSIDE on for each of
`ROADSIDES`, and from FOLIAGE on two for each kind of tree: its outline and its light."""
LEAFY, CONIFERS = 4, 3
"""How many leafy trees and conifers there are among the foliage, in this order."""
FOLIAGE_SIZE = 64
_PAVING_SHAPE, _SHAPE = (1 << 7, 1 << 9), (1 << 7, 1 << 7)
"""Texels along v, and along u, of pavings, and of the other textures but foliage."""
_PACKED = 2
"""log2 of the texels along u that share a word of a grainy texture, and of its smallest width."""
PAVING_TEXEL, GRAIN_TEXEL, ROADSIDE_TEXEL = 0.0625, 0.025, 0.25
"""Side of a texel [m]."""
LEVELS = 10
SKYLINE_SIZE = 1024
NOISE_SIZE = 1 << 16
NOISE_UNIT = 32.0
"""Noise bytes are standard normal numbers times this."""


@lasting
class Textures(NamedTuple):
    """All textures in one array of bytes, and tables of noise."""

    texels: Any  # int32 (n): words of four texels
    start: Any  # int32 (textures, LEVELS, LEVELS): first texel of a level
    log_u: Any  # int32 (textures): log2 of the texels along u at level 0
    log_v: Any  # int32 (textures)
    skyline: Any  # int32 (2 SKYLINE_SIZE): height of far hills, then of the woods' edge, by azimuth: a word holds that
    # in 1/65535 in its lower half, and the next one's in its upper half
    noise: Any  # int8 (3 NOISE_SIZE): normal numbers times NOISE_UNIT for red, green and blue


class Level(NamedTuple):
    """One level of one texture, chosen for a row."""

    start: Any
    pitch: Any  # its width: texels from one row to the next
    mask_u: Any
    mask_v: Any
    scale_u: Any  # 256 times its texels per metre
    scale_v: Any


@pixel_scalar
def log2_floor(value):
    """Largest k in 0..LEVELS with 2**k <= value (0 below 1)."""
    k = 0
    for power in range(1, LEVELS + 1):
        k += int(value >= F(1 << power))
    return k


@pixel_scalar
def choose_level(textures, texture, texel, footprint_u, footprint_v):
    """The `Level` whose texels ([m] at level 0: ``texel``) suit a footprint [m] along u and v."""
    inverse = F(1.0) / F(texel)
    log_u, log_v = int(textures.log_u[texture]), int(textures.log_v[texture])
    # Up to 1.4 texels a pixel: the bilinear look-up itself smooths.
    level_u = min(log2_floor(footprint_u * inverse * F(1.4)), log_u - (_PACKED if texture == GRAIN else 0))
    level_v = min(log2_floor(footprint_v * inverse * F(1.4)), log_v)
    return Level(
        int(textures.start[texture, level_u, level_v]),
        1 << (log_u - level_u),
        (1 << (log_u - level_u)) - 1,
        (1 << (log_v - level_v)) - 1,
        F(256.0) * inverse / F(1 << level_u),
        F(256.0) * inverse / F(1 << level_v),
    )


@pixel_scalar
def sample(textures, level, u, v):
    """Bilinear look-up at (u, v) [m] in a smooth texture, in -1..1."""
    # In 1/256 of a texel. 32-bit integers throughout: Numba widens them wherever it is not told.
    x, y = INT(u * level.scale_u - F(128.0)), INT(v * level.scale_v - F(128.0))
    row = INT(INT(INT(y >> INT(8)) & INT(level.mask_v)) * INT(level.pitch))
    place = INT(INT(level.start) + INT(row + INT(INT(x >> INT(8)) & INT(level.mask_u))))
    four = INT(fetch(textures.texels, place))
    a, b = F(INT(x & INT(255))) * F(1.0 / 256.0), F(INT(y & INT(255))) * F(1.0 / 256.0)
    t0, t1 = F(INT(four & INT(255))), F(INT(INT(four >> INT(8)) & INT(255)))
    t2, t3 = F(INT(INT(four >> INT(16)) & INT(255))), F(INT(INT(four >> INT(24)) & INT(255)))
    low, high = t0 + (t1 - t0) * a, t2 + (t3 - t2) * a
    return (low + (high - low) * b) * F(1.0 / 128.0) - F(1.0)


@pixel_scalar
def sample_nearest(textures, level, u, v):
    """The texel at (u, v) [m] of a grainy texture, in -1..1."""
    x, y = INT(INT(u * level.scale_u) >> INT(8)), INT(INT(v * level.scale_v) >> INT(8))
    x = INT(x & INT(level.mask_u))
    row = INT(INT(y & INT(level.mask_v)) * INT(level.pitch))
    word = INT(fetch(textures.texels, INT(INT(level.start) + INT(INT(row + x) >> INT(2)))))
    byte = INT(INT(word >> INT(INT(x & INT(3)) << INT(3))) & INT(255))
    return F(byte) * F(1.0 / 128.0) - F(1.0)


def _halved(image: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    if axis == 0:
        return 0.5 * (image[0::2] + image[1::2])
    return 0.5 * (image[:, 0::2] + image[:, 1::2])


def _skyline() -> NDArray[np.int32]:
    """Far hills and the edge of the woods by azimuth, periodic, as `Textures` has them."""
    hills = spectral_noise("hills", (1, SKYLINE_SIZE), 1.7, 2.0)[0]
    woods = (
        spectral_noise("woods", (1, SKYLINE_SIZE), 0.9, 4.0)[0]
        + 0.5 * spectral_noise("crowns", (1, SKYLINE_SIZE), 0.1, 60.0)[0]
    )
    heights = [np.rint(65535.0 * np.clip(0.5 + 0.22 * row, 0.0, 1.0)).astype(np.uint32) for row in (hills, woods)]
    return np.concatenate([height | np.roll(height, -1) << 16 for height in heights]).view(np.int32)


def _ripmap(image: NDArray[np.float64], grainy: bool) -> dict[tuple[int, int], NDArray[np.int32]]:
    """Words of every combination of halvings (along u, along v)."""
    levels = {}
    log_v, log_u = (size.bit_length() - 1 for size in image.shape)
    column = image
    for level_v in range(log_v + 1):
        level = column
        for level_u in range(log_u + 1 - (_PACKED if grainy else 0)):
            byte = np.clip(np.rint(128.0 + 128.0 * level), 0, 255).astype(np.uint32)
            right = np.roll(byte, -1, 1)
            if grainy:
                four = (byte[:, 0::4], byte[:, 1::4], byte[:, 2::4], byte[:, 3::4])
            else:
                four = (byte, right, np.roll(byte, -1, 0), np.roll(right, -1, 0))
            words = four[0] | four[1] << 8 | four[2] << 16 | four[3] << 24
            levels[level_u, level_v] = words.astype(np.uint32).view(np.int32).ravel()
            level = _halved(level, 1) if level.shape[1] > 1 else level
        column = _halved(column, 0) if column.shape[0] > 1 else column
    return levels


@lru_cache(maxsize=1)
def _bake() -> Textures:
    images = [draw(_PAVING_SHAPE) for draw in (draw_asphalt, draw_patched, draw_concrete)]
    others = (draw_grass, draw_gravel, draw_sand, draw_snow, draw_grain, draw_clouds)
    images += [draw(_SHAPE) for draw in others]
    images = [image - image.mean() for image in images]
    for number in range(LEAFY + CONIFERS):
        images += draw_tree(number, number >= LEAFY, FOLIAGE_SIZE)
    start = np.zeros((len(images), LEVELS, LEVELS), np.int32)
    logs = np.array([[size.bit_length() - 1 for size in image.shape] for image in images], np.int32)
    texels: list[NDArray[np.int32]] = []
    total = 0
    for texture, image in enumerate(images):
        grainy = texture == GRAIN or (texture >= FOLIAGE and (texture - FOLIAGE) % 2 == 1)
        for (level_u, level_v), words in _ripmap(image, grainy).items():
            start[texture, level_u, level_v] = total
            texels.append(words)
            total += words.size
    normal = generator("camera texture", "noise").standard_normal(3 * NOISE_SIZE)
    return Textures(
        texels=np.concatenate(texels),
        start=start,
        log_u=np.ascontiguousarray(logs[:, 1]),
        log_v=np.ascontiguousarray(logs[:, 0]),
        skyline=_skyline(),
        noise=np.clip(np.rint(normal * NOISE_UNIT), -127, 127).astype(np.int8),
    )


@lru_cache(maxsize=4)
def textures_on(device: str) -> Textures:
    """The textures as arrays on ``device``; baked once a process."""
    return Textures(*(to_device(device, array) for array in _bake()))
