"""Trees as small images, drawn once with NumPy: crowns of many clumps of leaves, lit from above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.randomness import generator

_FINE = 4
"""Trees are drawn this much larger and then averaged."""


def draw_tree(number: int, conifer: bool, size: int) -> list[NDArray[np.float64]]:
    """Outline and light of tree ``number``, each (size, size) in -1..1, row 0 at the foot.

    Outline: 1 where the tree is, -1 elsewhere. Light: -1 bark and deep shade, 0 leaves, 1 leaves in the sun.
    """
    n = size * _FINE
    rng = generator("camera foliage", number)
    cover, light = np.zeros((n, n)), np.zeros((n, n))
    u, v = np.meshgrid((np.arange(n) + 0.5) / n - 0.5, (np.arange(n) + 0.5) / n)
    _draw_trunk(cover, light, u, v, rng, conifer)
    clumps = _conifer_clumps(rng) if conifer else _leafy_clumps(rng)
    ragged = rng.standard_normal((n // 3 + 1, n // 3 + 1)).repeat(3, 0).repeat(3, 1)[:n, :n]
    widest = 1.0 - 0.16 * ragged.min()
    for x, y, radius, tone in clumps:
        # No farther from its middle than this does a clump reach.
        near_u, near_v = np.abs(u[0] - x) <= widest * radius, np.abs(v[:, 0] - y) <= widest * radius
        part = (slice(*_ends(near_v)), slice(*_ends(near_u)))
        right, up, rough = u[part] - x, v[part] - y, ragged[part]
        inside = np.hypot(right, up * 1.15) / radius + 0.16 * rough < 1.0
        cover[part][inside] = 1.0
        shaded = tone + 0.5 * (up / radius - 0.4 * right / radius) + 0.22 * rough
        light[part][inside] = np.clip(shaded, -0.9, 1.0)[inside]
    blocks = (size, _FINE, size, _FINE)
    share = cover.reshape(blocks).mean((1, 3))
    tone = (cover * light).reshape(blocks).sum((1, 3)) / np.maximum(cover.reshape(blocks).sum((1, 3)), 1e-9)
    # A border of air, because look-ups wrap around.
    share[0], share[-1], share[:, 0], share[:, -1] = share[0] * 0.5, 0.0, 0.0, 0.0
    tone[share <= 0.0] = 0.0
    return [2.0 * share - 1.0, tone]


def _ends(marked: NDArray[np.bool_]) -> tuple[int, int]:
    """First marked entry, and the one after the last."""
    places = np.flatnonzero(marked)
    return (int(places[0]), int(places[-1]) + 1) if places.size else (0, 0)


def _draw_trunk(
    cover: NDArray[np.float64],
    light: NDArray[np.float64],
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    rng: np.random.Generator,
    conifer: bool,
) -> None:
    top, foot = (0.3, 0.022) if conifer else (0.62, rng.uniform(0.028, 0.045))
    trunk = (np.abs(u - 0.02 * np.sin(6.0 * v)) < foot * (1.25 - v / top)) & (v < top)
    for _ in range(0 if conifer else 6):
        start, slope = rng.uniform(0.25, 0.45), rng.uniform(-0.9, 0.9)
        trunk |= (np.abs(u - slope * (v - start)) < 0.012) & (v > start) & (v < start + 0.25)
    cover[trunk] = 1.0
    light[trunk] = np.clip(-0.75 - 2.0 * u[trunk] / foot * 0.2, -1.0, -0.4)


def _leafy_clumps(rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
    """(x, y, radius, light) of clumps that fill an egg-shaped crown, those in front last."""
    clumps = []
    middle, half, wide = rng.uniform(0.6, 0.66), rng.uniform(0.29, 0.34), rng.uniform(0.36, 0.44)
    for depth in range(90):
        angle, reach = rng.uniform(0.0, 2.0 * np.pi), np.sqrt(rng.uniform(0.0, 1.0))
        x, y = wide * reach * np.cos(angle), middle + half * reach * np.sin(angle)
        radius = rng.uniform(0.035, 0.085)
        height = (y - middle) / half
        tone = -0.5 + 0.35 * height - 0.2 * x / wide + 0.65 * depth / 90 * rng.uniform(0.3, 1.0)
        clumps.append((float(x), float(y), float(radius), float(tone)))
    return clumps


def _conifer_clumps(rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
    """(x, y, radius, light) of tiers of drooping branches, from the foot up."""
    clumps = []
    for tier in range(26):
        height = 0.09 + 0.86 * tier / 25
        wide = 0.4 * (1.0 - height) ** 0.85 * rng.uniform(0.75, 1.1) + 0.012
        count = max(3, int(52 * wide))
        for x in np.linspace(-wide, wide, count) + rng.normal(0.0, 0.01, count):
            droop = 0.12 * abs(x)
            tone = -0.35 - 0.5 * x / (wide + 0.02) * 0.4 + rng.normal(0.0, 0.2) + 0.25 * height
            clumps.append((float(x), float(height - droop), float(rng.uniform(0.02, 0.042)), float(tone)))
    return clumps
