"""What the truth of an image consists of: classes, how many road users it tells apart, the depth of the sky."""

from __future__ import annotations

import numpy as np

SEMANTIC_SKY = 0
SEMANTIC_ROAD = 1
SEMANTIC_MARKING = 2
SEMANTIC_VERGE = 3
SEMANTIC_KERB = 4
SEMANTIC_RAIL = 5
SEMANTIC_VEHICLE = 6
SEMANTIC_PEDESTRIAN = 7
SEMANTIC_CYCLIST = 8
SEMANTIC_OBJECT = 9
SEMANTIC_SCENERY = 10
SEMANTIC_NAMES = (
    "sky",
    "road",
    "marking",
    "verge",
    "kerb",
    "rail",
    "vehicle",
    "pedestrian",
    "cyclist",
    "object",
    "scenery",
)
"""Name of each class of the semantic image; vehicles include motorcycles, objects are cones and debris."""
SEMANTIC_COLOURS = np.array(
    [
        (130, 180, 230),
        (90, 90, 95),
        (250, 250, 250),
        (110, 160, 70),
        (190, 170, 150),
        (160, 160, 190),
        (30, 60, 200),
        (220, 40, 60),
        (250, 150, 30),
        (250, 230, 40),
        (40, 100, 50),
    ],
    np.uint8,
)
"""RGB to show each class in."""
KINDS = 16
"""Pixels carry one number for their class and instance: class + KINDS x instance."""
MOST_INSTANCES = 255
"""Road users that the instance image can tell apart."""
SKY_DEPTH = 1e6
"""Depth of pixels that see the sky [m]."""
