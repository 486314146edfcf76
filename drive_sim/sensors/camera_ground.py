"""What the ground looks like: asphalt, markings, kerbs, guard rails, verge; dry or wet, by day or in the headlights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera_field import RAIL_BOTTOM, RAIL_TOP, rail_offset
from drive_sim.sensors.camera_model import (
    SEMANTIC_KERB,
    SEMANTIC_MARKING,
    SEMANTIC_RAIL,
    SEMANTIC_ROAD,
    SEMANTIC_VERGE,
)
from drive_sim.sensors.camera_textures import (
    ASPHALT,
    ASPHALT_TEXEL,
    GRAIN,
    GRAIN_TEXEL,
    VERGE,
    VERGE_TEXEL,
    Level,
    choose_level,
    sample,
    sample_nearest,
)
from drive_sim.sensors.camera_view import pixel_scalar
from drive_sim.world.road import (
    COLOUR_YELLOW,
    DASH_LENGTH,
    DASH_PERIOD,
    EDGE_KERB,
    EDGE_RAIL,
    STYLE_DASHED,
    STYLE_DOUBLE,
    STYLE_NONE,
)

F = np.float32
PAINT = 0.8
"""Reflectance of fresh white paint."""
KERB_WIDTH, PAVEMENT_WIDTH = 0.28, 2.2
"""Kerb stone, and the footway behind it [m]."""
GRAVEL_WIDTH = 1.2
"""How far the road's foot reaches into the verge [m]."""
RAIL_POST_DISTANCE = 4.0
SPAN_MIXED, SPAN_VERGE, SPAN_ASPHALT = range(3)


class Levels(NamedTuple):
    """Texture levels of one row."""

    asphalt: Level
    grain: Level
    verge: Level
    tuft: Level
    grain_share: Any  # 0..1: how much of the fine grain is left at this distance
    tuft_share: Any
    track_share: Any  # of wheel tracks


@pixel_scalar
def row_levels(view, textures, row):
    """Levels for the ground seen in ``row``, by the footprint of its middle pixel."""
    b = (view.centre_row - row) * view.pixel
    fall = max(-(view.forward_z + b * view.up_z), F(1e-3))
    depth = view.height / fall
    wide = depth * view.pixel
    # A pixel is longer than wide by the grazing angle.
    long = min(wide * depth / view.height, F(200.0))
    along = math.sqrt(long * long * view.along * view.along + wide * wide * view.across * view.across)
    across = math.sqrt(long * long * view.across * view.across + wide * wide * view.along * view.along)
    # The verge's texture lies in the world's axes.
    north, east = abs(view.forward_x), abs(view.forward_y)
    world_x = F(0.6) * long * north + wide * east
    world_y = F(0.6) * long * east + wide * north
    return Levels(
        choose_level(textures, ASPHALT, ASPHALT_TEXEL, along, across),
        choose_level(textures, GRAIN, GRAIN_TEXEL, along, across),
        choose_level(textures, VERGE, VERGE_TEXEL, world_x, world_y),
        choose_level(textures, GRAIN, GRAIN_TEXEL, world_x, world_y),
        min(max(F(1.5) - along * across * F(9.0), F(0.0)), F(1.0)),
        min(max(F(1.5) - world_x * world_y * F(2.0), F(0.0)), F(1.0)),
        min(max(F(1.2) - across * F(1.5), F(0.0)), F(1.0)),
    )


class Lens(NamedTuple):
    """How a pixel smears what lies across the road: a trapezoid, its column's footprint convolved with its row's.

    So the paint that one pixel loses its neighbours gain, wherever a line lies between them.
    """

    reach: Any  # half the sum of both footprints [m]
    flat: Any  # half their difference
    slope: Any  # 1 / the larger
    bend: Any  # 1 / (2 x both)


