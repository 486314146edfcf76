"""What the ground is made of: pavings, kerbs and verge, as reflectances of a pixel's footprint.

Markings (`markings`) are painted on it, guard rails (`guard_rails`) stand before it. Written without branches
where pixels differ, so that a CPU shades eight pixels at once.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import floor_of, limit, pixel_scalar
from drive_sim.sensors.camera.semantics import SEMANTIC_KERB, SEMANTIC_ROAD, SEMANTIC_VERGE
from drive_sim.sensors.camera.shading.markings import (
    Base,
    beyond_share,
    cover,
    footprint_along,
    lens_of,
    repeated_cover,
)
from drive_sim.sensors.camera.shading.textures import (
    GRAIN,
    GRAIN_TEXEL,
    PAVING,
    PAVING_TEXEL,
    ROADSIDE,
    ROADSIDE_TEXEL,
    Level,
    choose_level,
    sample,
    sample_nearest,
)
from drive_sim.world.roads.road import EDGE_KERB, EDGE_RAIL, KERB_WIDTH

F = np.float32
PAVEMENT_WIDTH = 2.2
"""Width of the footway beyond the kerb stone [m]."""
GRAVEL_WIDTH = 0.7
"""How far the road's foot reaches into the verge [m]."""


class Levels(NamedTuple):
    """Texture levels of one row, and what is left of the fine detail at its distance."""

    paving: Level
    grain: Level
    roadside: Level
    tuft: Level
    grain_share: Any  # 0..1
    tuft_share: Any
    track_share: Any  # of wheel tracks


class Trim(NamedTuple):
    """What is the same all along a road; float32."""

    lane_width: Any  # [m]
    half_median: Any  # half the unpaved strip in the middle [m], below 0 without one
    kerb_left: Any  # 1 if there is a kerb
    kerb_right: Any
    rail_left: Any  # 1 if there is a guard rail
    rail_right: Any


@pixel_scalar
def trim_of(roads, road):
    """The `Trim` of a road."""
    left, right = roads.edge_left[road], roads.edge_right[road]
    one, zero = F(1.0), F(0.0)
    half = F(0.5) * F(roads.median[road])
    return Trim(
        F(roads.lane_width[road]),
        half if half > F(0.25) else -one,
        one if left == EDGE_KERB else zero,
        one if right == EDGE_KERB else zero,
        one if left == EDGE_RAIL else zero,
        one if right == EDGE_RAIL else zero,
    )


@pixel_scalar
def has_kerbs(trim):
    """Whether the road has a kerb."""
    return trim.kerb_left + trim.kerb_right > F(0.0)


@pixel_scalar
def has_rails(trim):
    """Whether the road has a guard rail."""
    return trim.rail_left + trim.rail_right > F(0.0)


@pixel_scalar
def row_levels(view, textures, row):
    """Levels for the ground seen in ``row``, by the footprint of its middle pixel while the shutter is open."""
    b = (view.centre_row - row) * view.pixel
    fall = max(-(view.forward_z + b * view.up_z), F(1e-3))
    depth = view.height / fall
    wide = depth * view.pixel
    # A pixel is longer than wide by the grazing angle.
    long = min(wide * depth / view.height, F(200.0))
    a, c = view.along * view.along, view.across * view.across
    drift, swing = view.drift_x * view.drift_x + view.drift_y * view.drift_y, view.swing * depth
    along = math.sqrt(long * long * a + wide * wide * c + drift)
    across = math.sqrt(long * long * c + wide * wide * a + swing * swing)
    # The roadside's texture lies in the world's axes.
    north, east = abs(view.forward_x), abs(view.forward_y)
    world_x = F(0.6) * long * north + wide * east + F(0.6) * abs(view.drift_x)
    world_y = F(0.6) * long * east + wide * north + F(0.6) * abs(view.drift_y)
    return Levels(
        _stretched(choose_level(textures, PAVING + int(view.paving), PAVING_TEXEL, along, across), view.lane_stretch),
        choose_level(textures, GRAIN, GRAIN_TEXEL, along, across),
        choose_level(textures, ROADSIDE + int(view.roadside), ROADSIDE_TEXEL, world_x, world_y),
        choose_level(textures, GRAIN, GRAIN_TEXEL, world_x, world_y),
        min(max(F(1.5) - along * across * F(9.0), F(0.0)), F(1.0)),
        min(max(F(1.5) - world_x * world_y * F(2.0), F(0.0)), F(1.0)),
        min(max(F(1.2) - across * F(1.5), F(0.0)), F(1.0)),
    )


@pixel_scalar
def _stretched(level, stretch):
    """A `Level` with ``stretch`` times as many texels a metre along v."""
    return Level(level.start, level.pitch, level.mask_u, level.mask_v, level.scale_u, level.scale_v * stretch)


