"""A CPU's way through a picture: row by row, eight pixels at a time.

Each function here is a loop over the pixels of a span around the scalar functions that CUDA calls for one pixel.
Spans are drawn whole, to beyond the picture's right edge if need be: rows have memory to spare.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera_field import HORIZON, KNOT_DISTANCE, between, course_of, place_of
from drive_sim.sensors.camera_ground import (
    Base,
    footprint_along,
    ground_base,
    has_kerbs,
    has_rails,
    is_yellow,
    lens_of,
    line_cover,
    paint,
    row_levels,
    shade_asphalt,
    shade_verge,
)
from drive_sim.sensors.camera_light import arriving, light_ground, mirror_sky, ray
from drive_sim.sensors.camera_model import KINDS, SEMANTIC_ROAD, SEMANTIC_SKY, SEMANTIC_VERGE
from drive_sim.sensors.camera_pixels import grey_level, lay_rails, single_ground, single_sky, sky_pixel
from drive_sim.sensors.camera_rows import (
    BLUE,
    COLUMN_D,
    FLAKE,
    FOOT_S,
    GREEN,
    KIND,
    NEAR,
    PAVED,
    PUDDLE,
    RED,
    ROW_D,
    SHARE,
    SPAN_KIND,
    YELLOW,
    D,
    S,
    fetch,
    read,
    write,
    write_pixel,
)
from drive_sim.sensors.camera_sky import LAND_TOP, shade_sky
from drive_sim.sensors.camera_spans import (
    APART_SPAN,
    ASPHALT_SPAN,
    BATCH,
    KNOT_BATCH,
    MARKED_SPAN,
    MIXED_SPAN,
    SKY_SPAN,
    VERGE_SPAN,
    knot_at,
    padded,
    place_knots,
    reach_of,
    sort_spans,
    spans_of,
    touches,
)
from drive_sim.sensors.camera_textures import NOISE_SIZE, NOISE_UNIT
from drive_sim.sensors.camera_view import frame_scalar, pixel_scalar

F, INT = np.float32, np.int32
STEP = F(1.0 / KNOT_DISTANCE)


@pixel_scalar
def _draw_sky(view, textures, clouds, rows, slot, row, low, high):
    """Spans ``low`` to ``high`` - 1: nothing but sky, and the land at the horizon."""
    least = F(1.0)
    for end in range(2):
        x, y, z = ray(view, F(INT((high if end else low) * KNOT_DISTANCE)), F(row))
        least = min(least, z / math.sqrt(x * x + y * y))
    if least < F(LAND_TOP) + view.pixel:
        for span in range(low, high):
            for k in range(KNOT_DISTANCE):
                column = span * KNOT_DISTANCE + k
                red, green, blue = sky_pixel(view, textures, clouds, F(INT(column)), F(row))
                write_pixel(rows, slot, column, red, green, blue, F(0.0), F(SEMANTIC_SKY))
    else:
        for span in range(low, high):
            for k in range(KNOT_DISTANCE):
                column = span * KNOT_DISTANCE + k
                x, y, z = ray(view, F(INT(column)), F(row))
                red, green, blue = shade_sky(view, textures, clouds, x, y, z)
                write_pixel(rows, slot, column, red, green, blue, F(0.0), F(SEMANTIC_SKY))


@pixel_scalar
def _draw_verge(view, textures, levels, rows, slot, row, low, high):
    """Spans with nothing but verge."""
    for span in range(low, high):
        for k in range(KNOT_DISTANCE):
            column = span * KNOT_DISTANCE + k
            x, y, z = ray(view, F(INT(column)), F(row))
            near = -z / view.height
            red, green, blue, _ = shade_verge(view, textures, levels, x / near, y / near)
            red, green, blue = light_ground(view, x, y, z, red, green, blue)
            red, green, blue = arriving(view, x, y, z, red, green, blue)
            write_pixel(rows, slot, column, red, green, blue, near, F(SEMANTIC_VERGE))


@pixel_scalar
def _draw_asphalt(view, trim, textures, levels, rows, slot, row, low, high, wet):
    """Spans with nothing but asphalt; ``wet`` is a constant."""
    for span in range(low, high):
        a, b = knot_at(rows, slot, span, False), knot_at(rows, slot, span + 1, False)
        for k in range(KNOT_DISTANCE):
            column = span * KNOT_DISTANCE + k
            place = between(a, b, F(KNOT_DISTANCE), F(INT(k)) * STEP)
            x, y, z = ray(view, F(INT(column)), F(row))
            red, green, blue, _, puddle = shade_asphalt(view, trim, textures, levels, place.s, place.d)
            red, green, blue = light_ground(view, x, y, z, red, green, blue)
            if wet:
                red, green, blue = mirror_sky(view, x, y, z, puddle, red, green, blue)
            red, green, blue = arriving(view, x, y, z, red, green, blue)
            write_pixel(rows, slot, column, red, green, blue, -z / view.height, F(SEMANTIC_ROAD))


@pixel_scalar
def _draw_base(view, trim, textures, levels, rows, slot, row, low, high, edges, kerbs):
    """The ground before markings: reflectances, and what painting needs to know.

    Constants: ``edges``, whether there is anything but asphalt, and ``kerbs``.
    """
    for span in range(low, high):
        a, b = knot_at(rows, slot, span, False), knot_at(rows, slot, span + 1, False)
        for k in range(KNOT_DISTANCE):
            column = span * KNOT_DISTANCE + k
            place = between(a, b, F(KNOT_DISTANCE), F(INT(k)) * STEP)
            x, y, z = ray(view, F(INT(column)), F(row))
            near = -z / view.height
            if edges:
                base = ground_base(view, trim, textures, levels, x / near, y / near, place, kerbs)
            else:
                red, green, blue, flake, puddle = shade_asphalt(view, trim, textures, levels, place.s, place.d)
                base = Base(red, green, blue, flake, puddle, F(1.0), F(SEMANTIC_ROAD))
            write_pixel(rows, slot, column, base.red, base.green, base.blue, near, base.kind)
            write(rows, slot, FLAKE, column, base.flake)
            write(rows, slot, PUDDLE, column, base.puddle)
            write(rows, slot, PAVED, column, base.paved)
            write(rows, slot, S, column, place.s)
            write(rows, slot, D, column, place.d)
            write(rows, slot, FOOT_S, column, footprint_along(place))
            write(rows, slot, COLUMN_D, column, place.column_d)
            write(rows, slot, ROW_D, column, place.row_d)
            write(rows, slot, SHARE, column, F(0.0))
            write(rows, slot, YELLOW, column, F(0.0))


@pixel_scalar
def _draw_lines(roads, road, rows, slot, low, high):
    """How much of each pixel of the spans the road's markings cover."""
    for number in range(roads.boundary_count[road]):
        offset, width = F(roads.boundary_offset[road, number]), F(roads.boundary_width[road, number])
        style, yellow = roads.boundary_style[road, number], is_yellow(roads, road, number)
        least, most = reach_of(roads, road, number)
        for span in range(low, high):
            if touches(rows, slot, span, least, most):
                for k in range(KNOT_DISTANCE):
                    column = span * KNOT_DISTANCE + k
                    lens = lens_of(read(rows, slot, COLUMN_D, column), read(rows, slot, ROW_D, column))
                    d, s, footprint = (
                        read(rows, slot, D, column),
                        read(rows, slot, S, column),
                        read(rows, slot, FOOT_S, column),
                    )
                    share = line_cover(lens, d, s, footprint, offset, width, style)
                    write(rows, slot, SHARE, column, read(rows, slot, SHARE, column) + share)
                    write(rows, slot, YELLOW, column, read(rows, slot, YELLOW, column) + share * yellow)