@pixel_scalar
def lens_of(place):
    """The `Lens` of a pixel."""
    a, b = abs(place.column_d), abs(place.row_d)
    wide = max(max(a, b), F(1e-5))
    narrow = max(min(a, b), F(0.02) * wide)
    return Lens(F(0.5) * (wide + narrow), F(0.5) * (wide - narrow), F(1.0) / wide, F(0.5) / (wide * narrow))


@pixel_scalar
def beyond_share(lens, x):
    """Share of a pixel on the positive side of an edge, whose middle lies ``x`` [m] on that side."""
    u = abs(x)
    rest = max(lens.reach - u, F(0.0))
    share = F(0.5) + u * lens.slope if u < lens.flat else F(1.0) - rest * rest * lens.bend
    return share if x >= F(0.0) else F(1.0) - share


@pixel_scalar
def cover(lens, x, low, high):
    """Share of a pixel around ``x`` that lies in [low, high] [m]."""
    return beyond_share(lens, x - low) - beyond_share(lens, x - high)


@pixel_scalar
def footprint_along(place):
    """Length of a pixel along the road [m]."""
    return math.sqrt(place.column_s * place.column_s + place.row_s * place.row_s)


@pixel_scalar
def repeated_cover(x, footprint, length, period):
    """Share of a footprint around ``x`` that stretches of ``length`` cover which begin at every ``period``."""
    low, high = (x - F(0.5) * footprint) / period, (x + F(0.5) * footprint) / period
    a, b = F(math.floor(float(low))), F(math.floor(float(high)))
    painted = (b - a) * length + min((high - b) * period, length) - min((low - a) * period, length)
    return max(painted, F(0.0)) / footprint


@pixel_scalar
def marking_cover(roads, road, place, lens, first, last):
    """(share of the pixel under paint, share of that which is yellow), of boundaries ``first`` to ``last`` - 1."""
    total, yellow = F(0.0), F(0.0)
    for k in range(first, last):
        x, width = place.d - F(roads.boundary_offset[road, k]), F(roads.boundary_width[road, k])
        style = roads.boundary_style[road, k]
        half = width * F(1.5) if style == STYLE_DOUBLE else width * F(0.5)
        if abs(x) > half + lens.reach or style == STYLE_NONE:
            continue
        share = cover(lens, x, -half, half)
        if style == STYLE_DOUBLE:
            share -= cover(lens, x, F(-0.5) * width, F(0.5) * width)
        if style == STYLE_DASHED:
            share *= repeated_cover(place.s, footprint_along(place), F(DASH_LENGTH), F(DASH_PERIOD))
        total += share
        if roads.boundary_colour[road, k] == COLOUR_YELLOW:
            yellow += share
    return min(total, F(1.0)), yellow / max(total, F(1e-6))


@pixel_scalar
def wheel_tracks(roads, road, d):
    """How much a wheel path passes at ``d``: 1 in its middle, 0 between; two in every lane, 0.78 m off its centre."""
    width = F(roads.lane_width[road])
    u = (abs(d) - F(0.5) * F(roads.median[road])) / width
    u -= F(math.floor(float(u)))
    q = (abs(u - F(0.5)) * width - F(0.78)) * F(1.0 / 0.38)
    return max(F(1.0) - q * q, F(0.0))


@pixel_scalar
def shade_asphalt(view, roads, road, textures, levels, s, d):
    """(r, g, b, mottle, grain, puddle) of bare asphalt: reflectance, texture, and how wet the spot is, 0..1."""
    rough = view.asphalt_texture
    mottle = sample(textures, levels.asphalt, s, d)
    grain = F(0.0)
    if levels.grain_share > F(0.0):
        grain = sample_nearest(textures, levels.grain, s, d) * levels.grain_share
    tone = F(1.0) + rough * (F(1.6) * mottle + F(0.44) * grain)
    if levels.track_share > F(0.0):
        tone -= F(0.13) * rough * wheel_tracks(roads, road, d) * levels.track_share
    tone = max(tone, F(0.15))
    puddle = F(0.0)
    if view.wet > F(0.0):
        # Water lies in hollows and fills the pores: a rough surface grows darker.
        puddle = min(max(view.wet * (F(0.75) - F(2.2) * mottle), F(0.0)), F(1.0)) * view.wet
        tone *= F(1.0) - F(0.5) * view.wet
    return view.asphalt_r * tone, view.asphalt_g * tone, view.asphalt_b * tone, mottle, grain, puddle


