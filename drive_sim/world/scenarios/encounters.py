"""Placing the encounters of an episode: where along the road, and which other road users take part."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from drive_sim.world.roads.careful_speed import REACTION_TIME, CarefulDrive
from drive_sim.world.roads.road import Floats, Road
from drive_sim.world.scenarios.encounter_schema import Action, ActorKind, ActorTemplate, Encounter, Spot
from drive_sim.world.scenarios.episode import ActorSpec, Colour
from drive_sim.world.scenarios.ranges import draw
from drive_sim.world.scenarios.schema import ScenarioDefinition
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_NONE,
    ACTION_SPEED,
    ACTION_WALK,
    ACTOR_NAMES,
    MOTION_LANE,
    MOTION_STATIC,
    TRIGGER_DISTANCE,
    TRIGGER_HEADWAY,
    TRIGGER_NONE,
    TRIGGER_OWN_HEADWAY,
    TRIGGER_TIME,
    TRIGGER_TTC,
)

IN_VIEW = math.radians(20.0)
"""A place is in view when it lies within this of straight ahead [rad]."""
ROOM = 25.0
"""Before and after a place, the stretch whose curvature counts [m]."""
GENTLE_DECELERATION = 3.5
"""With which an ego at the speed limit can stop before a crossing pedestrian [m/s²]."""
_ACTIONS = {"lateral": ACTION_LATERAL, "speed": ACTION_SPEED, "walk": ACTION_WALK}
_TRIGGERS = {
    "distance": TRIGGER_DISTANCE,
    "headway": TRIGGER_HEADWAY,
    "time-to-collision": TRIGGER_TTC,
    "time": TRIGGER_TIME,
    "collision-course": TRIGGER_HEADWAY,
    "own-headway": TRIGGER_OWN_HEADWAY,
}


class Placed(NamedTuple):
    """An encounter and its position along the road [m], and by how much the place breaks its demands (0: not)."""

    name: str
    encounter: Encounter
    position: float
    badness: float


class Stage(NamedTuple):
    """Where the actors appear."""

    road: Road
    lane: int  # the ego's
    speed_limit: float  # [m/s]
    drive: CarefulDrive  # the ego as expected


def place_encounters(
    definition: ScenarioDefinition, road: Road, start: float, rng: np.random.Generator
) -> list[Placed]:
    """Encounters of one episode in the order in which an ego that starts at ``start`` [m] comes to them."""
    names = sorted(definition.encounters)
    if definition.pick:
        count = int(rng.integers(definition.pick[0], definition.pick[1] + 1))
        names = [names[index] for index in rng.permutation(len(names))[:count]]
    placed: list[Placed] = []
    for name in names:
        encounter = definition.encounters[name]
        happens = rng.random() < encounter.probability
        low, high = (start + bound for bound in encounter.position)
        if definition.pick and definition.spacing and placed:
            low, high = (placed[-1].position + bound for bound in definition.spacing)
        position, badness = _choose_position(encounter, road, start, (low, high), rng.random())
        if happens:
            placed.append(Placed(name, encounter, position, badness))
    return sorted(placed, key=lambda one: one.position)


def _choose_position(
    encounter: Encounter, road: Road, start: float, window: tuple[float, float], u: float
) -> tuple[float, float]:
    """A position [m] in the window that meets the encounter's demands, or the one that breaks them least."""
    spots = np.linspace(*window, max(2, math.ceil(window[1] - window[0]) + 1))
    badness = np.zeros(len(spots))
    if encounter.sight > 0.0:
        for share in (1.0, 0.8, 0.6):
            seen_from = np.maximum(spots - share * encounter.sight, start)
            badness = np.maximum(badness, np.abs(_bearing(road, seen_from, spots)) / IN_VIEW - 1.0)
    if encounter.smallest_radius > 0.0:
        around = np.arange(-ROOM, ROOM + 1.0, 1.0)
        bend = np.abs(road.curvature[_element(road, spots[:, None] + around)]).max(axis=1)
        badness = np.maximum(badness, bend * encounter.smallest_radius - 1.0)
    good = np.flatnonzero(badness <= 0.0)
    if len(good):
        return float(spots[good[int(u * len(good))]]), 0.0
    least = int(np.argmin(badness))
    return float(spots[least]), float(badness[least])


