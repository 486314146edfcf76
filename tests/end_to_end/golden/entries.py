"""What the golden data hold of a result: the hash of its bits, and statistics that other machines are compared by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import drive_sim  # noqa: F401 (registers the environments)

IMAGE_BLOCKS = (3, 4)
"""Rows and columns of the blocks of an image whose means are kept."""
FAR = 200.0
"""Depths count as at most this in the statistics [m]: the sky's depth would drown all others."""
Statistics = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Entry:
    """One result of a case."""

    arrays: tuple[NDArray[Any], ...]
    """What is hashed."""
    statistics: Statistics
    """``means``, ``blocks``, ``values`` (lists of numbers) or ``text``: what is compared on other machines."""

    @property
    def hash(self) -> str:
        """SHA-256 of data type, shape and bytes of each array."""
        digest = hashlib.sha256()
        for array in self.arrays:
            digest.update(f"{array.dtype.str} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


Entries = dict[str, Entry]


def image_entry(image: NDArray[Any]) -> Entry:
    """An image (H, W) or (H, W, channels); a depth image's statistics are of depths up to `FAR`."""
    levels = np.minimum(image, FAR).astype(float) if image.dtype.kind == "f" else image.astype(float)
    levels = levels.reshape(*image.shape[:2], -1)
    blocks = [
        block.mean((0, 1))
        for rows in np.array_split(levels, IMAGE_BLOCKS[0], axis=0)
        for block in np.array_split(rows, IMAGE_BLOCKS[1], axis=1)
    ]
    means = np.round(levels.mean((0, 1)), 4).tolist()
    return Entry((image,), {"means": means, "blocks": np.round(blocks, 2).ravel().tolist()})


def values_entry(*arrays: Any, summary: Sequence[Any] | None = None) -> Entry:
    """Arrays of numbers; their statistics are ``summary``, or means of the values and of their magnitudes."""
    arrays = tuple(np.asarray(array) for array in arrays)
    if summary is None:
        flat = [np.nan_to_num(array.astype(float)).ravel() for array in arrays]
        summary = [mean for values in flat if len(values) for mean in (values.mean(), np.abs(values).mean())]
    return Entry(arrays, {"values": [float(f"{value:.10g}") for value in np.asarray(summary, float)]})


def text_entry(text: str) -> Entry:
    """Words, the same on every machine."""
    return Entry((np.frombuffer(text.encode(), np.uint8),), {"text": text})


def number(value: float | None) -> float:
    """A number of results.json; nan for null."""
    return float("nan") if value is None else float(value)