@pixel_scalar
def paint_share(view, share, mottle, grain):
    """What wear leaves of a marking: paint flakes off the grain's peaks first."""
    if view.wear > F(0.0):
        share *= min(max(F(1.0) - view.wear * (F(0.85) + F(2.0) * grain + F(1.5) * mottle), F(0.04)), F(1.0))
    return share


@pixel_scalar
def shade_verge(view, textures, levels, x, y, gravel):
    """Reflectance of the ground beside the road; ``gravel`` 0..1 is how much the road's foot shows."""
    x += view.texture_x
    y += view.texture_y
    clump = sample(textures, levels.verge, x, y)
    tuft = F(0.0)
    if levels.tuft_share > F(0.0):
        tuft = sample_nearest(textures, levels.tuft, x, y) * levels.tuft_share
    rough = view.verge_texture
    tone = F(1.0) + rough * (F(1.4) * clump + F(0.8) * tuft)
    # Lush where dark, dry where bright; a wet verge is darker.
    dry = min(max(F(0.5) + F(1.6) * clump, F(0.0)), F(1.0)) * rough
    tone = max(tone, F(0.2)) * (F(1.0) - F(0.35) * view.wet)
    red = view.verge_r * tone * (F(0.9) + F(0.35) * dry)
    green = view.verge_g * tone * (F(1.0) + F(0.06) * dry)
    blue = view.verge_b * tone * (F(0.95) + F(0.1) * dry)
    if gravel > F(0.0):
        stone = F(0.27) * (F(1.0) + F(1.6) * rough * tuft) * (F(1.0) - F(0.35) * view.wet)
        red += (stone - red) * gravel
        green += (stone * F(0.92) - green) * gravel
        blue += (stone * F(0.8) - blue) * gravel
    return red, green, blue


@pixel_scalar
def shade_kerb(place, lens, beyond, red, green, blue):
    """(r, g, b, share of kerb stone) with a kerb and a footway laid over the verge, ``beyond`` [m] past the edge."""
    stone = cover(lens, beyond, F(0.0), F(KERB_WIDTH))
    way = cover(lens, beyond, F(KERB_WIDTH), F(KERB_WIDTH + PAVEMENT_WIDTH))
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
def rail_cover(place, side, paved):
    """(share of the pixel that a guard rail's beam covers, height on it 0..1, share that a post covers).

    ``side`` is +1 left, -1 right. A ray shows the beam if it is still inside the rail where it passes the upper
    edge's height and already outside at the lower edge's, whatever way the road bends.
    """
    rail = rail_offset(paved)
    top, bottom, foot = side * place.top_d, side * place.bottom_d, side * place.d
    blur = F(0.6) * math.sqrt(place.column_d * place.column_d + place.row_d * place.row_d)
    inside = min(max((rail - top) / blur + F(0.5), F(0.0)), F(1.0))
    outside = min(max((bottom - rail) / blur + F(0.5), F(0.0)), F(1.0))
    height = min(max((bottom - rail) / max(bottom - top, F(1e-4)), F(0.0)), F(1.0))
    post = F(0.0)
    if foot > rail and outside < F(1.0):
        t = (rail - bottom) / max(foot - bottom, F(1e-4))
        s = place.bottom_s + (place.s - place.bottom_s) * t
        footprint = F(0.7) * footprint_along(place) * (F(1.0) - t) + F(0.05)
        post = (F(1.0) - outside) * repeated_cover(s, footprint, F(0.14), F(RAIL_POST_DISTANCE))
    return inside * outside, height, min(post, F(1.0))


