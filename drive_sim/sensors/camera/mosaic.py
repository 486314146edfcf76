"""Images of several cameras as one: what a network with more than one camera is given, and what windows show of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Size = tuple[int, int]
"""(rows, columns) [pixels]."""


def mosaic_size(sizes: Sequence[Size]) -> Size:
    """(rows, columns) of the mosaic of images of these sizes."""
    return sum(rows for rows, _ in sizes), max(columns for _, columns in sizes)


def mosaic(images: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Images (B, rows, columns, 3), or without B, below each other, left edges aligned, black beside narrower ones.

    A single one is returned as it is.
    """
    if len(images) == 1:
        return images[0]
    rows, columns = mosaic_size([(image.shape[-3], image.shape[-2]) for image in images])
    whole = np.zeros((*images[0].shape[:-3], rows, columns, 3), images[0].dtype)
    top = 0
    for image in images:
        whole[..., top : top + image.shape[-3], : image.shape[-2], :] = image
        top += image.shape[-3]
    return whole
