"""The classical driver: what it sees in an image is where the lane is, and on a marked road that is enough."""

from dataclasses import replace

import numpy as np
import pytest

from drive_sim.drivers.classical import ClassicalDriver, LaneTrack
from drive_sim.drivers.registry import make_driver
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import Observation
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator


def look(episode, times=15):
    """The lane that the driver believes in after ``times`` looks at an episode's first image."""
    simulator = Simulator([episode])
    frames = CameraRig((CameraConfig(),)).render("cpu", simulator.roads, simulator.world, simulator.state)
    driver, track = make_driver("classical"), LaneTrack()
    for _ in range(times):
        driver.track(track, frames.rgb[0, 0], angle=0.0, distance=0.0)
    return track


@pytest.mark.parametrize("offset", [-0.5, 0.0, 0.5])
def test_it_measures_where_it_is_in_its_lane(make_road, make_episode, offset):
    track = look(make_episode(make_road(), start_offset=offset))
    assert track.state[0] == pytest.approx(-offset, abs=0.1)
    assert track.state[1] == pytest.approx(0.0, abs=0.02)
    assert track.state[3] == pytest.approx(3.5, abs=0.15)


@pytest.mark.parametrize("error", [-0.06, 0.06])
def test_it_measures_where_its_lane_leads(make_road, make_episode, error):
    assert look(make_episode(make_road(), start_heading_error=error)).state[1] == pytest.approx(-error, abs=0.02)


@pytest.mark.parametrize("curvature", [-0.01, 0.01])
def test_it_measures_how_its_lane_bends(make_road, make_episode, curvature):
    assert look(make_episode(make_road(curvature))).state[2] == pytest.approx(curvature, abs=0.003)


def test_an_image_without_a_lane_leaves_it_as_it_was_and_slow(make_road, make_episode):
    driver, track = ClassicalDriver(), LaneTrack()
    grey = np.full((66, 200, 3), 90, np.uint8)
    for _ in range(8):
        driver.track(track, grey, 0.0, 0.5)
    assert track.misses == 8
    np.testing.assert_allclose(track.state[:3], 0.0, atol=1e-9)


@pytest.mark.slow
def test_it_keeps_its_lane_on_dry_rural_roads(drive):
    scenario = load_scenario("lane-keeping/rural", "test")
    dry = [episode for episode in map(scenario.draw, range(40)) if episode.weather.name == "dry"][:3]
    episodes = [replace(episode, actors=(), start_speed=min(episode.start_speed, 14.0)) for episode in dry]
    done = drive("classical", *episodes, seconds=15.0, on_failure="reset_to_lane")
    assert np.sum(done.simulator.state.interventions) <= 1
    assert np.abs(done.offset).mean() < 0.3
    assert done.simulator.state.progress.min() > 150.0


def test_worlds_that_are_done_are_not_looked_at():
    images = np.random.default_rng(1).integers(0, 255, (2, 66, 200, 3), np.uint8)
    odometry = np.array([[10.0, 0.01, 0.5]] * 2, np.float32)
    driver = make_driver("classical")
    driver.reset(None, None, 2)
    action = driver.act(Observation(np.zeros(2), {"front": images}, odometry=odometry, active=np.array([False, True])))
    assert not action[0].any() and action[1].any()
    assert np.all(driver.tracks[0].state == LaneTrack().state)
