"""What is worked out at samples alone shows what every pixel's own projection shows."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest

from drive_sim.sensors.camera.cpu.segments import MIXED_SEGMENT, VERGE_SEGMENT, _hull, _segment_kind, _smear
from drive_sim.sensors.camera.kernels import prepare_frames, render_pixels
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_ROAD
from drive_sim.sensors.camera.shading.ground import Trim
from drive_sim.sensors.camera.shading.road_coordinates import SAMPLE_SPACING, Course, GroundSample, Place
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

F = np.float32
PAVED = 4.0
"""From the reference line to the edge on both sides [m]."""


@numba.njit(nogil=True, error_model="numpy", _nrt=False)
def kind_between(trim, course, left, right):
    p, q = left.place, right.place
    low, high = _hull(p.d, p.column_d, q.d, q.column_d)
    return _segment_kind(trim, course, left, right, low, high, _smear(p.column_d, p.row_d, q.column_d, q.row_d))


def ground_sample(d: float, s: float, column_d: float) -> GroundSample:
    """A sample ``d`` left of the reference line [m], ``column_d`` the change of d from pixel to pixel [m]."""
    values = {"s": s, "d": d, "column_s": 0.5, "column_d": column_d, "row_s": 3.0, "row_d": 0.1}
    paved = {"paved_left": PAVED, "paved_right": PAVED}
    beam = {"top_d": d, "bottom_d": d, "bottom_s": s}
    return GroundSample(F(30.0), Place(**{name: F(value) for name, value in (values | paved | beam).items()}))


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.slow
def test_a_far_road_that_comes_in_between_two_samples_is_not_taken_for_verge(side):
    """At both samples the ground lies 2 m beside the road; between them the cubic reaches its edge."""
    trim = Trim(F(3.5), F(-1.0), F(0.0), F(0.0), F(0.0), F(0.0))
    course = Course(F(0.0), F(0.0), 1, 1, 0, 0, F(1.0))
    along = 0.5 * SAMPLE_SPACING

    def kind(slope: float) -> float:
        left = ground_sample(side * 6.0, 300.0, -side * slope)
        right = ground_sample(side * 6.0, 300.0 + along, side * slope)
        return kind_between(trim, course, left, right)

    bulge = 0.25 * SAMPLE_SPACING * 1.0  # of a Hermite cubic with slopes of -1 and 1
    assert 6.0 - bulge <= PAVED
    assert kind(1.0) == MIXED_SEGMENT
    assert kind(0.0) == VERGE_SEGMENT


@pytest.mark.parametrize("road_class", ["rural", "urban", "motorway", "mountain"])
@pytest.mark.slow
def test_images_rendered_by_segments_show_what_pixels_show_one_by_one(road_class):
    """CUDA's way through an image asks every pixel; run on the CPU it tells what segments must not lose."""
    scenario = load_scenario(f"lane-keeping/{road_class}")
    episodes = [scenario.draw(number) for number in range(4)]
    episodes = [
        replace(episode, start_s=episode.start_s + further, actors=())
        for episode in episodes
        for further in (20.0, 150.0, 300.0, 420.0)
    ]
    simulator, rig = Simulator(episodes), CameraRig([CameraConfig(width=400, height=132)])
    scene_of = simulator.roads, simulator.world, simulator.state
    by_segment = rig.render("cpu", *scene_of, LAYERS)
    count, _, height, width = by_segment.semantic.shape
    by_pixel, worlds = rig.allocate("cpu", count, LAYERS), (np.arange(count),)
    scene = rig.groups[0]._scene("cpu", count, *scene_of)
    prepare_frames("cpu", count, worlds, (height, width), scene)
    out = (by_pixel.rgb.reshape(count, 1, height, 3 * width), *by_pixel[1:])
    render_pixels("cpu", count * height * width, worlds, out, (True,) * 4, scene)
    assert (by_segment.semantic == SEMANTIC_ROAD).mean() > 0.1
    # One pixel in a million may lie on a border to the last bit.
    assert (by_segment.semantic != by_pixel.semantic).sum() <= 2
    levels = np.abs(by_segment.rgb.astype(int) - by_pixel.rgb).max(-1)
    assert (levels <= 1).mean() > 0.9999