@pixel_scalar
def _light_spans(view, rows, slot, row, low, high, wet):
    """Paint, light and fog over the spans' reflectances; ``wet`` is a constant."""
    for span in range(low, high):
        for k in range(KNOT_DISTANCE):
            column = span * KNOT_DISTANCE + k
            x, y, z = ray(view, F(INT(column)), F(row))
            base = Base(
                read(rows, slot, RED, column),
                read(rows, slot, GREEN, column),
                read(rows, slot, BLUE, column),
                read(rows, slot, FLAKE, column),
                read(rows, slot, PUDDLE, column),
                read(rows, slot, PAVED, column),
                read(rows, slot, KIND, column),
            )
            base = paint(view, base, read(rows, slot, SHARE, column), read(rows, slot, YELLOW, column))
            red, green, blue = light_ground(view, x, y, z, base.red, base.green, base.blue)
            if wet:
                red, green, blue = mirror_sky(view, x, y, z, base.puddle, red, green, blue)
            red, green, blue = arriving(view, x, y, z, red, green, blue)
            write_pixel(rows, slot, column, red, green, blue, -z / view.height, base.kind)


@pixel_scalar
def _draw_rails(view, trim, rows, slot, row, low, high):
    """Guard rails over the spans' radiances."""
    for span in range(low, high):
        a, b = knot_at(rows, slot, span, True), knot_at(rows, slot, span + 1, True)
        for k in range(KNOT_DISTANCE):
            column = span * KNOT_DISTANCE + k
            place = between(a, b, F(KNOT_DISTANCE), F(INT(k)) * STEP)
            x, y, z = ray(view, F(INT(column)), F(row))
            red, green, blue, near, kind = lay_rails(
                view, trim, place, x, y, z, read(rows, slot, RED, column), read(rows, slot, GREEN, column),
                read(rows, slot, BLUE, column), read(rows, slot, NEAR, column), read(rows, slot, KIND, column),
            )  # fmt: skip
            write_pixel(rows, slot, column, red, green, blue, near, kind)


