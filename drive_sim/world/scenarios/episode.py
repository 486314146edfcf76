"""One drive, drawn and ready: the road, the weather, the other road users and where the ego starts.

`Episode` is what a scenario draws from a seed, and all that is needed to build the world again bit for bit.
`build_world` turns a list of them into the arrays that kernels read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drive_sim.compute.kernel import to_device
from drive_sim.world.roads.road import Road
from drive_sim.world.state import (
    ACTION_NONE,
    ACTOR_NONE,
    MOTION_STATIC,
    PAVING_ASPHALT,
    ROADSIDE_GRASS,
    TRIGGER_NONE,
    WEATHER_TYPES,
    ActorSetup,
    Weather,
    World,
)

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class WeatherSpec:
    """Light, air and surface of one episode; fields and units as `Weather`, which see."""

    name: str = "dry"
    """dry, rain, fog, night, ...: the group that reports sort by."""
    friction: float = 1.0
    fog_visibility: float = 1e6
    wetness: float = 0.0
    rain: float = 0.0
    night: float = 0.0
    sun_azimuth: float = 0.8
    sun_elevation: float = 0.8
    sun_strength: float = 0.7
    exposure: float = 1.0
    camera_noise: float = 1.0
    asphalt: Colour = (0.25, 0.25, 0.26)
    asphalt_texture: float = 0.5
    verge: Colour = (0.22, 0.33, 0.12)
    verge_texture: float = 0.6
    marking_wear: float = 0.1
    sky: Colour = (0.35, 0.55, 0.85)
    horizon: Colour = (0.75, 0.82, 0.9)
    scenery: float = 0.5
    shutter: float = 1.0
    paving: int = PAVING_ASPHALT
    roadside: int = ROADSIDE_GRASS


@dataclass(frozen=True)
class ActorSpec:
    """One other road user as the episode begins, and its script; fields and units as `ActorSetup`, which see."""

    kind: int
    length: float
    width: float
    height: float
    start_s: float
    start_d: float
    colour: Colour = (0.5, 0.1, 0.1)
    direction: int = 1
    start_speed: float = 0.0
    yaw_offset: float = 0.0
    desired_speed: float = 0.0
    headway: float = 1.5
    motion: int = MOTION_STATIC
    trigger: int = TRIGGER_NONE
    trigger_value: float = 0.0
    action: int = ACTION_NONE
    action_d: float = 0.0
    action_duration: float = 3.0
    action_speed: float = 0.0
    action_rate: float = 3.0
    next_action: int = ACTION_NONE
    next_after: float = 0.0
    next_d: float = 0.0
    next_duration: float = 3.0
    next_speed: float = 0.0
    next_rate: float = 3.0
    heedless: bool = False
    demands_reaction: bool = False


@dataclass(frozen=True, eq=False)
class Episode:
    """One drive. ``split`` is train, validation or test; ``scenario`` a name such as ``lane-keeping/rural``."""

    scenario: str
    split: str
    number: int
    """Which draw of the scenario this is: ``load_scenario(scenario, split).draw(number)`` gives it again."""
    seed: int
    """Key of every random draw while driving."""
    road: Road
    weather: WeatherSpec
    actors: tuple[ActorSpec, ...] = ()
    lane: int = 0
    """Forward lane the ego keeps to, 0 next to the median."""
    start_s: float = 10.0
    start_offset: float = 0.0
    """[m] left of the lane's centre."""
    start_heading_error: float = 0.0
    start_speed: float = 0.0
    route_length: float = 500.0
    time_limit: float = 60.0
    speed_limit: float = 20.0
    unavoidable: bool = False
    """A driver with a reaction time is not expected to get through: its encounters are not counted."""
    variant: str = ""
    """Which of the scenario's encounters it has, such as ``left-near-late``; "" where they are no variants."""


_ACTOR_TYPES: dict[str, Any] = {
    "kind": np.uint8,
    "colour": np.float32,
    "direction": np.int8,
    "motion": np.uint8,
    "trigger": np.uint8,
    "action": np.uint8,
    "next_action": np.uint8,
    "heedless": np.uint8,
    "demands_reaction": np.uint8,
}


def actor_setup(actors: list[tuple[ActorSpec, ...]], slots: int) -> ActorSetup:
    """The actors of B worlds as NumPy arrays (B, slots); unused slots are empty."""
    batch = len(actors)
    arrays: dict[str, Any] = {}
    for name in ActorSetup._fields:
        shape: tuple[int, ...] = (batch, slots, 3) if name == "colour" else (batch, slots)
        arrays[name] = np.zeros(shape, _ACTOR_TYPES.get(name, np.float64))
        for row, specs in enumerate(actors):
            for column, spec in enumerate(specs):
                arrays[name][row, column] = getattr(spec, name)
    # Empty slots still take part in arithmetic: keep their rates harmless.
    empty = arrays["kind"] == ACTOR_NONE
    harmless: dict[str, float] = {"direction": 1}
    harmless |= dict.fromkeys(("action_rate", "action_duration", "next_rate", "next_duration"), 1.0)
    for name, value in harmless.items():
        arrays[name][empty] = value
    return ActorSetup(**arrays)


def weather_arrays(specs: list[WeatherSpec]) -> Weather:
    """The weather of B worlds as NumPy arrays."""
    return Weather(
        **{
            name: np.array([getattr(spec, name) for spec in specs], WEATHER_TYPES.get(name, np.float32))
            for name in Weather._fields
        }
    )


def build_world(episodes: list[Episode], road_index: list[int], slots: int, device: str = "cpu") -> World:
    """`World` arrays of the episodes whose roads are ``road_index`` in a `Roads`, with ``slots`` actor slots."""

    def each(name: str) -> Any:
        return np.array([getattr(episode, name) for episode in episodes], np.float64)

    centre = np.array([episode.road.lane_centre(episode.lane) for episode in episodes])
    host = World(
        seed=np.array([episode.seed for episode in episodes], np.int64),
        road=np.array(road_index, np.int32),
        lane_centre=centre,
        lane_width=np.array([episode.road.lane_width for episode in episodes]),
        start_s=each("start_s"),
        start_d=centre + each("start_offset"),
        start_heading_error=each("start_heading_error"),
        start_speed=each("start_speed"),
        route_length=each("route_length"),
        time_limit=each("time_limit"),
        speed_limit=each("speed_limit"),
        weather=weather_arrays([episode.weather for episode in episodes]),
        actors=actor_setup([episode.actors for episode in episodes], slots),
    )
    return map_arrays(host, lambda array: to_device(device, array))


def map_arrays(bundle: Any, function: Any) -> Any:
    """Apply a function to every array of a (nested) tuple of arrays, keeping its type."""
    return type(bundle)(*(map_arrays(item, function) if isinstance(item, tuple) else function(item) for item in bundle))
