"""The baseline: straight on, whatever comes."""

import numpy as np
import pytest

from drive_sim.drivers.straight import StraightDriver
from drive_sim.world.state import EVENT_OFF_ROAD


def test_it_holds_its_speed_and_never_steers(drive, make_road, make_episode):
    done = drive(StraightDriver(speed=12.0), make_episode(make_road(), start_speed=5.0), seconds=20.0)
    assert not done.actions[:, :, 0].any()
    assert done.speed[-1, 0] == pytest.approx(12.0, abs=0.3)
    assert np.ptp(done.d) < 1e-6


def test_it_leaves_the_road_in_a_bend(drive, make_road, make_episode):
    assert drive("straight", make_episode(make_road(0.01))).events[0] & EVENT_OFF_ROAD
