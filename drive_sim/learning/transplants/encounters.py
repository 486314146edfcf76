"""A recorded pass on another road: other sizes and kinds, other speeds, mirrored where that breaks no rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.randomness import generator
from drive_sim.learning.transplants.habit import Habit
from drive_sim.learning.transplants.passes import Pass
from drive_sim.learning.transplants.scenes import (
    RUN_OUT,
    NoSceneError,
    Scene,
    lane_keeping,
    scene,
    stretch,
    training_world,
)
from drive_sim.learning.transplants.timed_path import SPACING, timed, within
from drive_sim.learning.views.labels import road_curvature
from drive_sim.world.roads.careful_speed import careful_drive
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.encounter_schema import ActorTemplate, Encounter, Spot
from drive_sim.world.scenarios.encounters import Placed, Stage, draw_actors
from drive_sim.world.scenarios.episode import ActorSpec, Episode
from drive_sim.world.scenarios.files import actor_kinds
from drive_sim.world.state import (
    ACTION_WALK,
    ACTOR_PEDESTRIAN,
    MOTION_WALK,
    TRIGGER_DISTANCE,
    TRIGGER_HEADWAY,
    TRIGGER_NONE,
    TRIGGER_TTC,
)

Floats = NDArray[np.float64]

STANDING_ROADS = {"rural": 0.45, "urban": 0.4, "mountain": 0.15}
"""Roads on which standing obstacles are passed, and how often each. What was passed on a motorway stays there, and so
does what moves on its kind of road: other speeds are driven elsewhere."""
OTHER_KINDS = ("car", "lorry", "bus", "debris")
"""What one standing obstacle may become; a row of them stays a row."""
SAME_KIND = 0.5
"""How often it stays what it was."""
SPEEDS = (0.75, 1.25)
"""Speed limit of a copy over the recorded one."""
MOVING_SPEEDS = (0.85, 1.15)
"""The same with moving actors, whose speeds change with it."""
LEAST_SCALE = 0.6
"""A copy slower than this share of the recording is none [1]."""
PEAKS = (0.5, 1.5)
"""How far a copy swerves, over how far the person did."""
SWERVE = 0.5
"""A person who swerved less than this [m] beside an obstacle shows no shape of a swerve to scale."""
LARGEST_PEAK = 3.2
"""[m]"""
TAPER = 20.0
"""At either end of a profile, the recorded offset gives way to the habit's over this stretch [m]."""
SETTLE = 15.0
"""Driven by habit ahead of a standing obstacle's profile, and the length in which one settles back to it [m]."""
IN_VIEW = math.radians(25.0)
"""The road turns by no more than this from where the person reacts to the obstacle."""
SEEN_FROM, ROOM = 55.0, 15.0
"""An obstacle is in view from so far [m], and so far before and beyond it the road bends no more than ..."""
BEND_STANDING, BEND_MOVING = 1.0 / 50.0, 1.0 / 120.0
"""... this [1/m]; beside moving actors, over all of the profile."""


class Scale(NamedTuple):
    """How a copy differs from the recording."""

    speed: float  # over the recorded one [1]
    mirrored: bool


