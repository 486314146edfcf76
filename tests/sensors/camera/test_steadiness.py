"""Nothing flickers: what is steady on the road is steady in the image, frame by frame, to the horizon."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.camera.semantics import SEMANTIC_SCENERY
from drive_sim.world.roads.road import (
    DASH_LENGTH,
    DASH_PERIOD,
    EDGE_KERB,
    EDGE_PLAIN,
    EDGE_RAIL,
    STYLE_DASHED,
    STYLE_SOLID,
    Boundary,
)

SPEED, PERIOD = 20.0, 0.05
FRAMES = 40
"""Two seconds."""
CAMERA = CameraConfig(shutter=0.0)
BLACK = {"asphalt": (0.0, 0.0, 0.0), "verge": (0.0, 0.0, 0.0), "horizon": (0.0, 0.0, 0.0), "sky": (0.0, 0.0, 0.0)}
"""Paint alone is bright."""


def drive(photographer, boundary: Boundary, drift: float = 0.0, camera: CameraConfig = CAMERA, **weather):
    """Light (frames, H, W) and depth of a drive at `SPEED` straight along a road with one marking.

    The ego slides ``drift`` [m] to the left.
    """
    road = photographer.road(boundaries=(boundary,), paved=60.0)
    look = photographer.weather(**(BLACK | weather))
    start = {"weather": look, "start_speed": SPEED}
    episodes = [
        photographer.episode(road, start_s=100.0 + k * SPEED * PERIOD, start_offset=drift * k / FRAMES, **start)
        for k in range(FRAMES)
    ]
    seen = photographer.shoot(*episodes, camera=camera, layers=("rgb", "depth"))
    return photographer.light(seen.rgb[:, 0]).mean(-1), seen.depth[:, 0].astype(float)


def test_the_paint_of_an_edge_line_is_the_same_in_every_row_of_every_frame(photographer):
    """However the line lies between the pixels: what one loses its neighbours gain."""
    width = 0.25
    light, depth = drive(photographer, Boundary(-1.75, STYLE_SOLID, width=width), drift=0.5)
    paint = light.sum(-1)
    far = np.median(depth, axis=-1)
    rows = np.flatnonzero((far[0] > 4.0) & (far[0] < 120.0))
    assert len(rows) > 25
    assert far[0, rows].max() > 60.0
    # Rounding to grey levels is left: half a level of 255 in the few pixels of the line.
    rounding = 0.004
    change = np.abs(np.diff(paint[:, rows], axis=0))
    assert np.all(change < 0.02 * paint[:-1, rows] + rounding)
    # And it is as much as the line is wide.
    rows = rows[far[0, rows] < 80.0]
    expected = 0.8 * width * CAMERA.focal_length / far[0, rows]
    assert paint[:, rows].mean(0) / expected == pytest.approx(paint[:, -1].mean() / expected[-1], rel=0.03)


def test_dashes_come_nearer_as_fast_as_the_car_drives(photographer):
    light, depth = drive(photographer, Boundary(0.0, STYLE_DASHED, width=0.2))
    misses = []
    for k in range(FRAMES):
        camera = 100.0 + k * SPEED * PERIOD + CAMERA.x
        reached = np.median(depth[k], axis=-1)
        reached = np.where(reached < 60.0, reached, np.inf)
        place = ground_distance(reached)
        # Share of each row's ground that is painted, times how much of the road the row covers.
        weight = np.where(np.isfinite(reached), light[k].sum(-1) * np.minimum(reached, 60.0) ** 3, 0.0)
        for start in np.arange(0.0, 400.0, DASH_PERIOD):
            middle = start + 0.5 * DASH_LENGTH - camera
            if 8.0 < middle < 16.0:
                mine = np.abs(place - middle) < 0.5 * DASH_PERIOD
                misses.append((weight[mine] * place[mine]).sum() / weight[mine].sum() - middle)
    assert len(misses) > 20
    assert np.abs(misses).max() < 0.15


def ground_distance(depth: np.ndarray) -> np.ndarray:
    """Distance ahead [m] of ground at a depth along the axis of a camera that looks down."""
    return (depth - CAMERA.z * np.sin(CAMERA.pitch)) / np.cos(CAMERA.pitch)


@pytest.mark.parametrize("edge", [EDGE_PLAIN, EDGE_KERB, EDGE_RAIL])
def test_the_far_ground_does_not_shimmer(photographer, edge):
    """Texture, rails, posts and kerbs blend into an even tone with distance."""
    road = photographer.road(edge=edge)
    weather = photographer.weather(asphalt_texture=1.0, verge_texture=1.0)
    episodes = [photographer.episode(road, weather, start_s=100.0 + k * SPEED * PERIOD) for k in range(FRAMES)]
    seen = photographer.shoot(*episodes, camera=CAMERA)
    levels = seen.rgb[:, 0].astype(float)
    jump = np.abs(np.diff(levels, axis=0)).max(-1)
    far = (seen.depth[1:, 0] > 80.0) & (seen.depth[1:, 0] < 1e5)
    assert far.sum() > 1000
    assert jump[far].mean() < 1.0
    assert jump[far].max() < 12.0


def test_scenery_rises_out_of_the_distance_and_does_not_pop_up(photographer):
    road = photographer.road(seed=12)
    weather = photographer.weather(scenery=0.9)
    episodes = [photographer.episode(road, weather, start_s=100.0 + 0.25 * k) for k in range(80)]
    seen = photographer.shoot(*episodes, camera=CameraConfig(width=400, height=132, shutter=0.0))
    far = (seen.semantic[:, 0] == SEMANTIC_SCENERY) & (seen.depth[:, 0] > 135.0)
    count = far.sum((1, 2)).astype(int)
    assert count.max() > 60
    assert np.diff(count).max() <= 12