@frame_scalar
def _find_places(view, roads, course, trim, scratch, slot, row, first, step, count, place):
    """`place_knots` of a road with guard rails or one without."""
    if has_rails(trim):
        place_knots(view, roads, course, scratch, slot, row, first, step, count, place, True)
    else:
        place_knots(view, roads, course, scratch, slot, row, first, step, count, place, False)


@frame_scalar
def _draw_apart(view, roads, road, course, trim, textures, levels, clouds, scratch, slot, row, low, high, spare):
    """Spans between knots that may not be joined: each pixel is a knot of its own, kept from ``spare`` on."""
    rows = scratch.rows
    for span in range(low, high):
        first = span * KNOT_DISTANCE
        _find_places(view, roads, course, trim, scratch, slot, row, first, 1, KNOT_DISTANCE, spare)
        for k in range(KNOT_DISTANCE):
            column = first + k
            knot = knot_at(rows, slot, spare + k, True)
            if knot.element == F(-2.0):
                red, green, blue = single_sky(view, textures, clouds, F(column), F(row))
                near, kind = F(0.0), F(SEMANTIC_SKY)
            else:
                place = place_of(view, knot, F(column), F(row))
                red, green, blue, near, kind = single_ground(
                    view, roads, road, trim, textures, levels, F(column), F(row), place
                )
            write_pixel(rows, slot, column, red, green, blue, near, kind)