def pass_scene(passes: Sequence[Pass], habit: Habit, period: float, seed: int, number: int) -> Scene:
    """Scene ``number`` of a seed: one of the passes on another road; each class of obstacle as often as the others.

    Raises
    ------
    NoSceneError
        This copy is not sound.
    """
    rng = generator("transplants", seed, "pass", number)
    kinds = sorted({(one.standing, one.kind) for one in passes})
    chosen = kinds[int(rng.integers(len(kinds)))]
    alike = [one for one in passes if (one.standing, one.kind) == chosen]
    one = alike[int(rng.integers(len(alike)))]
    recorded_class = one.episode.world.road.road_class
    elsewhere = one.standing and recorded_class in STANDING_ROADS
    roads = STANDING_ROADS if elsewhere else {recorded_class: 1.0}
    road_class = list(roads)[int(rng.choice(len(roads), p=np.array(list(roads.values()))))]
    world = training_world(road_class, seed, "pass", number)
    low, high = SPEEDS if one.standing else MOVING_SPEEDS
    recorded = one.episode.world.speed_limit
    limit = min(world.speed_limit, recorded * rng.uniform(low, high))
    if limit < LEAST_SCALE * recorded or (not one.standing and limit < low * recorded):
        raise NoSceneError("the road or weather is too slow for it")
    world = replace(world, speed_limit=limit)
    scale = Scale(limit / recorded, bool(rng.random() < 0.5))
    copy = _standing_scene if one.standing else _moving_scene
    return copy(one, habit, world, scale, period, rng)


def _standing_scene(
    one: Pass, habit: Habit, world: Episode, scale: Scale, period: float, rng: np.random.Generator
) -> Scene:
    swerves = abs(one.peak) > SWERVE
    shift = (rng.uniform(*PEAKS) - 1.0) * one.peak if swerves else 0.0
    if abs(one.peak + shift) > LARGEST_PEAK:
        raise NoSceneError("too far to the side")
    # Distances grow with the speed, and with the root of a wider swerve: lateral accelerations stay the person's.
    longer = max(scale.speed * math.sqrt(max(1.0 + shift / one.peak if swerves else 1.0, 1.0)), LEAST_SCALE)
    mirror = -1.0 if scale.mirrored else 1.0
    row = _row(one, shift, mirror, world, rng)
    extent = row.extent
    low, high = longer * one.x[0], extent + longer * (one.x[-1] - one.extent)
    anchor = _place(
        world.road, world.start_s + SETTLE - low, world.road.length - RUN_OUT - high - 5.0, rng,
        (SEEN_FROM, extent), (-ROOM, extent + ROOM), BEND_STANDING,
    )  # fmt: skip
    s = stretch(world.road, anchor + low - SETTLE, anchor + high + RUN_OUT)
    offset, limits = lane_keeping(habit, world, s)
    x = _recorded_place(s - anchor, extent, one.extent, longer)
    recorded = np.interp(x, one.x, one.offset)
    if swerves:
        recorded = recorded + shift * np.clip(recorded / one.peak, 0.0, 1.0)
    share = np.clip(np.minimum(x - one.x[0], one.x[-1] - x) / TAPER, 0.0, 1.0)
    share = 0.5 - 0.5 * np.cos(math.pi * share)
    offset = share * mirror * recorded + (1.0 - share) * offset
    inside = (x >= one.x[0]) & (x <= one.x[-1])
    limits = np.where(inside, np.minimum(limits, scale.speed * np.interp(x, one.x, one.speed)), limits)
    braking = max(habit.deceleration, _hardest(one)) * scale.speed
    moments = timed(s, within(limits, habit.acceleration, braking), period)
    return scene(row.kind, world, row.actors(anchor), s, offset, moments, own_side=scale.mirrored)


class _Row(NamedTuple):
    """What stands in the way of a copy."""

    kind: str
    extent: float  # from near to far end [m]
    actors: Callable[[float], list[ActorSpec]]  # by where the near end is [m]


