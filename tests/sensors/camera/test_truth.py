"""What the camera shows is where projective geometry says, and depth and class agree with it pixel by pixel.

The geometry here is the test's own: rotation matrices by SciPy, points by hand.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.camera.semantics import (
    SEMANTIC_KERB,
    SEMANTIC_MARKING,
    SEMANTIC_OBJECT,
    SEMANTIC_PEDESTRIAN,
    SEMANTIC_RAIL,
    SEMANTIC_ROAD,
    SEMANTIC_SKY,
    SEMANTIC_VEHICLE,
    SEMANTIC_VERGE,
    SKY_DEPTH,
)
from drive_sim.world.roads.road import EDGE_KERB, EDGE_RAIL, RAIL_OFFSET, STYLE_DASHED, Boundary
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.state import ACTOR_CONE, ACTOR_LORRY, ACTOR_PEDESTRIAN

CAMERA = CameraConfig(field_of_view=1.5708, yaw=0.12, pitch=0.14, roll=0.03, x=0.7, y=-0.2, z=1.35)


def pose_of(state, camera: CameraConfig) -> tuple[Rotation, np.ndarray]:
    """Attitude and place of the camera in the world; ISO 8855 is z-y'-x''."""
    body = Rotation.from_euler("ZYX", [state.yaw[0], state.pitch[0], state.roll[0]])
    mount = Rotation.from_euler("ZYX", [camera.yaw, camera.pitch, camera.roll])
    place = np.array([state.x[0], state.y[0], 0.0]) + body.apply([camera.x, camera.y, camera.z])
    return body * mount, place


def project(state, camera: CameraConfig, points) -> np.ndarray:
    """(column, row, depth) of world points."""
    attitude, place = pose_of(state, camera)
    seen = attitude.inv().apply(np.atleast_2d(points) - place)
    f = 0.5 * camera.width / math.tan(0.5 * camera.field_of_view)
    column = 0.5 * (camera.width - 1) - f * seen[:, 1] / seen[:, 0]
    row = 0.5 * (camera.height - 1) - f * seen[:, 2] / seen[:, 0]
    return np.stack([column, row, seen[:, 0]], 1)


def ground_points(state, camera: CameraConfig) -> tuple[np.ndarray, np.ndarray]:
    """World (x, y) and depth of what every pixel's ray meets on the ground; depth is infinite in the sky."""
    attitude, place = pose_of(state, camera)
    f = 0.5 * camera.width / math.tan(0.5 * camera.field_of_view)
    row, column = np.mgrid[: camera.height, : camera.width]
    left, up = (0.5 * (camera.width - 1) - column) / f, (0.5 * (camera.height - 1) - row) / f
    rays = attitude.apply(np.stack([np.ones_like(left), left, up], -1).reshape(-1, 3))
    rays = rays.reshape(camera.height, camera.width, 3)
    with np.errstate(divide="ignore"):
        depth = np.where(rays[..., 2] < -1e-3, -place[2] / rays[..., 2], np.inf)
    return place[:2] + rays[..., :2] * np.where(np.isfinite(depth), depth, 0.0)[..., None], depth


def tilt(simulator):
    simulator.state.pitch[0], simulator.state.roll[0] = 0.03, -0.02
    simulator.state.yaw[0] += 0.07


def shoot(photographer, episode, camera=CAMERA, pose=tilt):
    """Frames and the state they were taken in."""
    kept = []

    def keep(simulator):
        pose(simulator)
        kept.append(simulator.state)

    return photographer.shoot(episode, camera=camera, pose=keep), kept[0]


@pytest.mark.parametrize("camera", [CAMERA, CameraConfig(yaw=1.2, width=120, height=80, z=2.0)])
def test_depth_of_the_ground_is_the_distance_of_ray_and_plane(photographer, camera):
    frames, state = shoot(photographer, photographer.episode(), camera)
    _, depth = ground_points(state, camera)
    seen = frames.depth[0, 0]
    sky = frames.semantic[0, 0] == SEMANTIC_SKY
    assert np.array_equal(sky, ~np.isfinite(depth))
    assert np.all(seen[sky] == SKY_DEPTH)
    np.testing.assert_allclose(seen[~sky], depth[~sky], rtol=2e-4)


@pytest.mark.parametrize("curvature", [0.0, 1 / 60, -1 / 25])
@pytest.mark.slow
def test_ground_is_classed_by_the_road_below_it(photographer, curvature):
    road = photographer.road(curvature, (Boundary(-1.75, 1, width=0.4), Boundary(0.0, STYLE_DASHED)), paved=3.4)
    frames, state = shoot(photographer, photographer.episode(road))
    points, depth = ground_points(state, CAMERA)
    checked = 0
    for row, column in np.argwhere((depth > 2.0) & (depth < 35.0))[::7]:
        s, d = road.project(*points[row, column])
        phase = s % 9.0
        # Half a pixel may belong to either side.
        blur = 0.75 * depth[row, column] / CAMERA.focal_length * max(1.0, depth[row, column] / CAMERA.z)
        if min(abs(abs(d) - 3.4), abs(abs(d + 1.75) - 0.2), abs(abs(d) - 0.075), phase, abs(phase - 3.0)) < blur:
            continue
        marked = abs(d + 1.75) < 0.2 or (abs(d) < 0.075 and phase < 3.0)
        expected = SEMANTIC_VERGE if abs(d) > 3.4 else SEMANTIC_MARKING if marked else SEMANTIC_ROAD
        assert frames.semantic[0, 0, row, column] == expected, (row, column, s, d)
        checked += 1
    assert checked > 250


