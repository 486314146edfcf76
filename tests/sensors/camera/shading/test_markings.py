"""Lines are where they are to a fraction of a pixel, keep their brightness, and do not shimmer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.roads.road import COLOUR_YELLOW, STYLE_DASHED, STYLE_DOUBLE, STYLE_SOLID, Boundary
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR

CAMERA = CameraConfig(pitch=0.1, x=0.0)
ASPHALT, PAINT = 0.25, 0.8


def excess(photographer, frames, row: int) -> np.ndarray:
    """Share of paint in the pixels of a row (columns), from the red channel."""
    levels = frames.rgb[0, 0, row, :, 0].astype(float)
    road = np.median(levels)
    # Bare road may be rounded to either of two grey levels.
    levels[np.abs(levels - road) <= 1.0] = road
    light, road = photographer.light(levels), photographer.light(road)
    return (light - road) / (road * (PAINT / ASPHALT - 1.0))


def row_distance(row: int) -> tuple[float, float]:
    """(distance ahead [m] of the ground in the image's middle column, metres across a pixel there)."""
    down = (row - 32.5) / CAMERA.focal_length
    slope = math.sin(CAMERA.pitch) + down * math.cos(CAMERA.pitch)
    depth = CAMERA.z / slope
    return depth * (math.cos(CAMERA.pitch) - down * math.sin(CAMERA.pitch)), depth / CAMERA.focal_length


def paint_only(photographer, line: Boundary, **fields):
    road = photographer.road(boundaries=(line,), paved=40.0)
    return photographer.episode(road, photographer.weather(asphalt=(ASPHALT,) * 3), **fields)


@pytest.mark.parametrize("offset", [-0.8, -0.313, 0.0, 0.27, 1.4])
@pytest.mark.parametrize("row", [30, 36, 50])
def test_a_line_is_centred_where_it_projects_to_a_tenth_of_a_pixel(photographer, offset, row):
    episode = paint_only(photographer, Boundary(offset, STYLE_SOLID))
    share = excess(photographer, photographer.shoot(episode, camera=CAMERA), row)
    centre = (share * np.arange(200)).sum() / share.sum()
    _, metres = row_distance(row)
    assert centre == pytest.approx(99.5 - offset / metres, abs=0.1)


@pytest.mark.parametrize("width", [0.1, 0.15, 0.3])
@pytest.mark.parametrize("row", [27, 33, 60])
def test_a_line_keeps_its_width_at_any_distance(photographer, width, row):
    episode = paint_only(photographer, Boundary(0.3, STYLE_SOLID, width=width))
    share = excess(photographer, photographer.shoot(episode, camera=CAMERA), row)
    _, metres = row_distance(row)
    assert share.sum() * metres == pytest.approx(width, rel=0.06)


def test_a_double_line_is_two_lines(photographer):
    episode = paint_only(photographer, Boundary(0.0, STYLE_DOUBLE, width=0.15))
    share = excess(photographer, photographer.shoot(episode, camera=CAMERA), 62)
    _, metres = row_distance(62)
    assert share.sum() * metres == pytest.approx(0.3, rel=0.06)
    assert share[99:101].max() < 0.2
    assert share[95:98].max() > 0.8


def test_yellow_paint_is_yellow(photographer):
    episode = paint_only(photographer, Boundary(0.0, STYLE_SOLID, COLOUR_YELLOW, 0.3))
    red, green, blue = photographer.shoot(episode, camera=CAMERA).rgb[0, 0, 55, 99].astype(int)
    assert red > green > 2 * blue


@pytest.mark.parametrize("row", [28, 34, 58])
def test_dashes_show_a_third_of_the_paint_of_a_solid_line(photographer, row):
    shares = []
    for style in (STYLE_SOLID, STYLE_DASHED):
        # One dash and its gap pass by.
        places = np.arange(0.0, 9.0, 0.25 if style == STYLE_DASHED else 9.0)
        episodes = [paint_only(photographer, Boundary(0.0, style), start_s=100.0 + place) for place in places]
        simulator = Simulator(episodes)
        rig = CameraRig([CAMERA])
        frames = rig.render("cpu", simulator.roads, simulator.world, simulator.state)
        light = photographer.light(frames.rgb[:, 0, row, :, 0])
        shares.append((light - np.median(light, 1, keepdims=True)).sum(1).mean())
    assert shares[1] / shares[0] == pytest.approx(1.0 / 3.0, rel=0.04)


def test_a_straight_solid_line_stands_still_when_driving(photographer):
    lines = (Boundary(-1.75, STYLE_SOLID), Boundary(1.75, STYLE_SOLID), Boundary(0.0, STYLE_DOUBLE))
    road = photographer.road(boundaries=lines)
    places = 100.0 + np.arange(0.0, 2.0, 0.05)
    frames = photographer.shoot(*[photographer.episode(road, start_s=s) for s in places], layers=("rgb",))
    images = frames.rgb[:, 0].astype(int)
    assert np.ptp(images, axis=0).max() <= 2
    assert images[0].std() > 20


def test_moving_sideways_changes_the_image_smoothly(photographer):
    road = photographer.road(boundaries=(Boundary(0.0, STYLE_SOLID), Boundary(-1.8, STYLE_SOLID)), paved=40.0)
    step = 0.01
    offsets = 1.75 + np.arange(0.0, 0.5, step)
    frames = photographer.shoot(*[photographer.episode(road, start_offset=d) for d in offsets], layers=("rgb",))
    light = photographer.light(frames.rgb[:, 0, 24:, :, 1])
    # No pixel jumps: a line that moves by a centimetre uncovers at most a centimetre's share of a pixel's footprint,
    # which is four centimetres across in the lowest row.
    jump = np.abs(np.diff(light, axis=0)).max()
    assert jump < 1.6 * step / 0.034 * (PAINT - ASPHALT)
    # What one pixel loses its neighbour gains: each row's light stays.
    rows = light.sum(2)
    assert (np.ptp(rows, axis=0) / rows.mean(0)).max() < 0.01


@pytest.mark.parametrize("distance", [90.0, 150.0, 240.0])
@pytest.mark.slow
def test_a_far_car_does_not_flicker(photographer, distance):
    """Its part of the image's light stays the same while it drifts across pixels that are larger than its parts."""
    sums = []
    plain = photographer.weather(asphalt=(0.2, 0.2, 0.2), verge=(0.2, 0.2, 0.2), fog_visibility=1e6)
    road = photographer.road(boundaries=(), paved=30.0)
    wide = CameraConfig(field_of_view=1.5708)
    empty = photographer.light(photographer.shoot(photographer.episode(road, plain), camera=wide).rgb[0, 0, :, :, 1])
    for drift in np.arange(0.0, 2.4, 0.12):
        car = ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, 100.0 + distance, drift, colour=(0.9, 0.9, 0.9))
        frames = photographer.shoot(photographer.episode(road, plain, (car,)), camera=wide)
        light = photographer.light(frames.rgb[0, 0, :, :, 1])
        sums.append(np.abs(light - empty).sum())
    steps = np.abs(np.diff(sums))
    assert np.mean(sums) > 0.03
    assert steps.max() < 0.15 * np.mean(sums)


def test_worn_paint_is_fainter(photographer):
    def brightness(wear: float) -> float:
        road = photographer.road(boundaries=(Boundary(0.0, STYLE_SOLID, width=0.3),))
        episode = photographer.episode(road, photographer.weather(marking_wear=wear))
        return float(photographer.shoot(episode).rgb[0, 0, 30:, 90:110].max(2).astype(float).sum())

    assert brightness(0.0) > brightness(0.5) > brightness(1.0)