def _row(one: Pass, shift: float, mirror: float, world: Episode, rng: np.random.Generator) -> _Row:
    """The obstacle of a copy: shifted sideways by ``shift`` [m], then mirrored about the lane's middle."""
    centre = world.road.lane_centre(world.lane)
    if len(one.actors) > 1:
        wider = rng.uniform(0.8, 1.25)

        def copies(near: float) -> list[ActorSpec]:
            return [
                replace(
                    actor,
                    start_s=near + wider * actor.start_s,
                    start_d=centre + mirror * (actor.start_d + shift),
                    yaw_offset=mirror * actor.yaw_offset,
                )
                for actor in one.actors
            ]

        return _Row(one.kind, wider * one.extent, copies)
    kind = one.kind if rng.random() < SAME_KIND else OTHER_KINDS[int(rng.integers(len(OTHER_KINDS)))]
    blocks = 0.5 * world.road.lane_width + one.sign * (one.edge + shift)
    if blocks < 0.1:
        raise NoSceneError("nothing in the lane")
    spot = Spot(place="right-of-lane" if one.sign * mirror > 0.0 else "left-of-lane", blocks=(blocks, blocks))
    template = ActorTemplate(kind=(kind,), at=spot, yaw=(-0.08, 0.08), demands_reaction=True)
    stage = Stage(world.road, world.lane, world.speed_limit, careful_drive(world.road, world.start_s, 10.0, 10.0))
    placed = Placed("transplant", Encounter(position=(0.0, 0.0), actors={"one": template}), 100.0, 0.0)
    actor = draw_actors(placed, stage, actor_kinds(), rng)[0]
    if one.sign * mirror * (actor.start_d - centre) > 0.0:
        raise NoSceneError("nearer to the side on which it would be passed")
    return _Row(kind, actor.length, lambda near: [replace(actor, start_s=near + 0.5 * actor.length)])


def _recorded_place(x: Floats, extent: float, recorded_extent: float, longer: float) -> Floats:
    """Where on the recorded profile a copy is that is at ``x`` (n) [m] from the obstacle's near end."""
    beside = x * recorded_extent / max(extent, 0.1)
    return np.where(x < 0.0, x / longer, np.where(x > extent, recorded_extent + (x - extent) / longer, beside))


def _hardest(one: Pass) -> float:
    """Hardest braking of the person [m/s²]."""
    return float(np.clip(-np.gradient(one.speed, one.episode.period).min(), 0.5, 4.0))


def _moving_scene(
    one: Pass, habit: Habit, world: Episode, scale: Scale, period: float, rng: np.random.Generator
) -> Scene:
    """Everything as it was recorded, in time stretched by the speed's scale: distances are the same."""
    walker = one.kind == "pedestrian"
    mirrored = scale.mirrored and walker
    if world.road.lanes_forward != one.episode.world.road.lanes_forward:
        raise NoSceneError("other lanes than the recorded road")
    world = replace(world, lane=one.episode.world.lane)
    low, high = float(one.x[0]), float(one.x[-1])
    anchor = _place(
        world.road, world.start_s - low, world.road.length - RUN_OUT - high - 5.0, rng,
        (SEEN_FROM, 0.0), (low, high), BEND_MOVING,
    )  # fmt: skip
    s, d = _recorded_path(one, anchor, -1.0 if mirrored else 1.0)
    time = np.arange(len(one.x)) * one.episode.period / scale.speed
    moments = np.arange(0.0, time[-1], period)
    driven = anchor + np.interp(moments, time, one.x), scale.speed * np.interp(moments, time, one.speed)
    beyond = stretch(world.road, anchor + high + SPACING, anchor + high + RUN_OUT)
    offset, limits = lane_keeping(habit, world, beyond)
    limits[0] = min(limits[0], driven[1][-1])
    rest = timed(beyond, within(limits, habit.acceleration, habit.deceleration), period)
    fading = np.exp(-(beyond - beyond[0]) / SETTLE)
    path = np.concatenate([s, beyond]), np.concatenate([d, offset + (d[-1] - offset) * fading])
    actors = [_moved(actor, one, world, anchor, scale.speed, mirrored) for actor in one.actors]
    both = np.concatenate([driven[0], rest[0]]), np.concatenate([driven[1], rest[1]])
    return scene(one.kind, world, actors, *path, both, own_side=mirrored)


def _recorded_path(one: Pass, anchor: float, mirror: float) -> tuple[Floats, Floats]:
    """Arc lengths, rising, and offsets from the lane's middle [m] that were driven."""
    keep = np.concatenate([[True], np.diff(np.maximum.accumulate(one.x)) > 1e-3])
    return anchor + one.x[keep], mirror * one.offset[keep]


