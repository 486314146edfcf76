"""A lens that distorts shows everything where OpenCV's model says, and its layers stay aligned."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_sim.base.errors import InputError
from drive_sim.sensors.camera.optics.lens import pinhole_of
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_SKY, SKY_DEPTH
from drive_sim.world.roads.road import STYLE_SOLID, Boundary

BARREL = CameraConfig("front", 320, 160, 1.7, x=0.0, k1=-0.16, k2=0.015, p1=0.003, p2=-0.002)
CUSHION = replace(BARREL, k1=0.12, k2=0.01, k3=0.004)


def by_opencv(camera: CameraConfig, points: np.ndarray) -> np.ndarray:
    """(column, row) of points (P, 3) in the vehicle frame."""
    # OpenCV's camera looks along z, with x to the right and y down.
    axes = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]) @ camera.axes
    turn, _ = cv2.Rodrigues(axes)
    move = -axes @ [camera.x, camera.y, camera.z]
    return cv2.projectPoints(points, turn, move, camera.matrix, np.array(camera.distortion))[0][:, 0]


@pytest.mark.parametrize("camera", [BARREL, CUSHION, replace(BARREL, yaw=0.4, roll=0.1)])
def test_points_are_projected_as_opencv_projects_them(camera):
    rng = np.random.default_rng(1)
    rays = camera.ray(rng.uniform(0, camera.width - 1, 200), rng.uniform(0, camera.height - 1, 200))
    points = [camera.x, camera.y, camera.z] + rays * rng.uniform(1.0, 60.0, (200, 1))
    np.testing.assert_allclose(camera.project(points)[:, :2], by_opencv(camera, points), atol=1e-6)


@given(
    st.floats(-0.2, 0.2), st.floats(-0.02, 0.02), st.floats(-0.005, 0.005), st.floats(-0.005, 0.005),
    st.floats(-0.5, 199.5), st.floats(-0.5, 65.5),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
@pytest.mark.slow
def test_a_point_on_a_pixels_ray_is_seen_in_that_pixel(k1, k2, p1, p2, column, row):
    camera = CameraConfig(k1=k1, k2=k2, p1=p1, p2=p2)
    point = np.array([camera.x, camera.y, camera.z]) + 7.0 * camera.ray(column, row)
    np.testing.assert_allclose(camera.project(point), [column, row, 7.0], atol=1e-6)


@pytest.mark.parametrize("camera", [BARREL, CUSHION])
@pytest.mark.slow
def test_a_line_is_rendered_where_opencv_projects_it(photographer, camera):
    checked = 0
    for offset in (-3.5, -1.2, 0.4, 2.6):
        road = photographer.road(boundaries=(Boundary(offset, STYLE_SOLID, width=0.1),), paved=60.0)
        frames = photographer.shoot(photographer.episode(road, start_offset=1.75), camera=camera)
        light = photographer.light(frames.rgb[0, 0, :, :, 1])
        ahead = np.arange(1.5, 30.0, 0.02)
        points = np.stack([ahead, 0.0 * ahead + offset, 0.0 * ahead], -1)
        columns, rows = by_opencv(camera, points).T
        for row in range(78, 158, 8):
            column = np.interp(-row, -rows, columns)
            if row > rows[0] or not 12 < column < camera.width - 13:
                continue
            window = slice(int(column) - 11, int(column) + 13)
            paint = np.clip(light[row, window] - np.median(light[row, window]) - 0.02, 0.0, None)
            centre = (paint * np.arange(window.start, window.stop)).sum() / paint.sum()
            assert centre == pytest.approx(column, abs=0.5), (offset, row)
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("camera", [BARREL, CUSHION])
def test_the_layers_of_a_bent_image_stay_aligned(photographer, camera):
    frames = photographer.shoot(photographer.crowd(), camera=camera)
    semantic, depth, instance = frames.semantic[0, 0], frames.depth[0, 0], frames.instance[0, 0]
    assert np.array_equal((semantic >= 6) & (semantic <= 9), instance > 0)
    assert np.array_equal(semantic == SEMANTIC_SKY, depth == SKY_DEPTH)
    assert len(np.unique(instance)) == 7
    assert frames.rgb.min(axis=(0, 1, 4)).max() > 0


def test_a_lens_that_does_not_bend_costs_nothing(photographer):
    plain = CameraConfig()
    assert not plain.distorted
    assert pinhole_of(plain) is plain
    assert CameraRig([plain]).groups[0]._lens is None
    straight, slight = (photographer.shoot(camera=camera) for camera in (plain, replace(plain, k1=1e-9)))
    assert np.array_equal(straight.semantic, slight.semantic)
    assert np.abs(straight.rgb.astype(int) - slight.rgb.astype(int)).max() <= 1


@pytest.mark.parametrize("wrong", [{"k1": -0.6}, {"k1": -0.3, "field_of_view": 2.4}, {"p1": 0.9}])
def test_a_lens_that_would_fold_the_image_is_refused(wrong):
    with pytest.raises(InputError, match="too far"):
        replace(CameraConfig(field_of_view=1.8), **wrong)
