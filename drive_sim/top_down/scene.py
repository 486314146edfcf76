"""What the map shows of one world at one moment: plain numbers, so that a window may interpolate between two."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from drive_sim.compute.geometry import wrap_angle
from drive_sim.compute.kernel import to_host
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import Colour, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_NONE

BRAKING = 0.7
"""Deceleration from which brake lamps light up [m/s²]."""
EGO_COLOUR: Colour = (0.93, 0.36, 0.05)
"""Linear reflectance: a signal orange that no other road user wears."""


@dataclass(frozen=True)
class SceneActor:
    """A road user, the ego included; metres, radians, world frame."""

    kind: int
    x: float
    y: float
    yaw: float
    length: float
    width: float
    height: float
    colour: Colour
    """Linear reflectance, RGB in 0..1."""
    speed: float = 0.0
    steering: float = 0.0
    """Road-wheel angle [rad]; known of the ego only."""
    braking: bool = False


@dataclass(frozen=True)
class Scene:
    """One world at one moment."""

    road: Road
    weather: WeatherSpec
    ego: SceneActor
    actors: tuple[SceneActor, ...]
    finish: float | None
    """s at which the route ends [m]; None where it has no end in sight (a lap of a closed road)."""


def scene_of(simulator: Simulator, index: int = 0) -> Scene:
    """World ``index`` of the simulator as it is now."""
    state, episode, vehicle = simulator.state, simulator.episodes[index], simulator.vehicle
    road = episode.road

    def now(name: str) -> float:
        return float(to_host(getattr(state, name))[index])

    ego = SceneActor(
        kind=ACTOR_CAR,
        x=now("x"),
        y=now("y"),
        yaw=now("yaw"),
        length=vehicle.length,
        width=vehicle.width,
        height=1.5,
        colour=EGO_COLOUR,
        speed=now("speed"),
        steering=now("steering"),
        braking=float(to_host(state.action)[index, 1]) < -0.02,
    )
    names = ("actor_x", "actor_y", "actor_yaw", "actor_speed", "actor_acceleration")
    columns = np.stack([np.asarray(to_host(getattr(state, name))[index], float) for name in names])
    actors = tuple(
        SceneActor(
            spec.kind, x, y, yaw, spec.length, spec.width, spec.height, spec.colour, speed,
            braking=acceleration < -BRAKING,
        )
        for spec, (x, y, yaw, speed, acceleration) in zip(episode.actors, columns.T.tolist(), strict=False)
        if spec.kind != ACTOR_NONE
    )  # fmt: skip
    finish = episode.start_s + episode.route_length
    return Scene(road, episode.weather, ego, actors, None if road.closed or finish > road.length else finish)


def blend(earlier: Scene, later: Scene, share: float) -> Scene:
    """The scene ``share`` (0..1) of the way between two of the same episode; lamps and looks are the later's."""

    def between(a: SceneActor, b: SceneActor) -> SceneActor:
        if math.hypot(b.x - a.x, b.y - a.y) > 10.0:  # reset to lane: there is nothing in between
            return b
        return replace(
            b,
            x=a.x + share * (b.x - a.x),
            y=a.y + share * (b.y - a.y),
            yaw=a.yaw + share * float(wrap_angle(b.yaw - a.yaw)),
            steering=a.steering + share * (b.steering - a.steering),
        )

    if earlier.road is not later.road or len(earlier.actors) != len(later.actors):
        return later
    actors = tuple(between(a, b) for a, b in zip(earlier.actors, later.actors, strict=True))
    return replace(later, ego=between(earlier.ego, later.ego), actors=actors)
