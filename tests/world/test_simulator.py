import numpy as np

from drive_sim.world.episode import Episode, WeatherSpec
from drive_sim.world.road import Road, chain_arcs
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import EVENT_FINISH, EVENT_TIME_OUT


def straight_road(length: int = 600, **fields) -> Road:
    curvature = fields.pop("curvature", np.zeros(length))
    x, y, heading = chain_arcs(curvature, 1.0)
    values = dict(
        name="straight", road_class="rural", closed=False, step=1.0, x=x, y=y, heading=heading, curvature=curvature,
        paved_left=np.full(len(x), 4.0), paved_right=np.full(len(x), 4.0), lane_width=3.5, lanes_forward=1,
        lanes_backward=1, speed_limit=25.0,
    )
    return Road(**{**values, **fields})


def episode(road: Road, **fields) -> Episode:
    values = dict(scenario="test", split="test", number=0, seed=1, road=road, weather=WeatherSpec(), start_speed=20.0)
    return Episode(**{**values, **fields})


def test_the_route_ends_with_finish():
    simulator = Simulator([episode(straight_road(), route_length=100.0)])
    for _ in range(200):
        simulator.step(np.zeros((1, 2), np.float32))
    assert simulator.state.events[0] & EVENT_FINISH
    assert simulator.state.done[0]


def test_the_clock_ends_with_time_out():
    simulator = Simulator([episode(straight_road(), time_limit=2.0, route_length=1e4)])
    for _ in range(100):
        simulator.step(np.zeros((1, 2), np.float32))
    assert simulator.state.events[0] & EVENT_TIME_OUT
    assert simulator.state.step[0] == 40
