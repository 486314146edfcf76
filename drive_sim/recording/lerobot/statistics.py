"""Statistics of the columns, as LeRobot keeps them for each episode and for the whole dataset.

For vectors one number an element, for images one a channel, shaped (3, 1, 1) and scaled to 0..1. Minimum, maximum,
mean, standard deviation and count of a dataset follow exactly from those of its episodes (Chan, Golub & LeVeque 1979);
quantiles do not, so the dataset's are the outermost of its episodes', as in LeRobot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
NAMES = ("min", "max", "mean", "std", "count", *QUANTILES)
IMAGES_SAMPLED = 100
"""Images of an episode that statistics are taken of, evenly spaced."""

Statistics = dict[str, NDArray[Any]]


def column_statistics(rows: NDArray[Any]) -> Statistics:
    """Statistics of T rows, (T) or (T, n), each of shape (n); n = 1 for plain numbers."""
    table = rows.reshape(len(rows), -1).astype(np.float64)
    quantiles = np.quantile(table, list(QUANTILES.values()), axis=0)
    return {
        "min": table.min(0),
        "max": table.max(0),
        "mean": table.mean(0),
        "std": table.std(0),
        "count": np.array([len(table)], np.int64),
        **dict(zip(QUANTILES, quantiles, strict=True)),
    }


def image_statistics(images: Sequence[NDArray[np.uint8]]) -> Statistics:
    """Statistics of uint8 (H, W, 3) images, each of shape (3, 1, 1); the count is that of the images."""
    # A histogram of 256 grey levels holds all of it, and needs no sorting of millions of pixels.
    histogram, total = np.zeros((3, 256), np.int64), 0
    for image in images:
        total += image.shape[0] * image.shape[1]
        for channel, counts in enumerate(histogram):
            # Counted in float32, which is exact up to 16 million pixels.
            counts += cv2.calcHist([image], [channel], None, [256], [0, 256]).ravel().astype(np.int64)
    levels = np.arange(256)
    mean = histogram @ levels / total
    cumulative = histogram.cumsum(1)
    values = {
        "min": (histogram > 0).argmax(1),
        "max": 255 - (histogram[:, ::-1] > 0).argmax(1),
        "mean": mean,
        "std": np.sqrt(np.maximum(histogram @ levels**2 / total - mean**2, 0.0)),
        **{name: (cumulative >= q * total).argmax(1) for name, q in QUANTILES.items()},
    }
    scaled: Statistics = {name: (value / 255.0).reshape(3, 1, 1) for name, value in values.items()}
    return {**scaled, "count": np.array([len(images)], np.int64)}


def sampled(count: int) -> list[int]:
    """Which of ``count`` images `image_statistics` is given."""
    return np.unique(np.linspace(0, count - 1, min(count, IMAGES_SAMPLED)).round().astype(int)).tolist()


def merge(parts: Mapping[str, NDArray[Any]]) -> Statistics:
    """Statistics of a column over E episodes; ``parts`` holds those of each, stacked to (E, ...)."""
    weight = parts["count"].reshape(-1, *[1] * (parts["mean"].ndim - 1)).astype(np.float64)
    mean = (parts["mean"] * weight).sum(0) / weight.sum()
    variance = ((parts["std"] ** 2 + (parts["mean"] - mean) ** 2) * weight).sum(0) / weight.sum()
    return {
        "min": parts["min"].min(0),
        "max": parts["max"].max(0),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": parts["count"].sum(0),
        **{name: parts[name].min(0) if q <= 0.5 else parts[name].max(0) for name, q in QUANTILES.items()},
    }