@pixel_scalar
def _paved_share(roads, road, place, lens):
    """(share of the pixel that is paved, metres past the nearer edge, whether that is the left one)."""
    left, right = place.paved_left - place.d, place.paved_right + place.d
    inside = min(left, right)
    paved = beyond_share(lens, inside)
    if roads.median[road] > 0.5:
        inner = abs(place.d) - F(0.5) * F(roads.median[road])
        paved = min(paved, beyond_share(lens, inner))
    return paved, -inside, left < right


@pixel_scalar
def shade_ground(view, roads, road, textures, levels, x, y, place, first, last):
    """(r, g, b, puddle, class) of the ground at (x, y) [m] from the camera: reflectance, and wetness 0..1.

    Only boundaries ``first`` to ``last`` - 1 of the road can be near.
    """
    lens = lens_of(place)
    paved, beyond, on_left = _paved_share(roads, road, place, lens)
    red, green, blue, puddle = F(0.0), F(0.0), F(0.0), F(0.0)
    kind = SEMANTIC_ROAD
    if paved < F(1.0):
        edge = roads.edge_left[road] if on_left else roads.edge_right[road]
        gravel = F(0.0)
        if beyond < F(GRAVEL_WIDTH) and edge != EDGE_KERB:
            gravel = min(max(F(1.1) - F(1.6) * abs(beyond), F(0.0)), F(0.85))
        red, green, blue = shade_verge(view, textures, levels, x, y, gravel)
        kind = SEMANTIC_VERGE
        if edge == EDGE_KERB and beyond > F(-1.0) and beyond < F(KERB_WIDTH + PAVEMENT_WIDTH + 2.0):
            red, green, blue, stone = shade_kerb(place, lens, beyond, red, green, blue)
            if stone > F(0.5):
                kind = SEMANTIC_KERB
    if paved > F(0.0):
        r, g, b, mottle, grain, puddle = shade_asphalt(view, roads, road, textures, levels, place.s, place.d)
        share, yellow = marking_cover(roads, road, place, lens, first, last)
        if share > F(0.0):
            seen = paint_share(view, share, mottle, grain)
            fresh = F(PAINT) * (F(1.0) - F(0.25) * view.wear)
            r += (fresh - r) * seen
            g += (fresh * (F(1.0) - F(0.3) * yellow) - g) * seen
            b += (fresh * (F(1.0) - F(0.87) * yellow) - b) * seen
            puddle *= F(1.0) - F(0.5) * seen
        red += (r - red) * paved
        green += (g - green) * paved
        blue += (b - blue) * paved
        puddle *= paved
        if paved > F(0.5):
            kind = SEMANTIC_MARKING if share > F(0.5) else SEMANTIC_ROAD
    return red, green, blue, puddle, kind


@pixel_scalar
def light_ground(view, place, red, green, blue, puddle):
    """Radiance of ground with a reflectance: daylight, headlights, and the sky mirrored in what water there is."""
    red *= view.light_r + place.beam
    green *= view.light_g + place.beam * F(0.96)
    blue *= view.light_b + place.beam * F(0.85)
    if puddle > F(0.0):
        gloss = puddle * place.mirror
        t = place.reflected_up
        red += (view.horizon_r + (view.sky_r - view.horizon_r) * t - red) * gloss
        green += (view.horizon_g + (view.sky_g - view.horizon_g) * t - green) * gloss
        blue += (view.horizon_b + (view.sky_b - view.horizon_b) * t - blue) * gloss
    return red, green, blue


@pixel_scalar
def arriving(view, clear, red, green, blue):
    """A radiance as it arrives through air that lets the share ``clear`` of it pass."""
    return (
        view.horizon_r + (red - view.horizon_r) * clear,
        view.horizon_g + (green - view.horizon_g) * clear,
        view.horizon_b + (blue - view.horizon_b) * clear,
    )


