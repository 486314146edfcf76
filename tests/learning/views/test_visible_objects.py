"""The side task's labels: who stands in each column, how far away."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import SEEN_CLASSES, NetworkSettings
from drive_sim.learning.views.visible_objects import seen_in_columns
from drive_sim.sensors.camera.semantics import (
    SEMANTIC_CYCLIST,
    SEMANTIC_OBJECT,
    SEMANTIC_PEDESTRIAN,
    SEMANTIC_SCENERY,
    SEMANTIC_VEHICLE,
)

MIDDLES = np.array([4, 12, 20])


def look(*stand: tuple[int, int, int, float]) -> list[int]:
    """Labels of an image of 10 x 24 pixels with (row, column, class, depth) in it."""
    semantic, depth = np.ones((1, 10, 24), np.uint8), np.full((1, 10, 24), 5.0, np.float32)
    for row, column, kind, away in stand:
        semantic[0, row, column], depth[0, row, column] = kind, away
    return seen_in_columns(semantic, depth, MIDDLES, 8)[0].tolist()


@pytest.mark.parametrize(
    ("kind", "away", "label"),
    [
        (SEMANTIC_VEHICLE, 11.0, 1),
        (SEMANTIC_VEHICLE, 80.0, 4),
        (SEMANTIC_PEDESTRIAN, 13.0, 6),
        (SEMANTIC_CYCLIST, 30.0, 7),
        (SEMANTIC_OBJECT, 60.0, SEEN_CLASSES - 1),
        (SEMANTIC_SCENERY, 3.0, 0),
    ],
)
def test_kind_and_distance_make_the_label(kind: int, away: float, label: int) -> None:
    assert look((3, 9, kind, away)) == [0, label, 0]


def test_the_nearest_in_a_column_counts() -> None:
    assert look((3, 8, SEMANTIC_VEHICLE, 20.0), (7, 15, SEMANTIC_PEDESTRIAN, 8.0)) == [0, 5, 0]


def test_columns_are_where_the_last_convolution_looks() -> None:
    settings = NetworkSettings()
    ((middles, width),) = settings.columns
    assert (middles[0], middles[-1], width) == (30, 166, 8)
    network = build_network(settings)
    assert network.convolutions[-2].out_channels == 64
    assert network.seen.out_channels == SEEN_CLASSES
    assert len(middles) == 18
