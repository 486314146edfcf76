"""Images of what the ground is made of, drawn once with NumPy: pavings, roadsides, fine grain and clouds.

All are periodic, so that they tile the ground without a seam, and hold relative brightness: -1 black .. 1 twice as
bright, 0 neutral. A paving's rows lie across the road and its columns along it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.randomness import generator

Image = NDArray[np.float64]
_LANES, _SLABS = 2, 6
"""Concrete slabs of a tile across the road and along it."""


def spectral_noise(name: str, shape: tuple[int, int], slope: float, lowest: float = 1.0) -> Image:
    """Periodic Gaussian noise (v, u), amplitude falling as frequency**-slope above ``lowest`` cycles a tile."""
    white = generator("camera texture", name).standard_normal(shape)
    fv = np.fft.fftfreq(shape[0])[:, None] * shape[0]
    fu = np.fft.fftfreq(shape[1])[None, :] * shape[1]
    frequency = np.hypot(fu / shape[1] * max(shape), fv / shape[0] * max(shape))
    gain = np.where(frequency >= lowest, np.maximum(frequency, 1e-9) ** -slope, 0.0)
    image = np.fft.ifft2(np.fft.fft2(white) * gain).real
    return image / image.std()


def draw_asphalt(shape: tuple[int, int]) -> Image:
    """Mottling, a few repaired patches with tarred seams, and cracks."""
    rng = generator("camera texture", "asphalt")
    image = 0.10 * spectral_noise("mottle", shape, 0.8, 3.0)
    image += 0.06 * spectral_noise("stains", shape, 1.6, 2.0)
    _lay_repairs(image, rng, 3, 0.28)
    for lengthwise, start, steps in ((True, 40, 260), (False, 200, 100), (False, 420, 128), (True, 100, 120)):
        _wander(image, rng, lengthwise, float(start), steps, 1, 0.45)
    return image


def draw_patched(shape: tuple[int, int]) -> Image:
    """Asphalt after many winters: repair upon repair, cracks poured with tar, ruts polished by tyres, skid marks."""
    rng = generator("camera texture", "patched")
    image = 0.12 * spectral_noise("ravelling", shape, 0.6, 3.0)
    image += 0.10 * spectral_noise("old stains", shape, 1.6, 2.0)
    _lay_repairs(image, rng, 7, 0.34)
    for lengthwise in (True, False, False, True, False, True):
        start, steps = rng.uniform(0, shape[1]), int(rng.uniform(90, 240))
        _wander(image, rng, lengthwise, float(start), steps, 2, 0.5)
    for _ in range(2):
        _skid(image, rng)
    return image


def draw_concrete(shape: tuple[int, int]) -> Image:
    """Slabs, each a little lighter or darker, with joints poured with tar, broomed across, and oil down the middle.

    Half the tile's width is a lane.
    """
    height, width = shape
    rng = generator("camera texture", "concrete")
    image = 0.05 * spectral_noise("cement", shape, 0.9, 3.0)
    image += 0.04 * rng.standard_normal(width)[None, :]
    rows, columns = np.arange(height), np.arange(width)
    lane, slab = rows * _LANES // height, columns * _SLABS // width
    image += rng.uniform(-0.1, 0.1, (_LANES, _SLABS))[np.ix_(lane, slab)]
    across = (rows / height * _LANES) % 1.0 - 0.5
    image -= 0.1 * np.exp(-((across / 0.12) ** 2))[:, None]
    for place in (lane, slab):
        joint = place != np.roll(place, 1)
        stain = joint | np.roll(joint, -1) | np.roll(joint, 1)
        if place is lane:
            # Wide enough for pixels at the image's sides, which see more of the road's width.
            image[stain] -= 0.2
            image[joint] -= 0.14
        else:
            image[:, stain] -= 0.1
            image[:, joint] -= 0.45
    _wander(image, rng, False, 0.4 * width, height // 2, 1, 0.35)
    return image


def _lay_repairs(image: Image, rng: np.random.Generator, number: int, seam: float) -> None:
    """Rectangles of another asphalt with dark seams."""
    height, width = image.shape
    for _ in range(number):
        length, breadth = int(rng.uniform(24, 90)), int(rng.uniform(14, 44))
        s0, d0 = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        across, along = np.arange(d0, d0 + breadth) % height, np.arange(s0, s0 + length) % width
        image[np.ix_(across, along)] += rng.uniform(-0.22, 0.12)
        for edge in (across[:1], across[-1:]):
            image[np.ix_(edge, along)] -= seam
        for edge in (along[:1], along[-1:]):
            image[np.ix_(across, edge)] -= seam


def _wander(
    image: Image, rng: np.random.Generator, lengthwise: bool, start: float, steps: int, breadth: int, dark: float
) -> None:
    """A crack, or the tar in one, ``breadth`` texels wide."""
    height, width = image.shape
    u, v = start, float(rng.uniform(0, height))
    drift = 0.0
    for _ in range(steps):
        drift = 0.9 * drift + rng.normal(0.0, 0.25)
        u, v = (u + 1.0, v + drift) if lengthwise else (u + drift, v + 1.0)
        for k in range(breadth):
            row, column = (int(v) + k, int(u)) if lengthwise else (int(v), int(u) + k)
            image[row % height, column % width] -= dark


def _skid(image: Image, rng: np.random.Generator) -> None:
    """Rubber that two locked wheels left, growing darker towards where the car stood."""
    height, width = image.shape
    start, steps = int(rng.uniform(0, width)), int(rng.uniform(110, 200))
    v, drift = float(rng.uniform(0, height)), float(rng.normal(0.0, 0.03))
    for k in range(steps):
        dark = 0.5 * min(1.0, 2.0 * k / steps)
        for wheel in (0, 24):
            rows = (int(v) + wheel + np.arange(3)) % height
            image[rows, (start + k) % width] -= dark
        v += drift


def draw_grass(shape: tuple[int, int]) -> Image:
    """Clumps and patches."""
    return 0.22 * spectral_noise("verge", shape, 0.9, 3.0) + 0.12 * spectral_noise("tufts", shape, 0.2, 12.0)


def draw_gravel(shape: tuple[int, int]) -> Image:
    """Stones of a hand's breadth among smaller ones, and puddles of finer stuff."""
    stones = spectral_noise("stones", shape, 0.0, 16.0)
    return 0.16 * np.abs(stones) + 0.08 * stones + 0.08 * spectral_noise("fines", shape, 1.3, 2.0)


