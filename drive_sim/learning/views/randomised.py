"""Randomised appearances: palettes, light, air, markings and glass drawn far wider than nature.

Domain randomisation (Tobin et al. 2017, "Domain randomization for transferring deep neural networks from simulation to
the real world"): a network that has seen colours and light without sense relies on what stays, the shape of the road
and of who is on it, and meets a new appearance as one more variation.

What a view looks like falls into groups (`GROUPS`). A view draws each with probability `GROUP_SHARE`: many views differ
in one or two, as roads do from place to place, and few in all, where little would be left to see. Ranges follow from
physics and are not tuned on any suite. The texture of snow, which only a test weather has, is never drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.views.image_effects import ImageEffects, Range, draw_effects, logarithmic
from drive_sim.world.roads.road import COLOUR_WHITE, COLOUR_YELLOW, STYLE_NONE, Roads
from drive_sim.world.state import PAVINGS, ROADSIDE_GRASS, ROADSIDE_GRAVEL, ROADSIDE_SAND, Weather, World

Rows = NDArray[np.int64]

GROUP_SHARE = 0.6
"""Probability of each group of properties to be drawn, in a view whose appearance is randomised."""
ROAD_REFLECTANCE: Range = (0.03, 0.8)
"""From fresh bitumen to a road under chalk, salt or rime."""
GROUND_REFLECTANCE: Range = (0.03, 0.9)
"""From wet black soil to fresh snow, which is 0.8 to 0.9."""
SKY_RADIANCE: Range = (0.05, 1.0)
"""Of ground in full light: deep blue to a bright ceiling of cloud."""
ACTOR_REFLECTANCE: Range = (0.02, 0.9)
"""From black cloth and rubber to white paint."""
SUN_ELEVATION: Range = (0.02, 1.4)
"""[rad] a degree above the horizon, the lowest that the renderer tells apart, to the highest of the tropics."""
NIGHT_SHARE = 0.25
"""Of views with another light, those in which it is darker than day, by any amount."""
FOG_VISIBILITY: Range = (60.0, 1e4)
"""[m] the label was driven in the recording's air: in thicker fog than this, nothing that it answers is to be seen."""
RAIN_SHARE = 0.5
"""Of views in other air, those with rain."""
RAIN: Range = (0.2, 30.0)
"""[mm/h] drizzle to a cloudburst."""
EXPOSURE: Range = (0.4, 2.5)
"""1.3 stops either way: what automatic exposure is off by at a tunnel's mouth or against the sun."""
CAMERA_NOISE: Range = (0.25, 5.0)
"""[grey levels] a bright day to a small sensor at high gain; less than what the suite `uncertainty` adds."""
SHUTTER: Range = (0.5, 4.0)
"""Multiples of the camera's exposure by day: a hundred times the light, or a night's."""
MISSING = 0.35
"""Probability of each line of a road to be missing: of two beside a lane, one in nearly half of such views."""
YELLOW = 0.3
"""Probability of each line to be yellow."""
LINE_WIDTH: Range = (0.6, 1.8)
"""Multiples of a line's width: 0.08 m to 0.3 m are in use."""
TABLES = 4
"""Sets of lines that the randomised views of one draw share, each drawn anew for all roads; one is the roads' own."""


@dataclass(frozen=True, eq=False)
class Randomised:
    """What is randomised in n views: ``rows`` of them."""

    rows: Rows
    """(m) in rising order."""
    lines: NDArray[np.int64]
    """(n) which of ``roads`` a view is rendered on; 0, the roads as they are, for all that are not randomised."""
    roads: tuple[Roads, ...]
    """The same roads with other lines on them."""
    effects: tuple[ImageEffects, ...]
    """What happens to the images of each camera, (m) each."""

    def parts(self, rows: Rows) -> Iterator[tuple[Roads, Rows]]:
        """The views among ``rows`` that are rendered on the same roads, and those roads."""
        lines = self.lines[rows]
        for number in np.unique(lines):
            yield self.roads[number], rows[lines == number]

    def affect(self, camera: int, images: NDArray[np.uint8], rows: Rows) -> None:
        """Put the effects on a camera's images (k, H, W, 3) of the views ``rows``, in place."""
        here = np.flatnonzero(np.isin(rows, self.rows))
        if len(here):
            images[here] = self.effects[camera].on(images[here], np.searchsorted(self.rows, rows[here]))


def randomised(rng: np.random.Generator, roads: Roads, world: World, rows: Rows, cameras: int) -> Randomised:
    """Randomise the views ``rows`` of ``world``, whose arrays are changed in place."""
    lines = np.zeros(len(world.seed), np.int64)
    if not len(rows):
        return Randomised(rows, lines, (roads,), ())
    for name, values in _weather(rng, world.weather, rows).items():
        getattr(world.weather, name)[rows] = values
    repainted = rows[_chosen(rng, len(rows))]
    slots = world.actors.kind.shape[1]
    colours = _colours(rng, len(repainted) * slots, ACTOR_REFLECTANCE).reshape(len(repainted), slots, 3)
    world.actors.colour[repainted] = colours * (world.actors.kind[repainted] > 0)[..., None]
    lines[rows] = rng.integers(0, TABLES, len(rows)) * _chosen(rng, len(rows))
    other = tuple(_other_lines(rng, roads) for _ in range(TABLES - 1))
    effects = tuple(draw_effects(rng, len(rows)) for _ in range(cameras))
    return Randomised(rows, lines, (roads, *other), effects)


