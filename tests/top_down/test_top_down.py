"""The map from above shows what is where, and needs no screen to do so."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pygame
import pytest

from drive_sim.top_down import Scene, SceneActor, TopDownView, blend, scene_of
from drive_sim.world.roads.road import EDGE_RAIL, STYLE_SOLID, Boundary, Road, chain_arcs
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_NAMES, ACTOR_NONE, ACTOR_PEDESTRIAN, ACTOR_SIZE

SIZE, SCALE, EGO_HEIGHT = (400, 300), 8.0, 0.68
CLEAR = WeatherSpec(asphalt=(0.25, 0.25, 0.25), verge=(0.1, 0.4, 0.05), sun_strength=0.0, marking_wear=0.0)
RED, WHITE = (0.8, 0.0, 0.0), (0.9, 0.9, 0.9)


def make_road(curvature: float = 0.0, **changes) -> Road:
    curvatures = np.full(400, curvature)
    x, y, heading = chain_arcs(curvatures, 1.0)
    paved = np.full(400, 4.0)
    road = Road("test", "rural", False, 1.0, x, y, heading, curvatures, paved, paved, 3.5, 1, 1, 25.0)
    return replace(road, **changes)


def car(x: float, y: float, yaw: float = 0.0, colour=WHITE, kind: int = ACTOR_CAR, **changes) -> SceneActor:
    return SceneActor(kind, x, y, yaw, *ACTOR_SIZE[kind], colour, **changes)


def make_scene(*actors: SceneActor, x: float = 200.0, y: float = -1.75, yaw: float = 0.0, **changes) -> Scene:
    return replace(Scene(make_road(), CLEAR, car(x, y, yaw), actors, None), **changes)


def view(**options) -> TopDownView:
    return TopDownView(**{"size": SIZE, "scale": SCALE, "ego_height": EGO_HEIGHT, **options})


def pixel(image: np.ndarray, forward: float, left: float) -> np.ndarray:
    """Mean colour of 3 x 3 pixels around a point of the ego's frame [m], with the car's direction up."""
    column = round(SIZE[0] / 2 - left * SCALE)
    row = round(SIZE[1] * EGO_HEIGHT - forward * SCALE)
    return image[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 3).mean(axis=0)


def greenness(colour: np.ndarray) -> float:
    return float(colour[1] - 0.5 * (colour[0] + colour[2]))


def redness(colour: np.ndarray) -> float:
    return float(colour[0] - 0.5 * (colour[1] + colour[2]))


def test_an_image_is_made_without_a_display():
    assert not pygame.display.get_init()
    image = view().image(make_scene())
    assert image.shape == (SIZE[1], SIZE[0], 3)
    assert image.dtype == np.uint8
    assert not pygame.display.get_init()


def test_asphalt_is_grey_and_the_verge_green_where_the_pavement_ends():
    image = view().image(make_scene())
    # The car drives 1.75 m right of the middle of 8 m of asphalt.
    for left in (5.3, 1.0, -1.8):
        assert abs(greenness(pixel(image, 12.0, left))) < 8, left
    for left in (7.5, -4.2):
        assert greenness(pixel(image, 12.0, left)) > 40, left


def test_a_marking_is_painted_at_its_offset_in_its_width():
    road = make_road(boundaries=(Boundary(0.0, STYLE_SOLID, width=0.5),))
    image = view().image(make_scene(road=road))
    row = image[round(SIZE[1] * EGO_HEIGHT - 12.0 * SCALE)].astype(float).mean(axis=1)
    asphalt = float(pixel(image, 12.0, 0.0).mean())
    paint = row - asphalt > 50
    paint[: round(SIZE[0] / 2 - 3.0 * SCALE)] = False
    paint[round(SIZE[0] / 2) :] = False
    assert paint.sum() == pytest.approx(0.5 * SCALE, abs=1.5)
    assert np.flatnonzero(paint).mean() + 0.5 == pytest.approx(SIZE[0] / 2 - 1.75 * SCALE, abs=0.8)


def test_edges_are_smooth():
    # A road that runs aslant: where grey turns into green there are shades in between.
    image = view(heading_up=False).image(make_scene(road=make_road(), yaw=0.0))
    column = image[:, 50].astype(float)
    shades = {tuple(shade) for shade in column[np.abs(np.diff(column.sum(axis=1), prepend=0)) > 15].tolist()}
    assert len(shades) > 4


def test_what_is_ahead_is_above_and_what_is_left_is_left():
    image = view().image(make_scene(car(210.0, 0.25, colour=RED)))
    assert redness(pixel(image, 10.0 - 0.3, 2.0)) > 80
    assert redness(pixel(image, 10.0, -2.0)) < 30
    assert redness(pixel(image, -10.0, 2.0)) < 30


@pytest.mark.parametrize("yaw", [0.0, 1.0, -2.5])
def test_the_image_turns_with_the_car(yaw):
    c, s = math.cos(yaw), math.sin(yaw)
    ahead = car(200.0 + 10.0 * c, -1.75 + 10.0 * s, yaw, RED)
    assert redness(pixel(view().image(make_scene(ahead, yaw=yaw)), 10.0 - 0.3, 0.0)) > 80


def test_north_is_up_if_wished():
    image = view(heading_up=False).image(make_scene(car(210.0, -1.75, colour=RED)))
    # East of the car is right of it.
    assert redness(pixel(image, 0.0, -10.0 + 0.3)) > 80


@pytest.mark.parametrize("kind", [kind for kind in range(len(ACTOR_NAMES)) if kind != ACTOR_NONE])
@pytest.mark.slow
def test_every_kind_of_road_user_has_a_look(kind):
    empty = view().image(make_scene()).astype(int)
    shown = view().image(make_scene(car(212.0, 0.0, 0.4, kind=kind, colour=(0.1, 0.2, 0.7)))).astype(int)
    changed = np.abs(shown - empty).max(axis=2) > 25
    length, width, _ = ACTOR_SIZE[kind]
    rows, columns = np.nonzero(changed)
    # It covers about its box, and nothing far from it.
    assert 0.4 < changed.sum() / (length * width * SCALE**2) < 2.6
    distance = np.hypot(columns - SIZE[0] / 2 + 1.75 * SCALE, rows - SIZE[1] * EGO_HEIGHT + 12.0 * SCALE)
    assert distance.max() < (0.5 * math.hypot(length, width) + 1.0) * SCALE


def test_brake_lamps_light_up_at_the_rear():
    def rear(braking: bool) -> float:
        image = view().image(make_scene(car(210.0, -1.75, colour=(0.02, 0.02, 0.02), braking=braking)))
        rows = slice(round(SIZE[1] * EGO_HEIGHT - 8.4 * SCALE), round(SIZE[1] * EGO_HEIGHT - 7.6 * SCALE))
        lamps = image[rows, SIZE[0] // 2 - 8 : SIZE[0] // 2 + 8].astype(float)
        return float((lamps[..., 0] - lamps[..., 1]).sum())

    assert rear(True) > 1.5 * rear(False) > 0


def test_night_is_dark_but_for_the_headlights():
    day, night = (view().image(make_scene(weather=replace(CLEAR, night=night))) for night in (0.0, 1.0))
    assert pixel(night, -4.0, 2.0).mean() < 0.4 * pixel(day, -4.0, 2.0).mean()
    assert pixel(night, 8.0, 0.0).mean() > 2.0 * pixel(night, -4.0, 2.0).mean()


def test_fog_takes_what_is_far_more_than_what_is_near():
    clear, fog = (view().image(make_scene(weather=replace(CLEAR, fog_visibility=v))) for v in (1e6, 40.0))
    near, far = (abs(pixel(fog, forward, 6.5) - pixel(clear, forward, 6.5)).mean() for forward in (1.0, 22.0))
    assert far > 2.0 * near


def test_the_grass_stays_where_it_grows():
    # 2 m further on, everything has moved down by 2 m.
    first, second = (view().image(make_scene(x=x)).astype(int) for x in (200.0, 202.0))
    shift = round(2.0 * SCALE)
    np.testing.assert_allclose(second[100 + shift : 200 + shift, 20:100], first[100:200, 20:100], atol=12)
    assert first[:, 20:100].std() > 3.0


def test_the_trail_shows_where_the_car_has_been():
    scene = make_scene()
    trail = [(190.0 + 0.1 * k, -1.75) for k in range(101)]
    plain, traced = view().image(scene), view().image(scene, trail)
    behind = pixel(traced, -4.0, 0.0) - pixel(plain, -4.0, 0.0)
    assert behind[0] > 15
    assert behind[0] > behind[2]
    np.testing.assert_array_equal(pixel(traced, 6.0, 0.0), pixel(plain, 6.0, 0.0))


def test_the_finish_is_a_chequered_line():
    image = view().image(make_scene(finish=212.0))
    row = image[round(SIZE[1] * EGO_HEIGHT - 12.3 * SCALE), 152:200].astype(float).mean(axis=1)
    assert row.max() > 200
    assert row.min() < 60


def test_a_guard_rail_stands_outside_the_pavement():
    plain, railed = (view().image(make_scene(road=make_road(edge_left=edge))) for edge in (0, EDGE_RAIL))
    changed = np.abs(plain.astype(int) - railed).max(axis=(0, 2)) > 20
    columns = np.flatnonzero(changed)
    middle = SIZE[0] / 2 - (1.75 + 4.6) * SCALE
    assert abs(columns.mean() - middle) < 2.0
    assert np.ptp(columns) < 1.0 * SCALE


def test_the_scale_bar_is_as_long_as_it_says():
    def bright(scale: float) -> int:
        image = view(scale=scale).image(make_scene())
        row = image[SIZE[1] - 17].astype(int)
        return int(np.flatnonzero(row.min(axis=1) > 225).max() - np.flatnonzero(row.min(axis=1) > 225).min())

    # The outer of its four parts are dark at the right end: three quarters are seen as bright ends.
    assert bright(8.0) == pytest.approx(0.75 * 10.0 * 8.0, abs=3)
    assert bright(3.0) == pytest.approx(0.75 * 20.0 * 3.0, abs=3)


def test_a_scene_is_what_the_simulator_says():
    episode = load_scenario("obstacle-avoidance/mixed", "train").draw(3)
    simulator = Simulator([episode])
    simulator.step(np.array([[0.5, -1.0]], np.float32))
    scene, state = scene_of(simulator), simulator.state
    assert (scene.ego.x, scene.ego.y, scene.ego.yaw) == (state.x[0], state.y[0], state.yaw[0])
    assert scene.ego.braking
    assert len(scene.actors) == len(episode.actors)
    for n, actor in enumerate(scene.actors):
        assert (actor.x, actor.y, actor.kind) == (state.actor_x[0, n], state.actor_y[0, n], episode.actors[n].kind)


def test_between_two_moments_everything_is_half_way():
    earlier = make_scene(car(210.0, 0.0, 3.1), x=200.0, yaw=0.0)
    later = replace(earlier, ego=replace(earlier.ego, x=202.0, yaw=0.2), actors=(car(211.0, 1.0, -3.1),))
    half = blend(earlier, later, 0.5)
    assert (half.ego.x, half.ego.yaw) == pytest.approx((201.0, 0.1))
    assert (half.actors[0].x, half.actors[0].y) == pytest.approx((210.5, 0.5))
    # Turning from 3.1 to -3.1 goes through pi, not through 0.
    assert math.cos(half.actors[0].yaw) == pytest.approx(-1.0, abs=1e-3)


def test_a_car_that_was_reset_to_lane_jumps():
    earlier = make_scene(x=100.0)
    later = replace(earlier, ego=replace(earlier.ego, x=140.0))
    assert blend(earlier, later, 0.3).ego.x == 140.0


def test_people_are_drawn_over_low_things_and_under_high_ones():
    low, high = car(212.0, -1.75, colour=RED), car(212.0, -1.75, kind=ACTOR_PEDESTRIAN, colour=(0.0, 0.0, 0.9))
    one = view().image(make_scene(low, high))
    other = view().image(make_scene(high, low))
    np.testing.assert_array_equal(one, other)
