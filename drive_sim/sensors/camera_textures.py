"""Textures of asphalt, verge, foliage and clouds, filtered beforehand for every footprint.

Each texture is periodic noise, baked once with NumPy and stored as a *ripmap*: all combinations of halvings along
both axes, because a road seen at a grazing angle has pixels that are long and narrow. Sampling is one bilinear
look-up in the level that suits the footprint, so that nothing shimmers. Texels are bytes, 128 being neutral. A word
of a *smooth* texture holds the four that a bilinear look-up mixes; a word of a *grainy* one, four in a row, because
nobody sees the blocks of fine grain.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.bundle import lasting
from drive_sim.kernel import to_device
from drive_sim.randomness import generator
from drive_sim.sensors.camera_foliage import draw_tree
from drive_sim.sensors.camera_rows import fetch
from drive_sim.sensors.camera_view import pixel_scalar

F, INT = np.float32, np.int32
ASPHALT, GRAIN, VERGE, CLOUD, FOLIAGE = range(5)
"""Numbers of the textures; from FOLIAGE on there are two for each kind of tree: its outline and its light."""
LEAFY, CONIFERS = 4, 3
"""How many leafy trees and conifers there are among the foliage, in this order."""
FOLIAGE_SIZE = 64
_SIZES = {ASPHALT: (9, 7), GRAIN: (7, 7), VERGE: (7, 7), CLOUD: (7, 7)}
"""log2 of (texels along u, texels along v)."""
_PACKED = 2
"""log2 of the texels along u that share a word of a grainy texture, and of its smallest width."""
ASPHALT_TEXEL, GRAIN_TEXEL, VERGE_TEXEL = 0.0625, 0.025, 0.25
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
    skyline: Any  # float32 (2 SKYLINE_SIZE): height of far hills, then of the woods' edge, by azimuth, 0..1
    noise: Any  # int8 (3 NOISE_SIZE): normal numbers times NOISE_UNIT for red, green and blue


class Level(NamedTuple):
    """One level of one texture, chosen for a row."""

    start: Any
    log_u: Any  # log2 of its width
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
        log_u - level_u,
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
    row = INT(INT(INT(y >> INT(8)) & INT(level.mask_v)) << INT(level.log_u))
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
    row = INT(INT(y & INT(level.mask_v)) << INT(level.log_u))
    word = INT(fetch(textures.texels, INT(INT(level.start) + INT(INT(row + x) >> INT(2)))))
    byte = INT(INT(word >> INT(INT(x & INT(3)) << INT(3))) & INT(255))
    return F(byte) * F(1.0 / 128.0) - F(1.0)


def _spectral_noise(name: str, shape: tuple[int, int], slope: float, lowest: float = 1.0) -> NDArray[np.float64]:
    """Periodic Gaussian noise (v, u), amplitude falling as frequency**-slope above ``lowest`` cycles a tile."""
    white = generator("camera texture", name).standard_normal(shape)
    fv = np.fft.fftfreq(shape[0])[:, None] * shape[0]
    fu = np.fft.fftfreq(shape[1])[None, :] * shape[1]
    frequency = np.hypot(fu / shape[1] * max(shape), fv / shape[0] * max(shape))
    gain = np.where(frequency >= lowest, np.maximum(frequency, 1e-9) ** -slope, 0.0)
    picture = np.fft.ifft2(np.fft.fft2(white) * gain).real
    return picture / picture.std()


def _asphalt() -> NDArray[np.float64]:
    """Mottling, repaired patches with tarred seams, and cracks; (d, s) of 8 m by 32 m."""
    height, width = 1 << _SIZES[ASPHALT][1], 1 << _SIZES[ASPHALT][0]
    rng = generator("camera texture", "asphalt")
    picture = 0.10 * _spectral_noise("mottle", (height, width), 0.8, 3.0)
    picture += 0.06 * _spectral_noise("stains", (height, width), 1.6, 2.0)
    for _ in range(3):  # repairs
        length, breadth = int(rng.uniform(24, 90)), int(rng.uniform(14, 44))
        s0, d0 = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        across, along = np.arange(d0, d0 + breadth) % height, np.arange(s0, s0 + length) % width
        picture[np.ix_(across, along)] += rng.uniform(-0.22, 0.12)
        for edge in (across[:1], across[-1:]):
            picture[np.ix_(edge, along)] -= 0.28
        for edge in (along[:1], along[-1:]):
            picture[np.ix_(across, edge)] -= 0.28
    for lengthwise, start, steps in ((True, 40, 260), (False, 200, 100), (False, 420, 128), (True, 100, 120)):
        u, v = float(start), float(rng.uniform(0, height))
        drift = 0.0
        for _ in range(steps):  # cracks wander
            drift = 0.9 * drift + rng.normal(0.0, 0.25)
            u, v = (u + 1.0, v + drift) if lengthwise else (u + drift, v + 1.0)
            picture[int(v) % height, int(u) % width] -= 0.45
    return picture


def _verge() -> NDArray[np.float64]:
    """Clumps and patches of grass or gravel; 32 m by 32 m."""
    shape = (1 << _SIZES[VERGE][1], 1 << _SIZES[VERGE][0])
    return 0.22 * _spectral_noise("verge", shape, 0.9, 3.0) + 0.12 * _spectral_noise("tufts", shape, 0.2, 12.0)


def _clouds() -> NDArray[np.float64]:
    shape = (1 << _SIZES[CLOUD][1], 1 << _SIZES[CLOUD][0])
    return 0.33 * _spectral_noise("clouds", shape, 1.7, 2.0)


def _grain() -> NDArray[np.float64]:
    shape = (1 << _SIZES[GRAIN][1], 1 << _SIZES[GRAIN][0])
    return 0.28 * _spectral_noise("grain", shape, 0.15, 1.0)


def _halved(picture: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    if axis == 0:
        return 0.5 * (picture[0::2] + picture[1::2])
    return 0.5 * (picture[:, 0::2] + picture[:, 1::2])


def _skyline() -> NDArray[np.float32]:
    """Far hills and the edge of the woods, each 0..1 by azimuth, periodic."""
    hills = _spectral_noise("hills", (1, SKYLINE_SIZE), 1.7, 2.0)[0]
    woods = (
        _spectral_noise("woods", (1, SKYLINE_SIZE), 0.9, 4.0)[0]
        + 0.5 * _spectral_noise("crowns", (1, SKYLINE_SIZE), 0.1, 60.0)[0]
    )
    rows = [np.clip(0.5 + 0.22 * row, 0.0, 1.0) for row in (hills, woods)]
    return np.concatenate(rows).astype(np.float32)


def _ripmap(picture: NDArray[np.float64], grainy: bool) -> dict[tuple[int, int], NDArray[np.int32]]:
    """Words of every combination of halvings (along u, along v)."""
    levels = {}
    log_v, log_u = (size.bit_length() - 1 for size in picture.shape)
    column = picture
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
    pictures = [_asphalt(), _grain(), _verge(), _clouds()]
    pictures = [picture - picture.mean() for picture in pictures]
    for number in range(LEAFY + CONIFERS):
        pictures += draw_tree(number, number >= LEAFY, FOLIAGE_SIZE)
    start = np.zeros((len(pictures), LEVELS, LEVELS), np.int32)
    logs = np.array([[size.bit_length() - 1 for size in picture.shape] for picture in pictures], np.int32)
    texels: list[NDArray[np.int32]] = []
    total = 0
    for texture, picture in enumerate(pictures):
        grainy = texture == GRAIN or (texture >= FOLIAGE and (texture - FOLIAGE) % 2 == 1)
        for (level_u, level_v), words in _ripmap(picture, grainy).items():
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