def test_a_lorrys_rear_stands_between_its_projected_corners(photographer):
    lorry = ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, 122.0, -0.5, yaw_offset=0.0)
    frames, state = shoot(photographer, photographer.episode(actors=(lorry,)))
    rear = [(122.0 - 4.5, -0.5 + y, z) for y in (1.25, -1.25) for z in (3.4, 1.2)]
    corners = project(state, CAMERA, rear)
    middle = corners[:, :2].mean(0)
    for column, row, _ in corners:
        outward = np.sign([column, row] - middle)
        inside = np.rint([column, row] - 1.5 * outward).astype(int)
        outside = np.rint([column, row] + 1.5 * outward).astype(int)
        assert frames.semantic[0, 0, inside[1], inside[0]] == SEMANTIC_VEHICLE
        if row < middle[1]:  # above it is the sky; beside and below, the lorry's own flank may show
            assert frames.semantic[0, 0, outside[1], outside[0]] != SEMANTIC_VEHICLE
    attitude, place = pose_of(state, CAMERA)
    column, row = np.rint(middle).astype(int)
    # Depth of the plane x = 117.5 along that pixel's ray.
    f = CAMERA.focal_length
    ray = attitude.apply([1.0, (99.5 - column) / f, (32.5 - row) / f])
    assert frames.depth[0, 0, row, column] == pytest.approx((117.5 - place[0]) / ray[0], rel=1e-3)


def test_what_is_near_hides_what_is_far(photographer):
    person = ActorSpec(ACTOR_PEDESTRIAN, 0.5, 0.6, 1.75, 112.0, -1.75)
    lorry = ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, 125.0, -1.75)
    frames, state = shoot(photographer, photographer.episode(actors=(person, lorry)))
    column, row, depth = project(state, CAMERA, [(112.0, -1.75, 1.1)])[0]
    at = (0, 0, round(row), round(column))
    assert frames.semantic[at] == SEMANTIC_PEDESTRIAN
    assert frames.depth[at] == pytest.approx(depth, rel=0.03)
    hidden = photographer.episode(actors=(person, ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, 107.5, -1.75)))
    frames, _ = shoot(photographer, hidden)
    assert not np.any(frames.semantic == SEMANTIC_PEDESTRIAN)


def test_a_cone_is_as_tall_as_it_is(photographer):
    episode = photographer.episode(actors=(ActorSpec(ACTOR_CONE, 0.4, 0.4, 0.75, 108.0, -1.0),))
    frames, state = shoot(photographer, episode)
    rows = np.flatnonzero((frames.semantic[0, 0] == SEMANTIC_OBJECT).any(1))
    foot, top = project(state, CAMERA, [(108.0, -1.0, 0.0), (108.0, -1.0, 0.75)])[:, 1]
    assert rows[0] == pytest.approx(top, abs=1.2)
    assert rows[-1] == pytest.approx(foot, abs=1.2)


@pytest.mark.parametrize("curvature", [0.0, 1 / 70])
def test_a_guard_rail_stands_up_beside_the_road(photographer, curvature):
    road = photographer.road(curvature, edge=EDGE_RAIL)
    frames, state = shoot(photographer, photographer.episode(road))
    for ahead in (8.0, 14.0):
        x, y, _ = road.point(100.0 + ahead, -(4.0 + RAIL_OFFSET))
        column, row, depth = project(state, CAMERA, [(x, y, 0.62)])[0]
        at = (0, 0, round(row), round(column))
        assert frames.semantic[at] == SEMANTIC_RAIL
        assert frames.depth[at] == pytest.approx(depth, rel=0.05)


def test_a_kerb_runs_along_the_paved_edge(photographer):
    road = photographer.road(edge=EDGE_KERB)
    frames, state = shoot(photographer, photographer.episode(road))
    column, row, _ = project(state, CAMERA, [(107.0, -4.14, 0.0)])[0]
    assert frames.semantic[0, 0, round(row), round(column)] == SEMANTIC_KERB


def test_a_camera_on_the_left_sees_what_is_on_the_left(photographer):
    person = ActorSpec(ACTOR_PEDESTRIAN, 0.5, 0.6, 1.75, 101.0, 6.0)
    episode = photographer.episode(actors=(person,))
    for yaw, seen in ((0.0, False), (1.5, True), (-1.5, False)):
        frames = photographer.shoot(episode, camera=CameraConfig(yaw=yaw))
        assert np.any(frames.semantic == SEMANTIC_PEDESTRIAN) == seen


def test_braking_tips_the_horizon_up(photographer):
    def horizon(pitch: float) -> int:
        def pose(simulator):
            simulator.state.pitch[0] = pitch

        frames = photographer.shoot(photographer.episode(), pose=pose)
        return int((frames.semantic[0, 0, :, 100] == SEMANTIC_SKY).sum())

    assert horizon(0.04) < horizon(0.0) < horizon(-0.04)