@frame_scalar
def draw_background(view, roads, road, trim, textures, clouds, scratch, slot, row, columns):
    """One row of ground and sky: neighbouring spans of a kind are drawn together."""
    rows = scratch.rows
    levels, course = row_levels(view, textures, F(row)), course_of(roads, road)
    rails, wet = has_rails(trim), view.wet > F(0.0)
    spans = spans_of(columns)
    knots, sorted_spans = padded(spans + 1, KNOT_BATCH), padded(spans, BATCH)
    spare = sorted_spans + KNOT_BATCH
    _, _, left_z = ray(view, F(0.0), F(row))
    _, _, right_z = ray(view, F(INT(columns)), F(row))
    if min(left_z, right_z) > F(HORIZON):
        for n in range(spans):
            write(rows, slot, SPAN_KIND, n, F(SKY_SPAN))
    else:
        _find_places(view, roads, course, trim, scratch, slot, row, 0, KNOT_DISTANCE, knots, 0)
        if rails:
            sort_spans(trim, course, roads, road, rows, slot, sorted_spans, True)
        else:
            sort_spans(trim, course, roads, road, rows, slot, sorted_spans, False)
    low = 0
    while low < spans:
        kind, high = read(rows, slot, SPAN_KIND, low), low + 1
        while high < spans and read(rows, slot, SPAN_KIND, high) == kind:
            high += 1
        if kind == F(SKY_SPAN):
            _draw_sky(view, textures, clouds, rows, slot, row, low, high)
        elif kind == F(VERGE_SPAN):
            _draw_verge(view, textures, levels, rows, slot, row, low, high)
        elif kind == F(APART_SPAN):
            _draw_apart(view, roads, road, course, trim, textures, levels, clouds, scratch, slot, row, low, high, spare)
        elif kind == F(ASPHALT_SPAN) and wet:
            _draw_asphalt(view, trim, textures, levels, rows, slot, row, low, high, True)
        elif kind == F(ASPHALT_SPAN):
            _draw_asphalt(view, trim, textures, levels, rows, slot, row, low, high, False)
        else:
            if kind == F(MARKED_SPAN):
                _draw_base(view, trim, textures, levels, rows, slot, row, low, high, False, False)
            elif has_kerbs(trim):
                _draw_base(view, trim, textures, levels, rows, slot, row, low, high, True, True)
            else:
                _draw_base(view, trim, textures, levels, rows, slot, row, low, high, True, False)
            _draw_lines(roads, road, rows, slot, low, high)
            if wet:
                _light_spans(view, rows, slot, row, low, high, True)
            else:
                _light_spans(view, rows, slot, row, low, high, False)
            if rails and kind == F(MIXED_SPAN):
                _draw_rails(view, trim, rows, slot, row, low, high)
        low = high


@frame_scalar
def expose_row(view, textures, start, scratch, slot, rgb, i, c, row, columns):
    """Grey levels of one row; ``rgb`` is (B, C, H, 3 W)."""
    rows, noise = scratch.rows, textures.noise
    exposure, sigma = view.exposure, view.noise * F(1.0 / NOISE_UNIT)
    for column in range(columns):
        a = INT(INT(start + column) & INT(NOISE_SIZE - 1))
        red = grey_level(read(rows, slot, RED, column), exposure, F(fetch(noise, a)) * sigma)
        green = grey_level(read(rows, slot, GREEN, column), exposure, F(fetch(noise, a + NOISE_SIZE)) * sigma)
        blue = grey_level(read(rows, slot, BLUE, column), exposure, F(fetch(noise, a + 2 * NOISE_SIZE)) * sigma)
        rgb[i, c, row, 3 * column] = np.uint8(red)
        rgb[i, c, row, 3 * column + 1] = np.uint8(green)
        rgb[i, c, row, 3 * column + 2] = np.uint8(blue)


@frame_scalar
def copy_truth(scratch, slot, frames, layers, i, c, row, columns, sky_depth):
    """Class, depth and instance of one row; ``frames`` and ``layers`` are those of `camera.LAYERS`."""
    rows = scratch.rows
    _, semantic, depth, instance = frames
    _, with_semantic, with_depth, with_instance = layers
    if with_semantic:
        for column in range(columns):
            semantic[i, c, row, column] = np.uint8(INT(read(rows, slot, KIND, column)) & INT(KINDS - 1))
    if with_depth:
        for column in range(columns):
            near = read(rows, slot, NEAR, column)
            depth[i, c, row, column] = F(1.0) / near if near > F(0.0) else sky_depth
    if with_instance:
        for column in range(columns):
            instance[i, c, row, column] = np.uint8(INT(read(rows, slot, KIND, column) * F(1.0 / KINDS)))
