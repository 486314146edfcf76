"""Labels say what the image shows: lines lie on paint, boxes around road users, and what hides them is told."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from scipy.spatial.transform import Rotation

from drive_sim.base.errors import InputError
from drive_sim.sensors.annotations.annotations import Annotator, CameraAnnotations
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_MARKING
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.roads.road import (
    COLOUR_YELLOW,
    EDGE_RAIL,
    STYLE_DASHED,
    STYLE_DOUBLE,
    STYLE_NONE,
    STYLE_SOLID,
    Boundary,
)
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_LORRY, ACTOR_PEDESTRIAN

CAMERA = CameraConfig("front", 320, 160, x=0.7, y=-0.2, yaw=0.05, pitch=0.12)
BENT = replace(CAMERA, name="bent", field_of_view=1.7, k1=-0.16, k2=0.015, p1=0.002)
LINES = (
    Boundary(-3.6, STYLE_SOLID),
    Boundary(-0.1, STYLE_DOUBLE, COLOUR_YELLOW),
    Boundary(0.9, STYLE_NONE),
    Boundary(3.4, STYLE_DASHED),
)


def annotate(*episodes, cameras=(CAMERA,), pose=None, **options) -> list[dict[str, CameraAnnotations]]:
    simulator = Simulator(list(episodes))
    if pose is not None:
        pose(simulator)
    annotator = Annotator(CameraRig(cameras), **options)
    return annotator.annotate("cpu", simulator.roads, simulator.world, simulator.state)


def tilt(simulator):
    simulator.state.pitch[0], simulator.state.roll[0] = 0.03, -0.02
    simulator.state.yaw[0] += 0.07


def lorry(s: float, d: float, **fields) -> ActorSpec:
    return ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, s, d, **fields)


@pytest.mark.parametrize("camera", [CAMERA, BENT])
@pytest.mark.parametrize("curvature", [0.0, 1 / 60, -1 / 25])
@pytest.mark.slow
def test_points_of_a_solid_line_lie_on_its_paint(photographer, camera, curvature):
    road = photographer.road(curvature, (Boundary(-3.4, STYLE_SOLID, width=0.3), Boundary(1.2, STYLE_SOLID, width=0.3)))
    seen = annotate(photographer.episode(road, start_offset=0.0), cameras=(camera,), pose=tilt)[0][camera.name]
    near_paint = binary_dilation(seen.semantic == SEMANTIC_MARKING, np.ones((3, 3)))
    checked = 0
    for line in seen.boundaries:
        near = (camera.project(line.points)[:, 2] < 12.0) & ~line.occluded
        column, row = np.rint(line.pixels[near]).astype(int).T
        column, row = np.clip(column, 0, camera.width - 1), np.clip(row, 0, camera.height - 1)
        assert near_paint[row, column].all()
        np.testing.assert_allclose(camera.project(line.points)[:, :2], line.pixels, atol=1e-9)
        checked += near.sum()
    assert checked > 20


def test_every_painted_boundary_is_told_by_number_style_colour_and_side(photographer):
    episode = photographer.episode(photographer.road(boundaries=LINES), start_offset=0.0)
    boundaries = annotate(episode)[0]["front"].boundaries
    assert [(line.number, line.style, line.colour, line.ego_side) for line in boundaries] == [
        (0, "solid", "white", "right"),
        (1, "double", "yellow", "left"),
        (3, "dashed", "white", ""),
    ]
    assert [line.offset for line in boundaries] == [-3.6, -0.1, 3.4]
    for line in boundaries:
        assert line.pixels.shape == (len(line.points), 2)
        assert line.occluded.shape == (len(line.points),)
        assert not line.occluded.any()


def test_the_ego_lane_is_the_one_that_the_car_is_in_and_its_left_the_drivers(photographer):
    road = photographer.road(boundaries=LINES)
    crossed = photographer.episode(road, start_offset=1.75 + 1.0)
    backwards = photographer.episode(road, start_offset=0.0, start_heading_error=3.0)
    sides = [
        {line.number: line.ego_side for line in labels["front"].boundaries} for labels in annotate(crossed, backwards)
    ]
    assert sides == [{0: "", 1: "right", 3: "left"}, {0: "left", 1: "right", 3: ""}]


@pytest.mark.parametrize("camera", [CAMERA, BENT, replace(CAMERA, yaw=1.3), replace(CAMERA, yaw=3.0)])
def test_lines_end_at_the_images_edge_or_at_the_reach(photographer, camera):
    episode = photographer.episode(photographer.road(1 / 90, LINES))
    boundaries = annotate(episode, cameras=(camera,), reach=40.0)[0][camera.name].boundaries
    assert boundaries
    edge = np.array([camera.width - 0.5, camera.height - 0.5])
    for line in boundaries:
        assert np.all((line.pixels >= -0.5) & (line.pixels <= edge))
        for end in (0, -1):
            to_edge = np.minimum(np.abs(line.pixels[end] + 0.5), np.abs(edge - line.pixels[end])).min()
            assert to_edge < 0.01 or np.linalg.norm(line.points[end]) > 30.0
        # Nothing is left out between the ends.
        assert np.linalg.norm(np.diff(line.points, axis=0), axis=1).max() < 0.6


def test_points_stay_where_they_are_on_the_road_while_the_car_moves(photographer):
    road = photographer.road(boundaries=LINES)
    first, later = (
        annotate(photographer.episode(road, start_s=s, start_offset=0.0))[0]["front"].boundaries[0].points[5:60]
        for s in (100.0, 100.2)
    )
    phase = (first[:, 0] + 100.0) % 0.5, (later[:, 0] + 100.2) % 0.5
    for stations in phase:
        np.testing.assert_allclose(np.minimum(stations, 0.5 - stations), 0.0, atol=1e-6)


def test_points_behind_a_road_user_are_hidden_and_those_before_it_are_not(photographer):
    road = photographer.road(boundaries=(Boundary(-1.75, STYLE_SOLID), Boundary(3.5, STYLE_SOLID)))
    episode = photographer.episode(road, actors=(lorry(120.0, -1.75),), start_offset=0.0)
    middle, aside = annotate(episode)[0]["front"].boundaries
    x = middle.points[:, 0]
    assert not middle.occluded[x < 15.0].any()
    # Between its wheels one looks below it.
    assert middle.occluded[(x > 25.0) & (x < 60.0)].all()
    assert not aside.occluded[aside.points[:, 0] < 30.0].any()


def test_corners_are_where_the_road_user_stands_in_the_cars_frame(photographer):
    episode = photographer.episode(actors=(lorry(122.0, 0.5),), start_offset=0.0)
    box = annotate(episode)[0]["front"].boxes[0]
    assert (box.slot, box.kind) == (0, "lorry")
    ground = [(26.5, 3.5), (17.5, 3.5), (17.5, 1.0), (26.5, 1.0)]
    expected = [(x, y, z) for z in (0.0, 3.4) for x, y in ground]
    np.testing.assert_allclose(box.corners, expected, atol=1e-6)


def test_corners_follow_the_bodys_pitch_and_roll(photographer):
    episode = photographer.episode(actors=(lorry(122.0, 0.5, yaw_offset=0.2),))
    kept = []

    def pose(simulator):
        tilt(simulator)
        kept.append(simulator.state)

    box, state = annotate(episode, pose=pose)[0]["front"].boxes[0], kept[0]
    own = np.array([(x, y, z) for z in (0, 3.4) for x, y in ((4.5, 1.25), (-4.5, 1.25), (-4.5, -1.25), (4.5, -1.25))])
    world = Rotation.from_euler("z", state.actor_yaw[0, 0]).apply(own)
    world += [state.actor_x[0, 0] - state.x[0], state.actor_y[0, 0] - state.y[0], 0.0]
    body = Rotation.from_euler("ZYX", [state.yaw[0], state.pitch[0], state.roll[0]])
    np.testing.assert_allclose(box.corners, body.inv().apply(world), atol=1e-9)
    np.testing.assert_allclose(box.pixels, CAMERA.project(box.corners)[:, :2])


@pytest.mark.parametrize("camera", [CAMERA, BENT])
@pytest.mark.parametrize(("ahead", "d", "yaw"), [(16.0, -1.0, 0.0), (24.0, 2.0, 0.4), (45.0, -1.75, 0.0)])
@pytest.mark.slow
def test_boxes_are_as_large_as_what_is_seen(photographer, camera, ahead, d, yaw):
    episode = photographer.episode(actors=(lorry(100.0 + ahead, d, yaw_offset=yaw),), start_offset=0.0)
    box = annotate(episode, cameras=(camera,), pose=tilt)[0][camera.name].boxes[0]
    np.testing.assert_allclose(box.modal, box.amodal, atol=2.0)
    assert (box.visibility, box.truncation) == (1.0, 0.0)


def test_visibility_is_the_share_that_nothing_hides(photographer):
    car = ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, 126.0, 0.8)
    person = ActorSpec(ACTOR_PEDESTRIAN, 0.5, 0.6, 1.75, 135.0, -2.0)
    hider = lorry(112.0, -2.4)
    boxes = annotate(photographer.episode(actors=(car, hider, person), start_offset=0.0))[0]["front"].boxes
    alone = photographer.shoot(photographer.episode(actors=(car,), start_offset=0.0), camera=CAMERA).instance[0, 0] > 0
    wall = photographer.shoot(photographer.episode(actors=(hider,), start_offset=0.0), camera=CAMERA).instance[0, 0] > 0
    assert [box.kind for box in boxes] == ["car", "lorry", "pedestrian"]
    assert boxes[0].visibility == pytest.approx((alone & ~wall).sum() / alone.sum(), abs=0.02)
    assert 0.2 < boxes[0].visibility < 0.8
    # Its right part is hidden: the modal box ends on the left of the amodal one's right edge.
    assert boxes[0].modal[2] < boxes[0].amodal[2] - 5.0
    assert boxes[0].modal[0] == pytest.approx(boxes[0].amodal[0], abs=2.0)
    assert boxes[1].visibility == 1.0
    assert (boxes[2].visibility, boxes[2].modal, boxes[2].visible_pixels) == (0.0, None, 0)


def test_guard_rails_hide_too(photographer):
    road = photographer.road(edge=EDGE_RAIL)
    person = ActorSpec(ACTOR_PEDESTRIAN, 0.5, 0.6, 1.75, 112.0, -5.5)
    seen = [
        annotate(photographer.episode(r, actors=(person,)))[0]["front"].boxes[0] for r in (road, photographer.road())
    ]
    assert 0.3 < seen[0].visibility < 0.85 < seen[1].visibility == 1.0
    assert seen[0].alone_pixels == seen[1].alone_pixels


@pytest.mark.parametrize("d", [-15.0, -18.0, 14.0])
def test_truncation_is_the_share_outside_the_image(photographer, d):
    episode = photographer.episode(actors=(lorry(125.0, d),), start_offset=0.0)
    # The same focal length over twice the columns.
    twice = replace(CAMERA, name="twice", width=640, field_of_view=2.0 * np.arctan(2.0 * np.tan(0.5 * 1.2217)))
    labels = annotate(episode, cameras=(CAMERA, twice))[0]
    box, whole = labels["front"].boxes[0], labels["twice"].boxes[0]
    assert whole.truncation == 0.0
    assert 0.1 < box.truncation < 0.9
    assert box.truncation == pytest.approx(1.0 - box.alone_pixels / whole.alone_pixels, abs=0.05)
    assert min(box.amodal[0] + 0.5, 319.5 - box.amodal[2]) == pytest.approx(0.0, abs=1e-3)


def test_an_actor_beside_the_camera_has_a_box_and_one_behind_it_has_none(photographer):
    beside, behind = lorry(102.0, 3.0), lorry(85.0, 0.0)
    boxes = annotate(photographer.episode(actors=(beside, behind), start_offset=1.0))[0]["front"].boxes
    assert [box.slot for box in boxes] == [0]
    assert np.isnan(boxes[0].pixels).any()
    assert np.isfinite(boxes[0].amodal).all()
    assert 0.0 < boxes[0].truncation < 1.0


@pytest.mark.slow
def test_labels_of_a_batch_are_those_of_each_world_alone(photographer):
    episodes = [photographer.crowd(start_s=95.0 + n, seed=n) for n in range(3)]
    cameras = (CAMERA, replace(BENT, width=200, height=90))
    together = annotate(*episodes, cameras=cameras)
    for episode, labels in zip(episodes, together, strict=True):
        alone = annotate(episode, cameras=cameras)[0]
        for name, one in alone.items():
            assert repr(one.boxes) == repr(labels[name].boxes)
            assert repr(one.boundaries) == repr(labels[name].boundaries)
            assert np.array_equal(one.instance, labels[name].instance)


def test_rows_choose_worlds(photographer):
    simulator = Simulator([photographer.crowd(start_s=95.0 + n) for n in range(3)])
    suite = SensorSuite(("camera",), CameraRig((CAMERA,)))
    everyone, some = suite.annotate(simulator), suite.annotate(simulator, rows=[2, 0])
    assert [repr(labels["front"].boxes) for labels in some] == [repr(everyone[k]["front"].boxes) for k in (2, 0)]
    with pytest.raises(InputError, match="camera"):
        SensorSuite(("imu",)).annotate(simulator)


PARITY = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from conftest import Photographer
from drive_sim.sensors.annotations.annotations import Annotator
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.simulator import Simulator
device = sys.argv[1]
simulator = Simulator([Photographer().crowd()], device)
rig = CameraRig([CameraConfig("a", 24, 12), CameraConfig("b", 20, 10, k1=-0.1), CameraConfig("c", 24, 12, yaw=0.3)])
labels = Annotator(rig).annotate(device, simulator.roads, simulator.world, simulator.state)[0]
rows = []
for seen in labels.values():
    rows += [[*box.amodal, box.slot, box.visible_pixels, box.alone_pixels, box.truncation] for box in seen.boxes]
    rows += [[line.number, len(line.pixels), line.occluded.sum(), *line.pixels[0], *line.pixels[-1], 0]
             for line in seen.boundaries]
np.save(sys.argv[3], rows)
"""


@pytest.mark.cuda_simulator
@pytest.mark.thorough
def test_labels_on_cuda_are_those_on_the_cpu(tmp_path):
    here = Path(__file__).resolve()
    found = []
    for device, simulated in (("cpu", "0"), ("cuda", "1")):
        out = tmp_path / f"{device}.npy"
        environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": simulated}
        command = [sys.executable, "-c", PARITY, device, str(here.parent), str(out)]
        subprocess.run(command, cwd=here.parents[2], env=environment, check=True)
        found.append(np.load(out))
    assert len(found[0]) > 12
    np.testing.assert_allclose(found[1], found[0], atol=1.0)
    assert np.abs(found[1] - found[0]).mean() < 0.02