@pixel_scalar
def span_kind(view, roads, road, a, b):
    """(what lies between two joinable knots, first and last + 1 of the boundaries that may be there).

    SPAN_VERGE, SPAN_ASPHALT (neither marking nor edge), or SPAN_MIXED.
    """
    count = int(roads.boundary_count[road])
    if a.element < 0:
        return SPAN_VERGE, 0, 0
    p, q = a.place, b.place
    low, high = min(p.d, q.d), max(p.d, q.d)
    margin = (
        F(0.1)
        + F(0.15) * (high - low)
        + F(0.6) * (max(abs(p.column_d), abs(q.column_d)) + max(abs(p.row_d), abs(q.row_d)))
    )
    low, high = low - margin, high + margin
    left, right = max(p.paved_left, q.paved_left), max(p.paved_right, q.paved_right)
    wide = F(GRAVEL_WIDTH)
    if roads.edge_left[road] == EDGE_KERB or roads.edge_right[road] == EDGE_KERB:
        wide = F(KERB_WIDTH + PAVEMENT_WIDTH + 2.0)
    if roads.edge_left[road] == EDGE_RAIL or roads.edge_right[road] == EDGE_RAIL:
        # The beam hides what a ray meets after it; what the ray meets before it has passed the beam is in front.
        top_low, top_high = min(p.top_d, q.top_d) - margin, max(p.top_d, q.top_d) + margin
        if top_low > rail_offset(left) or top_high < -rail_offset(right):
            return SPAN_VERGE, 0, 0
    elif low > left + wide or high < -right - wide:
        return SPAN_VERGE, 0, 0
    first, last = count, 0
    for k in range(count):
        offset, reach = F(roads.boundary_offset[road, k]), F(1.5) * F(roads.boundary_width[road, k])
        if low < offset + reach and high > offset - reach:
            first, last = min(first, k), k + 1
    half = F(0.5) * F(roads.median[road])
    median = half > F(0.25) and low < half and high > -half
    edge = high > min(p.paved_left, q.paved_left) or low < -min(p.paved_right, q.paved_right)
    if first < last or median or edge:
        return SPAN_MIXED, first, last
    return SPAN_ASPHALT, 0, 0


@pixel_scalar
def lay_rail(view, roads, road, place, red, green, blue, kind):
    """(r, g, b, class, share of the ground's depth) with guard rails laid over the roads."""
    share = F(1.0)
    for side in range(2):
        edge = roads.edge_left[road] if side == 0 else roads.edge_right[road]
        sign = F(1.0) if side == 0 else F(-1.0)
        paved = place.paved_left if side == 0 else place.paved_right
        if edge != EDGE_RAIL or sign * place.d < paved:
            continue
        beam, height, post = rail_cover(place, sign, paved)
        if beam + post <= F(0.0):
            continue
        # Two waves of sheet steel: bright where they face the sky.
        wave = (
            F(0.42)
            + F(0.5) * abs(F(2.0) * height - F(1.0)) * (F(1.6) - height * F(0.4))
            - F(0.3) * (height * (F(1.0) - height))
        )
        steel = wave * (F(0.31) * view.light_g + F(0.28) * view.ambient + F(0.5) * place.beam)
        dark = F(0.16) * view.light_g
        red += (dark - red) * post
        green += (dark - green) * post
        blue += (dark - blue) * post
        red += (steel * F(0.97) - red) * beam
        green += (steel - green) * beam
        blue += (steel * F(1.03) - blue) * beam
        if beam + post > F(0.5):
            kind = SEMANTIC_RAIL
            low = RAIL_BOTTOM + height * (RAIL_TOP - RAIL_BOTTOM) if beam > post else 0.3
            share = F(1.0) - F(low) / view.height
    return red, green, blue, kind, share
