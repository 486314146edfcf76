"""What a drawn episode is like beyond what its scenario's file leaves open: road, weather, sizes, colours.

These follow from the draw's own random numbers and from ``weather.toml``, so a search cannot choose them; but they may
be what separates failures from passes.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from drive_sim.mining.parameters import Value
from drive_sim.world.scenarios.episode import ActorSpec, Colour, Episode
from drive_sim.world.state import ACTOR_NAMES, PAVINGS, ROADSIDES

AROUND = 25.0
"""Before and after what is met, the stretch whose curvature counts [m]."""
LUMA = (0.2126, 0.7152, 0.0722)
"""Weights of red, green and blue in brightness (ITU-R BT.709)."""

UNITS = {
    "road.curvature": "1/m", "ego.speed_limit": "m/s", "ego.start_speed": "m/s", "met.distance": "m",
    "met.lateral_offset": "m", "met.width": "m", "met.height": "m", "weather.fog_visibility": "m",
    "weather.rain": "mm/h", "weather.sun_azimuth": "rad", "weather.sun_elevation": "rad",
}  # fmt: skip
"""Of the features that have one."""
_COLOURS = ("name", "asphalt", "verge", "sky", "horizon", "paving", "roadside")
"""Fields of a weather that are told otherwise, or not."""


def features_of(episode: Episode) -> dict[str, Value]:
    """Numbers and names by feature; ``met`` is the first road user that demands a reaction."""
    met = min((one for one in episode.actors if one.demands_reaction), key=lambda one: one.start_s, default=None)
    weather = {name: float(value) for name, value in asdict(episode.weather).items() if name not in _COLOURS}
    found: dict[str, Value] = {
        "road.curvature": _curvature(episode, met),
        "road.lanes": episode.road.lanes_forward,
        "ego.lane": episode.lane,
        "ego.speed_limit": float(episode.speed_limit),
        "ego.start_speed": float(episode.start_speed),
        "road_users": len(episode.actors),
        **{f"weather.{name}": value for name, value in weather.items()},
        "weather.asphalt_brightness": _brightness(episode.weather.asphalt),
        "weather.paving": PAVINGS[episode.weather.paving],
        "weather.roadside": ROADSIDES[episode.weather.roadside],
    }
    if met is not None:
        found |= {
            "met.kind": ACTOR_NAMES[met.kind],
            "met.distance": float(met.start_s - episode.start_s),
            "met.lateral_offset": float(met.start_d - episode.road.lane_centre(episode.lane)),
            "met.width": float(met.width),
            "met.height": float(met.height),
            "met.brightness": _brightness(met.colour),
        }
    return found


def _curvature(episode: Episode, met: ActorSpec | None) -> float:
    """The sharpest curvature [1/m], left positive, around what is met, or of the whole route."""
    road = episode.road
    begin, end = episode.start_s, episode.start_s + episode.route_length
    if met is not None:
        begin, end = met.start_s - AROUND, met.start_s + AROUND
    index = np.arange(int(begin / road.step), int(end / road.step) + 1)
    index = index % len(road.curvature) if road.closed else np.clip(index, 0, len(road.curvature) - 1)
    bends = road.curvature[index]
    return float(bends[np.argmax(np.abs(bends))])


def _brightness(colour: Colour) -> float:
    return float(np.dot(LUMA, colour))