@pixel_scalar
def shade_asphalt(view, trim, textures, levels, s, d):
    """(r, g, b, flake, puddle) of bare asphalt or concrete, as in `Base`."""
    rough = view.asphalt_texture
    median = max(trim.half_median, F(0.0))
    mottle = sample(textures, levels.paving, s, d + (median + view.paving_shift))
    grain = sample_nearest(textures, levels.grain, s, d) * levels.grain_share
    # Two wheel paths in every lane, 0.78 m off its centre.
    u = (abs(d) - median) / trim.lane_width
    u -= floor_of(u)
    q = (abs(u - F(0.5)) * trim.lane_width - F(0.78)) * F(1.0 / 0.38)
    track = max(F(1.0) - q * q, F(0.0)) * levels.track_share
    tone = F(1.0) + rough * (F(1.6) * mottle + F(0.44) * grain - F(0.13) * track)
    # Water lies in hollows and fills the pores: a rough surface grows darker.
    puddle = limit(view.wet * (F(0.75) - F(2.2) * mottle)) * view.wet
    tone = max(tone, F(0.15)) * (F(1.0) - F(0.5) * view.wet)
    flake = F(2.0) * grain + F(1.5) * mottle
    return view.asphalt_r * tone, view.asphalt_g * tone, view.asphalt_b * tone, flake, puddle


@pixel_scalar
def shade_verge(view, textures, levels, x, y):
    """(r, g, b, tuft) of the ground beside the road, and its fine texture."""
    x += view.texture_x
    y += view.texture_y
    clump = sample(textures, levels.roadside, x, y)
    tuft = sample_nearest(textures, levels.tuft, x, y) * levels.tuft_share
    rough = view.verge_texture
    tone = F(1.0) + rough * (F(1.4) * clump + F(0.8) * tuft)
    # Grass is lush where dark, dry where bright; a wet verge is darker.
    dry = limit(F(0.5) + F(1.6) * clump) * view.verge_dry
    tone = max(tone, F(0.2)) * (F(1.0) - F(0.35) * view.wet)
    return (
        view.verge_r * tone * (F(1.0) + F(0.39) * dry),
        view.verge_g * tone * (F(1.0) + F(0.06) * dry),
        view.verge_b * tone * (F(1.0) + F(0.105) * dry),
        tuft,
    )


@pixel_scalar
def _lay_kerb(place, lens, beyond, kerb, red, green, blue):
    """(r, g, b, share of kerb stone) with a kerb and a footway laid over the verge, ``beyond`` [m] past the edge."""
    stone = cover(lens, beyond, F(0.0), F(KERB_WIDTH)) * kerb
    way = cover(lens, beyond, F(KERB_WIDTH), F(KERB_WIDTH + PAVEMENT_WIDTH)) * kerb
    joint = F(1.0) - F(0.35) * repeated_cover(place.s, footprint_along(place), F(0.03), F(1.0))
    slab = F(0.34) * (F(1.0) - F(0.2) * repeated_cover(beyond, F(1.5) * lens.reach, F(0.03), F(0.5))) * joint
    red += (slab * F(1.02) - red) * way
    green += (slab - green) * way
    blue += (slab * F(0.96) - blue) * way
    # The face towards the road lies in shadow.
    face = cover(lens, beyond, F(0.0), F(0.1))
    light = F(0.52) * joint - F(0.26) * face / max(stone, F(1e-3))
    red += (light - red) * stone
    green += (light - green) * stone
    blue += (light * F(0.97) - blue) * stone
    return red, green, blue, stone


@pixel_scalar
def ground_base(view, trim, textures, levels, x, y, place, kerbs):
    """The `Base` of the ground at (x, y) [m] from the camera; ``kerbs`` is whether the road has any."""
    lens = lens_of(place.column_d, place.row_d)
    left, right = place.paved_left - place.d, place.paved_right + place.d
    beyond = -min(left, right)
    median = abs(place.d) - trim.half_median
    paved = min(beyond_share(lens, -beyond), beyond_share(lens, median))
    kerb = trim.kerb_left if left < right else trim.kerb_right
    red, green, blue, tuft = shade_verge(view, textures, levels, x, y)
    # The road's foot of gravel.
    gravel = min(max(F(1.1) - F(1.6) * abs(beyond), F(0.0)), F(0.85)) * (F(1.0) - kerb)
    stone = F(0.27) * (F(1.0) + F(1.6) * view.verge_texture * tuft) * (F(1.0) - F(0.35) * view.wet)
    red += (stone - red) * gravel
    green += (stone * F(0.92) - green) * gravel
    blue += (stone * F(0.8) - blue) * gravel
    kind = F(SEMANTIC_VERGE)
    if kerbs:
        red, green, blue, curb = _lay_kerb(place, lens, beyond, kerb, red, green, blue)
        kind = F(SEMANTIC_KERB) if curb > F(0.5) else kind
    r, g, b, flake, puddle = shade_asphalt(view, trim, textures, levels, place.s, place.d)
    red += (r - red) * paved
    green += (g - green) * paved
    blue += (b - blue) * paved
    kind = F(SEMANTIC_ROAD) if paved > F(0.5) else kind
    return Base(red, green, blue, flake, puddle * paved, paved, kind)