def _element(road: Road, s: Floats) -> np.ndarray:
    index = np.floor(s / road.step).astype(np.int64)
    return index % len(road.x) if road.closed else np.clip(index, 0, len(road.x) - 1)


def _bearing(road: Road, seen_from: Floats, spots: Floats) -> Floats:
    """Direction [rad] in which a place of the road is seen from another, against the road's heading there."""
    a, b = _element(road, seen_from), _element(road, spots)
    dx, dy = road.x[b] - road.x[a], road.y[b] - road.y[a]
    bearing = np.arctan2(dy, dx) - road.heading[a]
    return np.where(np.hypot(dx, dy) < 1.0, 0.0, np.remainder(bearing + math.pi, 2.0 * math.pi) - math.pi)


def draw_actors(placed: Placed, stage: Stage, kinds: dict[str, ActorKind], rng: np.random.Generator) -> list[ActorSpec]:
    """The road users of an encounter."""
    actors: list[ActorSpec] = []
    for name in sorted(placed.encounter.actors):
        template = placed.encounter.actors[name]
        takes_part = rng.random() < template.probability
        row = _draw_row(template, placed.position, stage, kinds, rng)
        if takes_part:
            actors += row
    return actors


def _draw_row(
    template: ActorTemplate, position: float, stage: Stage, kinds: dict[str, ActorKind], rng: np.random.Generator
) -> list[ActorSpec]:
    count = int(rng.integers(template.count[0], template.count[1] + 1))
    speed = 0.0
    if template.speed is not None:
        speed = draw(rng, template.speed)
    elif template.speed_fraction is not None:
        speed = draw(rng, template.speed_fraction) * stage.speed_limit
    s = position + draw(rng, template.ahead)
    if template.meets is not None:
        meeting = position + draw(rng, template.meets)
        s = meeting + speed * stage.drive.time_at(meeting)
    furthest = draw(rng, template.at.blocks or (0.0, 0.0))
    row: list[ActorSpec] = []
    for index in range(count):
        spot = template.at
        if template.taper and spot.blocks is not None:
            reach = furthest * (index + 1) / count
            spot = spot.model_copy(update={"blocks": (reach, reach)})
        row.append(_draw_actor(template, spot, s, speed, stage, kinds, rng))
        s += draw(rng, template.spacing)
    if template.demands_reaction and count > 1:
        row = _mark_furthest(row, stage)
    road = stage.road
    return [actor for actor in row if road.closed or 1.0 <= actor.start_s <= road.length - 1.0]


def _mark_furthest(row: list[ActorSpec], stage: Stage) -> list[ActorSpec]:
    """Of a row only the actor nearest to the middle of the ego's lane demands a reaction: one row, one encounter."""
    centre = stage.road.lane_centre(stage.lane)
    nearest = min(range(len(row)), key=lambda index: abs(row[index].start_d - centre))
    return [replace(actor, demands_reaction=index == nearest) for index, actor in enumerate(row)]


def _draw_actor(
    template: ActorTemplate,
    spot: Spot,
    s: float,
    speed: float,
    stage: Stage,
    kinds: dict[str, ActorKind],
    rng: np.random.Generator,
) -> ActorSpec:
    kind_name = template.kind[int(rng.integers(len(template.kind)))]
    kind = kinds[kind_name]
    length, width, height = (draw(rng, bounds) for bounds in (kind.length, kind.width, kind.height))
    colour = _draw_colour(kind, rng)
    d = _across(spot, s, width, stage, rng, 0.0)
    spec = ActorSpec(
        kind=ACTOR_NAMES.index(kind_name),
        length=length,
        width=width,
        height=height,
        start_s=s,
        start_d=d,
        colour=colour,
        direction=-1 if template.oncoming else 1,
        start_speed=speed,
        yaw_offset=draw(rng, template.yaw),
        desired_speed=speed,
        headway=draw(rng, template.headway),
        motion=MOTION_LANE if template.moving else MOTION_STATIC,
        heedless=template.heedless,
        demands_reaction=template.demands_reaction,
    )
    return _with_script(spec, template, stage, rng)