def _moved(one: ActorSpec, source: Pass, world: Episode, anchor: float, speed: float, mirrored: bool) -> ActorSpec:
    """An actor of a pass on the road of ``world``, its times divided by the scale of ``speed``."""
    start = _across(one.start_d, source, world, mirrored)
    moved = replace(
        one,
        start_s=one.start_s + anchor,
        start_d=start,
        start_speed=one.start_speed * speed,
        desired_speed=one.desired_speed * speed,
        headway=one.headway / speed,
        trigger_value=one.trigger_value if one.trigger == TRIGGER_DISTANCE else one.trigger_value / speed,
        action_d=_across(one.action_d, source, world, mirrored),
        action_duration=one.action_duration / speed,
        action_speed=one.action_speed * speed,
        action_rate=one.action_rate * speed**2,
        next_after=one.next_after / speed,
        next_d=_across(one.next_d, source, world, mirrored),
        next_duration=one.next_duration / speed,
        next_speed=one.next_speed * speed,
        next_rate=one.next_rate * speed**2,
        yaw_offset=-one.yaw_offset if mirrored else one.yaw_offset,
    )
    walks = one.action == ACTION_WALK or one.motion == MOTION_WALK
    if one.kind != ACTOR_PEDESTRIAN or not walks or one.trigger == TRIGGER_NONE:
        return moved
    # A wider road: whoever walks sets off sooner, to reach the lane's middle at the same moment.
    longer = abs(start - world.road.lane_centre(world.lane)) - abs(one.start_d)
    if abs(longer) > 0.05 and one.trigger not in (TRIGGER_HEADWAY, TRIGGER_TTC):
        raise NoSceneError("no moment for it on a road as wide")
    return replace(moved, trigger_value=moved.trigger_value + longer / max(moved.action_speed, 0.5))


def _across(offset: float, source: Pass, world: Episode, mirrored: bool) -> float:
    """d [m] on a new road of what was at ``offset`` [m] from the lane's middle: as far beyond the edge as it was."""
    recorded, road = source.episode.world, world.road
    d = recorded.road.lane_centre(recorded.lane) + offset
    left, right = float(recorded.road.paved_left[0]), float(recorded.road.paved_right[0])
    beyond = max(d - left, -right - d)
    if beyond < 0.0:
        return road.lane_centre(world.lane) + (-offset if mirrored else offset)
    to_left = (d > 0.0) != mirrored
    return float(road.paved_left[0]) + beyond if to_left else -float(road.paved_right[0]) - beyond


def _place(
    road: Road,
    first: float,
    last: float,
    rng: np.random.Generator,
    view: tuple[float, float],
    straight: tuple[float, float],
    bend: float,
) -> float:
    """A place [m] between two from which the obstacle is in ``view``, on a stretch that bends less than ``bend``.

    ``view`` is from how far ahead and how far beyond; ``straight`` runs from and to, counted from the place [m].
    """
    s = np.arange(0.0, road.length, SPACING)
    sharp = np.concatenate([[0], np.cumsum(np.abs(road_curvature(road, s)) > bend)])
    heading = np.interp(s, road.step * np.arange(len(road.heading)), road.heading)
    spots = np.arange(first, last, 5.0)

    def index(at: Floats) -> NDArray[np.int64]:
        return np.clip((at / SPACING).astype(np.int64), 0, len(s) - 1)

    begin, end = index(spots + straight[0]), index(spots + straight[1])
    turned = np.abs(heading[index(spots + view[1])] - heading[index(spots - view[0])])
    fitting = spots[(sharp[end] == sharp[begin]) & (turned < IN_VIEW)]
    if not len(fitting):
        raise NoSceneError("no place in view")
    return float(fitting[int(rng.integers(len(fitting)))])