def _weather(rng: np.random.Generator, weather: Weather, rows: Rows) -> dict[str, NDArray[Any]]:
    """The fields of `Weather` that change, each (m, ...): those of a group change together or stay."""
    fields: dict[str, NDArray[Any]] = {}
    for group in GROUPS:
        drawn, values = _chosen(rng, len(rows)), group(rng, len(rows))
        for name, array in values.items():
            before = getattr(weather, name)[rows]
            fields[name] = np.where(drawn[:, None] if array.ndim > 1 else drawn, array, before)
    return fields


def _ground(rng: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
    """Road and verge apart: either may be the brighter one, and of any hue."""
    roadsides = np.array([ROADSIDE_GRASS, ROADSIDE_GRAVEL, ROADSIDE_SAND])
    return {
        "asphalt": _colours(rng, count, ROAD_REFLECTANCE),
        "asphalt_texture": rng.random(count),
        "paving": rng.integers(0, len(PAVINGS), count),
        "verge": _colours(rng, count, GROUND_REFLECTANCE),
        "verge_texture": rng.random(count),
        "roadside": rng.choice(roadsides, count),
        "scenery": rng.random(count),
    }


def _paint(rng: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
    """Markings as fresh as on the first day, gone, and all between."""
    return {"marking_wear": rng.random(count)}


def _light(rng: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
    """Sun anywhere above the horizon, clear or overcast, day to night; a sky of any hue, as bright as the day is."""
    night = np.where(rng.random(count) < NIGHT_SHARE, rng.random(count), 0.0)
    # Squared as the renderer dims the ground; what is left at night is town light.
    day = ((1.0 - night) ** 2 + 0.02)[:, None]
    # Squared, so that half of the suns stand below 20 degrees, where they glare and throw long shadows.
    height = rng.random(count) ** 2
    return {
        "night": night,
        "sun_azimuth": rng.uniform(0.0, 2.0 * np.pi, count),
        "sun_elevation": SUN_ELEVATION[0] + (SUN_ELEVATION[1] - SUN_ELEVATION[0]) * height,
        "sun_strength": rng.random(count),
        "sky": np.minimum(_colours(rng, count, SKY_RADIANCE) * day, 1.0),
        "horizon": np.minimum(_colours(rng, count, SKY_RADIANCE) * day, 1.0),
    }


def _air(rng: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
    """Mist, rain and a wet road, each without the others if it comes so."""
    return {
        "fog_visibility": logarithmic(rng, FOG_VISIBILITY, count),
        "rain": np.where(rng.random(count) < RAIN_SHARE, logarithmic(rng, RAIN, count), 0.0),
        "wetness": rng.random(count),
    }


def _sensor(rng: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
    """Exposure, read noise and smear."""
    return {
        "exposure": logarithmic(rng, EXPOSURE, count),
        "camera_noise": logarithmic(rng, CAMERA_NOISE, count),
        "shutter": logarithmic(rng, SHUTTER, count),
    }


GROUPS = (_ground, _paint, _light, _air, _sensor)
"""Of properties of `Weather`; colours of actors, lines and glass are further ones."""


def _other_lines(rng: np.random.Generator, roads: Roads) -> Roads:
    """The roads with lines that are missing, broader or narrower, white or yellow, whatever the law says of them."""
    shape = roads.boundary_style.shape
    missing, yellow = rng.random(shape) < MISSING, rng.random(shape) < YELLOW
    return roads._replace(
        boundary_style=np.where(missing, STYLE_NONE, roads.boundary_style).astype(np.uint8),
        boundary_colour=np.where(yellow, COLOUR_YELLOW, COLOUR_WHITE).astype(np.uint8),
        boundary_width=roads.boundary_width * rng.uniform(*LINE_WIDTH, shape),
    )


def _chosen(rng: np.random.Generator, count: int) -> NDArray[np.bool_]:
    return rng.random(count) < GROUP_SHARE


def _colours(rng: np.random.Generator, count: int, bounds: Range) -> NDArray[np.float64]:
    """Linear RGB (n, 3) in 0..1 of a brightness within the bounds and of any hue, most of them muted."""
    saturation = rng.random((count, 1)) ** 2
    hue = 3.0 * rng.dirichlet((1.0, 1.0, 1.0), count)
    return np.minimum(logarithmic(rng, bounds, count)[:, None] * (1.0 + saturation * (hue - 1.0)), 1.0)