def _draw_colour(kind: ActorKind, rng: np.random.Generator) -> Colour:
    colour = kind.colours[int(rng.integers(len(kind.colours)))]
    gain = rng.uniform(0.85, 1.1)
    red, green, blue = (min(1.0, float(channel * gain)) for channel in colour)
    return red, green, blue


def _across(spot: Spot, s: float, width: float, stage: Stage, rng: np.random.Generator, began: float) -> float:
    """d [m] of the middle of a box of ``width`` at a spot; ``began`` is the d where its actor started."""
    road, lane = stage.road, stage.lane
    centre, half = road.lane_centre(lane), 0.5 * road.lane_width
    u, coin = rng.random(), rng.random()

    def at(bounds: tuple[float, float] | None) -> float:
        low, high = bounds or (0.0, 0.0)
        return low + (high - low) * u

    if spot.place.endswith("of-lane"):
        reach = at(spot.blocks) if spot.leaves is None else road.lane_width - at(spot.leaves)
        inwards = half - reach + 0.5 * width
        return centre - inwards if spot.place == "right-of-lane" else centre + inwards
    if spot.place == "lane":
        return centre + at(spot.offset)
    if spot.place == "adjacent":
        beside = [other for other in (lane - 1, lane + 1) if 0 <= other < road.lanes_forward]
        return road.lane_centre(beside[int(coin * len(beside))]) + at(spot.offset)
    if spot.place == "oncoming":
        return road.oncoming_lane_centre(0) + at(spot.offset)
    element = int(_element(road, np.array([s]))[0])
    left = {"left-verge": True, "right-verge": False, "any-verge": coin < 0.5, "other-verge": began < 0.0}[spot.place]
    return (
        float(road.paved_left[element]) + at(spot.beyond)
        if left
        else -float(road.paved_right[element]) - at(spot.beyond)
    )


def _with_script(spec: ActorSpec, template: ActorTemplate, stage: Stage, rng: np.random.Generator) -> ActorSpec:
    """The actor with its trigger and its actions."""
    when, then = template.when, template.then
    if when is None or then is None:
        return replace(spec, trigger=TRIGGER_NONE, action=ACTION_NONE)
    value = draw(rng, when.value)
    target, duration, speed, rate = _draw_action(then, spec, stage, rng)
    if when.by == "collision-course":
        centre = stage.road.lane_centre(stage.lane)
        value += abs(spec.start_d - centre) / speed
        # Never sooner than a driver can stop for it.
        value = max(value, REACTION_TIME + stage.speed_limit / (2.0 * GENTLE_DECELERATION))
    spec = replace(
        spec,
        trigger=_TRIGGERS[when.by],
        trigger_value=value,
        action=_ACTIONS[then.do],
        action_d=target,
        action_duration=duration,
        action_speed=speed,
        action_rate=rate,
    )
    if template.next is None:
        return spec
    after = draw(rng, template.next.after)
    target, duration, speed, rate = _draw_action(template.next, spec, stage, rng)
    return replace(
        spec,
        next_action=_ACTIONS[template.next.do],
        next_after=after,
        next_d=target,
        next_duration=duration,
        next_speed=speed,
        next_rate=rate,
    )


def _draw_action(
    action: Action, spec: ActorSpec, stage: Stage, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Target d [m], duration [s], speed [m/s] and rate [m/s²] of an action."""
    duration, rate = draw(rng, action.duration), draw(rng, action.rate)
    target = spec.start_d
    if action.to is not None:
        target = _across(action.to, spec.start_s, spec.width, stage, rng, spec.start_d)
    speed = spec.start_speed
    if action.speed is not None:
        speed = draw(rng, action.speed)
    elif action.speed_fraction is not None:
        speed = draw(rng, action.speed_fraction) * stage.speed_limit
    return target, duration, speed, rate
