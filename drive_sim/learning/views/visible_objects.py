"""The nearest actor in each column of an image: the label of an auxiliary task, from the renderer's truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import kernel
from drive_sim.drivers.neural.settings import SEEN_BORDERS
from drive_sim.sensors.camera.semantics import (
    SEMANTIC_CYCLIST,
    SEMANTIC_NAMES,
    SEMANTIC_OBJECT,
    SEMANTIC_PEDESTRIAN,
    SEMANTIC_VEHICLE,
)

_NOBODY = 255
_KIND = np.full(len(SEMANTIC_NAMES), _NOBODY, np.uint8)
_KIND[[SEMANTIC_VEHICLE, SEMANTIC_PEDESTRIAN, SEMANTIC_CYCLIST, SEMANTIC_OBJECT]] = (0, 1, 1, 2)
_BORDERS = np.array(SEEN_BORDERS)


@kernel(grain=8)
def _look(n: int, images: Any, columns: Any, tables: Any, seen: Any) -> None:
    """Fill row ``n`` of ``seen``; see `seen_in_columns`."""
    semantic, depth = images
    middles, width = columns
    kinds, borders = tables
    for j in range(middles.shape[0]):
        nearest, best = np.inf, _NOBODY
        first = max(middles[j] - width[0] // 2, 0)
        for x in range(first, min(first + width[0], semantic.shape[2])):
            for y in range(semantic.shape[1]):
                kind = kinds[semantic[n, y, x]]
                if kind != _NOBODY and depth[n, y, x] < nearest:
                    nearest, best = depth[n, y, x], kind
        label = 0
        if best != _NOBODY:
            label = 1 + best * (borders.shape[0] + 1)
            for k in range(borders.shape[0]):
                label += 1 if nearest > borders[k] else 0
        seen[0][n, j] = label


def seen_in_columns(
    semantic: NDArray[np.uint8], depth: NDArray[np.float32], middles: NDArray[np.int64], width: int
) -> NDArray[np.uint8]:
    """The class of the nearest actor in columns of images: uint8 (n, columns), counted as `networks.SEEN_CLASSES` says.

    Parameters
    ----------
    semantic, depth
        (n, H, W) the images' classes, and depths [m].
    middles, width
        Middle of each column (columns), and how wide they are [pixels].
    """
    seen = np.zeros((len(semantic), len(middles)), np.uint8)
    columns = (middles, np.array([width]))
    _look("cpu", len(semantic), (semantic, depth), columns, (_KIND, _BORDERS), (seen,))
    return seen
