"""What moves while the shutter is open is smeared: as far as it moves, and no farther."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.roads.road import STYLE_DASHED, STYLE_SOLID, Boundary

DARK = {"asphalt": (0.02, 0.02, 0.02), "verge": (0.02, 0.02, 0.02)}


def image(photographer, camera: CameraConfig, boundary: Boundary, speed=0.0, yaw_rate=0.0, **weather):
    """Light (H, W) and depth of a road with one marking, from a car that moves."""

    def pose(simulator):
        simulator.state.speed[0], simulator.state.yaw_rate[0] = speed, yaw_rate

    road = photographer.road(boundaries=(boundary,), paved=60.0)
    look = photographer.weather(**(DARK | weather))
    frames = photographer.shoot(photographer.episode(road, look, start_s=101.0), camera=camera, pose=pose)
    return photographer.light(frames.rgb[0, 0]).mean(-1), frames.depth[0, 0].astype(float)


def rise(profile: np.ndarray, place: np.ndarray) -> float:
    """Standard deviation of where a profile changes [place's unit]: a box of length L has L / sqrt(12)."""
    weight = np.abs(np.diff(profile))
    middle = 0.5 * (place[1:] + place[:-1])
    mean = (weight * middle).sum() / weight.sum()
    return float(np.sqrt((weight * (middle - mean) ** 2).sum() / weight.sum()))


def test_the_end_of_a_dash_is_smeared_as_far_as_the_car_drives(photographer):
    """At 30 m/s and 1/50 s the ground moves on by 0.6 m."""
    # A dash begins at s = 108, where rows are 5 cm apart.
    camera = CameraConfig(width=200, height=1200, field_of_view=0.2, pitch=0.2, shutter=0.02)
    line = Boundary(0.0, STYLE_DASHED, width=1.0)
    smear = {}
    for speed in (0.0, 30.0):
        light, _ = image(photographer, camera, line, speed=speed)
        fall = np.sin(camera.pitch) + (np.arange(1200) - 599.5) / camera.focal_length * np.cos(camera.pitch)
        ahead = camera.z / np.maximum(fall, 1e-3) * np.cos(camera.pitch)
        near = (101.0 + camera.x + ahead > 107.0) & (101.0 + camera.x + ahead < 109.0)
        smear[speed] = rise(light[near, 95:105].mean(-1), ahead[near])
    assert smear[0.0] < 0.04
    assert smear[30.0] == pytest.approx(0.6 / np.sqrt(12.0), rel=0.15)


def test_turning_smears_a_line_across(photographer):
    """At 0.8 rad/s and 1/50 s everything moves by 0.016 rad."""
    camera = CameraConfig(width=800, height=66, field_of_view=1.0, pitch=0.2, shutter=0.02)
    width = {}
    for yaw_rate in (0.0, 0.8):
        light, _ = image(photographer, camera, Boundary(0.0, STYLE_SOLID, width=0.15), yaw_rate=yaw_rate)
        row = light[45] - np.median(light[45])
        columns = np.arange(800)
        middle = (row * columns).sum() / row.sum()
        width[yaw_rate] = np.sqrt((row * (columns - middle) ** 2).sum() / row.sum())
    moved = 0.8 * 0.02 * camera.focal_length
    assert width[0.8] ** 2 - width[0.0] ** 2 == pytest.approx(moved**2 / 12.0, rel=0.25)


def test_a_shutter_of_zero_and_a_car_that_stands_smear_nothing(photographer):
    line = Boundary(0.0, STYLE_DASHED)
    weather = {"asphalt": (0.25,) * 3, "asphalt_texture": 0.8, "verge_texture": 0.8}
    still, _ = image(photographer, CameraConfig(), line, **weather)
    quick, _ = image(photographer, CameraConfig(shutter=0.0), line, speed=30.0, yaw_rate=0.5, **weather)
    smeared, _ = image(photographer, CameraConfig(), line, speed=30.0, yaw_rate=0.5, **weather)
    assert np.array_equal(still, quick)
    assert np.abs(smeared - still).max() > 0.02


def test_the_dark_is_exposed_for_longer(photographer):
    line = Boundary(0.0, STYLE_DASHED, width=0.3)
    twice, _ = image(photographer, CameraConfig(shutter=0.01), line, speed=20.0, shutter=2.0)
    longer, _ = image(photographer, CameraConfig(shutter=0.02), line, speed=20.0, shutter=1.0)
    once, _ = image(photographer, CameraConfig(shutter=0.01), line, speed=20.0)
    assert np.array_equal(twice, longer)
    assert not np.array_equal(twice, once)


def test_smearing_spreads_paint_and_keeps_it(photographer):
    line = Boundary(0.0, STYLE_SOLID, width=0.2)
    camera = CameraConfig(shutter=0.03)
    still, depth = image(photographer, camera, line, asphalt=(0.0,) * 3)
    turning, _ = image(photographer, camera, line, yaw_rate=0.5, asphalt=(0.0,) * 3)
    rows = np.flatnonzero(np.median(depth, axis=-1) < 30.0)
    assert turning[rows].sum(-1) == pytest.approx(still[rows].sum(-1), rel=0.07)