def draw_sand(shape: tuple[int, int]) -> Image:
    """Ripples that the wind has driven, bent by hollows, and tufts that hold on here and there."""
    height, width = shape
    hollows = spectral_noise("hollows", shape, 1.7, 2.0)
    v, u = np.mgrid[0:height, 0:width]
    phase = 2.0 * np.pi * (14.0 * u / width + 5.0 * v / height) + 1.3 * hollows
    ripples = np.sin(phase) + 0.4 * np.sin(2.0 * phase + 0.7)
    tufts = np.maximum(spectral_noise("marram", shape, 0.6, 6.0) - 1.9, 0.0)
    return 0.1 * ripples + 0.1 * hollows - 0.5 * np.minimum(tufts, 1.0)


def draw_snow(shape: tuple[int, int]) -> Image:
    """Drifts, soft and wide, and what pokes through them."""
    drifts = 0.22 * spectral_noise("drifts", shape, 1.6, 2.0)
    stalks = np.maximum(spectral_noise("stalks", shape, 0.3, 10.0) - 2.2, 0.0)
    return drifts - 0.9 * np.minimum(stalks, 1.0)


def draw_grain(shape: tuple[int, int]) -> Image:
    """Stones in asphalt, blades of grass: whatever is too small to have a shape."""
    return 0.28 * spectral_noise("grain", shape, 0.15, 1.0)


def draw_clouds(shape: tuple[int, int]) -> Image:
    """Cloud cover, thick where positive."""
    return 0.33 * spectral_noise("clouds", shape, 1.7, 2.0)
