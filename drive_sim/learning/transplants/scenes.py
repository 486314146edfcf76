"""A manoeuvre on another road: the world, and the path and speed that the person would drive there.

Roads and weathers are those of the training scenarios, and bends sharper than any of them. What a scene must keep to:
the car stays on the pavement of its own direction or, where the person did so, passes over the middle of the road; a
mirrored pass never crosses that; the obstacle is in sight when the person reacted; lateral acceleration stays within
comfort and grip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from drive_sim.compute.randomness import generator, key
from drive_sim.learning.transplants.habit import GRIP_SHARE, Habit
from drive_sim.learning.transplants.timed_path import SPACING, TimedPath, timed, timed_path, within
from drive_sim.learning.views.labels import GRID, road_curvature
from drive_sim.world.ego.single_track import GRAVITY
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.roads.generator import ROAD_CLASSES, generate_road
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import ActorSpec, Episode
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import CONTROL_PERIOD

Floats = NDArray[np.float64]

LANE_ROADS = {"rural": 0.2, "mountain": 0.2, "urban": 0.2, "motorway": 0.1, "hairpins": 0.3}
"""Roads on which lanes are kept, and how often each."""
HAIRPINS = replace(ROAD_CLASSES["mountain"], tightest=(8.0, 16.0), hairpin_share=0.4, radius_span=6.0, verge=2.5)
"""Mountain roads with bends down to 8 m, sharper than any training scenario has."""
HAIRPIN_LENGTH = 500.0
"""[m]"""
RUN_OUT = 60.0
"""Driven on beyond a manoeuvre: its last labels look so far ahead [m]."""
SPARE_TIME = 15.0
"""Time limit beyond the path's own time [s]."""
EDGE = 0.1
"""Kept from the edge of the pavement [m]."""
COMFORT = 3.5
"""Lateral acceleration of a transplant at most [m/s²], and `GRIP_SHARE` of the grip."""
OFFSET_SMOOTHING = 8.0
"""Standard deviation over which a habit's offset changes along the road [m]."""


class NoSceneError(Exception):
    """A manoeuvre has no sound copy here; the message says why."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One transplant to be driven."""

    kind: str
    """``lane``, or the class of what is passed."""
    world: Episode
    plan: TimedPath


def lane_scene(habit: Habit, period: float, seed: int, number: int) -> Scene:
    """Scene ``number`` of a seed: lane keeping on another road."""
    rng = generator("transplants", seed, "lane", number)
    names = list(LANE_ROADS)
    name = names[int(rng.choice(len(names), p=np.array(list(LANE_ROADS.values()))))]
    world = training_world("mountain" if name == "hairpins" else name, seed, "lane", number)
    if name == "hairpins":
        road = generate_road("mountain", key("transplants", seed, "road", number), HAIRPIN_LENGTH, HAIRPINS)
        world = replace(world, road=road, speed_limit=min(world.speed_limit, road.speed_limit), lane=0)
    oncoming = () if world.road.lanes_forward > 1 else tuple(one for one in world.actors if one.direction < 0)
    s = stretch(world.road, world.start_s, world.start_s + world.route_length + RUN_OUT)
    offset, limits = lane_keeping(habit, world, s)
    moments = timed(s, within(limits, habit.acceleration, habit.deceleration), period)
    return scene("lane", world, oncoming, s, offset, moments)


def training_world(road_class: str, seed: int, what: str, number: int) -> Episode:
    """An episode of the training scenario of a road class: its road, weather, lane and speed limit are used."""
    drawn = key("transplants", seed, what, number) % 2**40
    return load_scenario(f"lane-keeping/{road_class}", "train").draw(drawn)


def stretch(road: Road, first: float, last: float) -> Floats:
    """Arc lengths `SPACING` apart from one [m] to another, as far as the road goes."""
    return np.arange(first, min(last, road.length - 2.0), SPACING)


def lane_keeping(habit: Habit, world: Episode, s: Floats) -> tuple[Floats, Floats]:
    """Offset from the lane's middle [m] and highest speed [m/s] of the habit at arc lengths ``s`` (n) [m]."""
    kappa = road_curvature(world.road, s)
    kappa = kappa / (1.0 - kappa * world.road.lane_centre(world.lane))
    offset = gaussian_filter1d(habit.offset_at(kappa), OFFSET_SMOOTHING / SPACING, mode="nearest")
    return offset, habit.speed_at(kappa, world.speed_limit, world.weather.friction)


def scene(
    kind: str,
    world: Episode,
    actors: Sequence[ActorSpec],
    s: Floats,
    offset: Floats,
    moments: tuple[Floats, Floats],
    own_side: bool = False,
) -> Scene:
    """The scene of a path by ``offset`` (n) [m] from the lane's middle at ``s`` (n) [m], driven as ``moments`` say.

    With ``own_side`` it must not reach over the middle of the road.

    Raises
    ------
    NoSceneError
        The path leaves the pavement or its side of the road, or asks for more lateral acceleration than is comfortable.
    """
    d = world.road.lane_centre(world.lane) + offset
    plan = timed_path(world.road, s, d, moments)
    _check_pavement(world.road, s, d, own_side)
    _check_comfort(plan, world.weather.friction)
    route = min(float(moments[0][-1]), float(s[-1])) - float(s[0]) - 2.0
    placed = replace(
        world,
        scenario=f"transplants/{kind}",
        actors=tuple(actors),
        start_s=float(s[0]),
        start_offset=float(offset[0]),
        start_heading_error=float(np.arctan(plan.path.slope[0])),
        start_speed=float(plan.speed[0]),
        route_length=route,
        time_limit=CONTROL_PERIOD * len(plan.s) + SPARE_TIME,
        variant="",
    )
    return Scene(kind, placed, plan)


def _check_pavement(road: Road, s: Floats, d: Floats, own_side: bool) -> None:
    element = np.clip((s / road.step).astype(np.int64), 0, len(road.x) - 1)
    reach = 0.5 * BMW_320I.width + EDGE
    left = road.paved_left[element] - reach
    if road.median > 0.0:
        left = np.full(len(s), -0.5 * road.median - reach)
    elif own_side and road.lanes_backward > 0:
        left = np.full(len(s), EDGE - reach)
    if np.any(d > left):
        raise NoSceneError("over the middle of the road" if own_side else "off the pavement")
    if np.any(d < reach - road.paved_right[element]):
        raise NoSceneError("off the pavement")


def _check_comfort(plan: TimedPath, friction: float) -> None:
    at = plan.path.start + GRID * np.arange(len(plan.path.offset), dtype=np.float64)
    kappa = road_curvature(plan.path.road, at)
    bend = kappa / np.maximum(1.0 - kappa * plan.path.offset, 0.2) + np.gradient(plan.path.slope, GRID)
    speed = np.interp(at, plan.s, plan.speed)
    if np.max(np.abs(bend) * speed**2) > min(COMFORT, GRIP_SHARE * GRAVITY * friction):
        raise NoSceneError("beyond comfort")
