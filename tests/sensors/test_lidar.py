"""The scanner measures what a ruler would."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from drive_sim.sensors.lidar import Lidar, LidarConfig, ray_box
from drive_sim.world.roads.generator import generate_road
from drive_sim.world.roads.road import EDGE_KERB, EDGE_PLAIN, EDGE_RAIL, RAIL_OFFSET, Road, chain_arcs
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_CONE

PAVED = 4.0
IDEAL = LidarConfig(beams=360, field_of_view=math.radians(360.0), x=0.0, noise=False)


def make_road(curvature: float = 0.0, left: int = EDGE_PLAIN, right: int = EDGE_PLAIN, closed: bool = False) -> Road:
    step = 1.0 if not closed else 2.0 * math.pi / abs(curvature) / 400
    curvatures = np.full(400, curvature)
    x, y, heading = chain_arcs(curvatures, step)
    paved = np.full(400, PAVED)
    return Road(
        "test", "rural", closed, step, x, y, heading, curvatures, paved, paved, 3.5, 1, 1, 25.0,
        edge_left=left, edge_right=right,
    )  # fmt: skip


def make_simulator(road: Road, *actors: ActorSpec, seeds: tuple[int, ...] = (1,), fog: float = 1e6) -> Simulator:
    episode = Episode(
        "test", "test", 0, 0, road, WeatherSpec(fog_visibility=fog), actors, start_s=100.0, start_offset=1.75
    )
    return Simulator([replace(episode, seed=seed) for seed in seeds])


def box(kind: int, s: float, d: float, yaw: float = 0.0, length: float = 4.0, width: float = 2.0) -> ActorSpec:
    return ActorSpec(kind, length, width, 1.5, s, d, yaw_offset=yaw)


def scan(simulator: Simulator, config: LidarConfig = IDEAL) -> np.ndarray:
    return Lidar(config).sense(simulator)


def at(config: LidarConfig, degrees: float) -> int:
    """Index of the beam nearest to a direction."""
    return int(np.argmin(np.abs(config.angles - math.radians(degrees))))


def test_an_empty_plain_returns_nothing():
    assert np.all(scan(make_simulator(make_road())) == IDEAL.max_range)


def test_a_car_ahead_is_as_far_as_its_rear_and_one_beside_as_its_flank():
    # The ego's reference point is at (100, 0).
    ranges = scan(make_simulator(make_road(), box(ACTOR_CAR, 120.0, 0.0), box(ACTOR_CAR, 100.0, 3.5)))[0]
    assert ranges[at(IDEAL, 0.0)] == pytest.approx(18.0, abs=1e-4)
    assert ranges[at(IDEAL, 90.0)] == pytest.approx(2.5, abs=1e-4)
    assert ranges[at(IDEAL, 180.0)] == IDEAL.max_range
    assert ranges[at(IDEAL, -90.0)] == IDEAL.max_range


def test_beams_run_from_right_to_left():
    config = replace(LidarConfig(), noise=False)
    left = scan(make_simulator(make_road(), box(ACTOR_CONE, 110.0, 4.7)), config)[0]
    right = scan(make_simulator(make_road(), box(ACTOR_CONE, 110.0, -4.7)), config)[0]
    assert np.argmin(left) > config.beams // 2 > np.argmin(right)
    np.testing.assert_allclose(left, right[::-1], atol=1e-4)


def test_a_turned_box_is_met_at_its_corner():
    # A square of side 2 m on its tip: its nearest corner is sqrt(2) before its centre.
    ranges = scan(make_simulator(make_road(), box(ACTOR_CAR, 110.0, 0.0, math.pi / 4, 2.0, 2.0)))[0]
    assert ranges[at(IDEAL, 0.0)] == pytest.approx(10.0 - math.sqrt(2.0), abs=2e-3)


def test_the_mount_moves_and_turns_the_beams():
    simulator = make_simulator(make_road(), box(ACTOR_CAR, 120.0, 0.0))
    config = replace(IDEAL, beams=1, field_of_view=0.0, x=3.0)
    assert scan(simulator, config)[0, 0] == pytest.approx(15.0, abs=1e-4)
    assert scan(simulator, replace(config, yaw=math.pi / 2))[0, 0] == config.max_range


def test_a_ray_from_within_a_box_reads_zero_and_a_ray_that_misses_never_ends():
    assert ray_box(0.5, 0.0, 1.0, 0.0, 2.0, 1.0) == 0.0
    assert ray_box(-5.0, 0.0, 1.0, 0.0, 2.0, 1.0) == 3.0
    assert ray_box(-5.0, 1.01, 1.0, 0.0, 2.0, 1.0) == math.inf
    assert ray_box(5.0, 0.0, 1.0, 0.0, 2.0, 1.0) == math.inf


@pytest.mark.parametrize(("edge", "offset", "z"), [(EDGE_RAIL, PAVED + RAIL_OFFSET, 0.5), (EDGE_KERB, PAVED, 0.1)])
def test_walls_along_a_straight_road_stand_where_they_were_built(edge, offset, z):
    ranges = scan(make_simulator(make_road(left=edge, right=edge)), replace(IDEAL, z=z))[0]
    expected = offset / np.maximum(np.abs(np.sin(IDEAL.angles)), 1e-9)
    # The road begins 100 m behind, beyond what the scanner sees.
    expected = np.where(expected < IDEAL.max_range, expected, IDEAL.max_range)
    np.testing.assert_allclose(ranges, expected, atol=0.01)


@pytest.mark.parametrize(("edge", "offset", "z"), [(EDGE_RAIL, PAVED + RAIL_OFFSET, 0.5), (EDGE_KERB, PAVED, 0.1)])
@pytest.mark.parametrize("radius", [25.0, 60.0])
def test_the_walls_of_a_ring_are_met_at_the_distance_of_their_circles(edge, offset, z, radius):
    inner, outer = radius - offset, radius + offset
    simulator = make_simulator(make_road(1.0 / radius, edge, edge, closed=True))
    # In the car's frame the circles' centre c is at (0, radius): the ray r u meets one where |r u - c| is its radius.
    sine = np.sin(IDEAL.angles)

    def circle(size: float) -> np.ndarray:
        root = np.sqrt(np.maximum((radius * sine) ** 2 - radius**2 + size**2, -1.0) + 0j)
        hits = np.stack([radius * sine - root, radius * sine + root])
        return np.where((hits.imag == 0) & (hits.real > 0), hits.real, np.inf).min(axis=0)

    expected = np.minimum(np.minimum(circle(inner), circle(outer)), IDEAL.max_range)
    ranges = scan(simulator, replace(IDEAL, z=z))[0]
    # Where a beam grazes the inner circle a millimetre of radius is a metre of range.
    grazes = np.abs(np.abs(radius * np.cos(IDEAL.angles)) - inner) < 0.01
    np.testing.assert_allclose(ranges[~grazes], expected[~grazes], atol=0.02)


def wall_points(road: Road, outwards: float) -> np.ndarray:
    """Points (n, 2) along both walls, left then right, every 0.1 m; the two are parted by a gap of nan."""
    along = np.arange(0.0, road.length, 0.1)
    element = np.minimum((along / road.step).astype(int), len(road.x) - 1)
    sides = (road.paved_left[element] + outwards, -road.paved_right[element] - outwards)
    walls = [np.array([road.point(s, d)[:2] for s, d in zip(along, side, strict=True)]) for side in sides]
    return np.concatenate([walls[0], [[np.nan, np.nan]], walls[1]])


def nearest_crossing(x: float, y: float, angle: float, points: np.ndarray) -> float:
    """Distance at which a ray first crosses a chain of points; inf if never."""
    c, s = math.cos(angle), math.sin(angle)
    forward = c * (points[:, 0] - x) + s * (points[:, 1] - y)
    left = c * (points[:, 1] - y) - s * (points[:, 0] - x)
    crosses = left[:-1] * left[1:] < 0.0
    share = left[:-1][crosses] / (left[:-1] - left[1:])[crosses]
    hits = forward[:-1][crosses] + share * (forward[1:] - forward[:-1])[crosses]
    return float(np.min(hits[hits > 0.0], initial=math.inf))


@pytest.mark.parametrize(("edge", "outwards", "z"), [(EDGE_RAIL, RAIL_OFFSET, 0.5), (EDGE_KERB, 0.0, 0.1)])
@pytest.mark.slow
def test_the_walls_of_a_winding_road_are_met_where_a_chain_of_points_along_them_is(edge, outwards, z):
    road = replace(generate_road("mountain", 3), edge_left=edge, edge_right=edge)
    points, config = wall_points(road, outwards), replace(IDEAL, z=z, max_range=40.0)
    episode = Episode("test", "test", 0, 0, road, WeatherSpec(fog_visibility=1e6))
    starts = np.linspace(50.0, road.length - 100.0, 8)
    simulator = Simulator([replace(episode, start_s=float(start)) for start in starts])
    errors = []
    for i, ranges in enumerate(scan(simulator, config)):
        x, y, yaw = simulator.state.x[i], simulator.state.y[i], simulator.state.yaw[i]
        expected = [nearest_crossing(x, y, yaw + angle, points) for angle in config.angles]
        errors.append(np.abs(ranges - np.minimum(expected, config.max_range)))
    # A few beams graze a wall, where a millimetre beside is metres ahead.
    assert np.quantile(errors, 0.95) < 0.01
    assert np.mean(np.array(errors) > 0.05) < 0.005


@pytest.mark.parametrize(("edge", "z"), [(EDGE_RAIL, 0.3), (EDGE_RAIL, 0.9), (EDGE_KERB, 0.13), (EDGE_KERB, 0.5)])
def test_a_plane_below_or_above_a_wall_does_not_meet_it(edge, z):
    assert np.all(scan(make_simulator(make_road(left=edge, right=edge)), replace(IDEAL, z=z)) == IDEAL.max_range)


def test_a_plane_above_what_lies_on_the_road_does_not_meet_it():
    low = replace(box(ACTOR_CAR, 120.0, 0.0), height=0.4)
    simulator, ahead = make_simulator(make_road(), low), at(IDEAL, 0.0)
    assert scan(simulator)[0, ahead] == IDEAL.max_range
    assert scan(simulator, replace(IDEAL, z=0.3))[0, ahead] == pytest.approx(18.0, abs=1e-4)


def test_a_rail_on_one_side_only_leaves_the_other_side_open():
    ranges = scan(make_simulator(make_road(left=EDGE_RAIL)))[0]
    assert ranges[at(IDEAL, 90.0)] == pytest.approx(PAVED + RAIL_OFFSET, abs=0.05)
    assert ranges[at(IDEAL, -90.0)] == IDEAL.max_range


def test_a_car_before_the_rail_hides_it():
    simulator = make_simulator(make_road(left=EDGE_RAIL), box(ACTOR_CAR, 100.0, 3.0))
    assert scan(simulator)[0, at(IDEAL, 90.0)] == pytest.approx(2.0, abs=0.05)


def test_fog_swallows_distant_echoes_and_leaves_near_ones():
    near, far = box(ACTOR_CAR, 110.0, 0.0), box(ACTOR_CAR, 162.0, 0.0)
    ahead = at(IDEAL, 0.0)
    assert scan(make_simulator(make_road(), far))[0, ahead] == pytest.approx(60.0, abs=0.01)
    assert scan(make_simulator(make_road(), far, fog=60.0))[0, ahead] == IDEAL.max_range
    assert scan(make_simulator(make_road(), near, fog=60.0))[0, ahead] == pytest.approx(8.0, abs=0.01)


def test_noise_has_the_spread_and_dropouts_the_rate_that_were_asked_for():
    config = replace(IDEAL, beams=1, field_of_view=0.0, noise=True, range_noise=0.03, dropout=0.1)
    simulator = make_simulator(make_road(), box(ACTOR_CAR, 120.0, 0.0), seeds=tuple(range(4000)))
    ranges = scan(simulator, config)[:, 0]
    lost = ranges == config.max_range
    assert lost.mean() == pytest.approx(0.1, abs=0.02)
    assert ranges[~lost].mean() == pytest.approx(18.0, abs=0.002)
    assert ranges[~lost].std() == pytest.approx(0.03, rel=0.05)


def test_noise_is_new_at_every_beam_and_step_but_the_same_at_the_same_step():
    simulator = make_simulator(make_road(left=EDGE_RAIL, right=EDGE_RAIL))
    config = replace(IDEAL, noise=True, range_noise=0.05, dropout=0.0)
    first, again = scan(simulator, config), scan(simulator, config)
    np.testing.assert_array_equal(first, again)
    errors = first - scan(simulator)
    assert np.unique(errors[first < config.max_range]).size > 300
    simulator.state.step[0] += 1
    assert not np.array_equal(first, scan(simulator, config))


@pytest.mark.parametrize(
    "wrong", [{"beams": 0}, {"field_of_view": 7.0}, {"max_range": 0.0}, {"dropout": 1.5}, {"z": 0.0}]
)
def test_an_impossible_scanner_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LidarConfig(**wrong)
