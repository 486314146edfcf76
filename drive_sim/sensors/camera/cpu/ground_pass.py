"""Ground and sky of a band on a CPU: one loop for each kind of span, eight pixels at a time.

Each function here is a loop over the pixels of a kind's runs around the scalar functions that CUDA calls for one pixel.
Spans are drawn whole, to beyond the image's right edge if need be: rows have memory to spare.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera.cpu.samples import Knots, knot_at, place_knots
from drive_sim.sensors.camera.cpu.segments import (
    APART_SPAN,
    ASPHALT_SPAN,
    MARKED_SPAN,
    MIXED_SPAN,
    SKY_SPAN,
    VERGE_SPAN,
    clear_at,
    cubics_at,
    run_at,
    touches,
)
from drive_sim.sensors.camera.cpu.texture_levels import levels_at
from drive_sim.sensors.camera.frame_setup import frame_scalar, load_view, pixel_scalar
from drive_sim.sensors.camera.optics.configuration import SEMANTIC_ROAD, SEMANTIC_SKY, SEMANTIC_VERGE
from drive_sim.sensors.camera.pixel import lay_rails, single_ground, single_sky, sky_pixel
from drive_sim.sensors.camera.pixel_blocks import (
    BLUE,
    CLEAR,
    COLUMN_D,
    FLAKE,
    FOOT_S,
    GREEN,
    KIND,
    KNOT_D,
    KNOT_S,
    NEAR,
    PAVED,
    PUDDLE,
    RED,
    ROW_D,
    SHARE,
    YELLOW,
    D,
    S,
    read,
    use_wide_vectors,
    write,
    write_cubic,
    write_pixel,
)
from drive_sim.sensors.camera.shading.ground import ground_base, has_rails, shade_asphalt, shade_verge, trim_of
from drive_sim.sensors.camera.shading.light import arriving, light_ground, mirror_sky, ray
from drive_sim.sensors.camera.shading.markings import Base, footprint_along, is_yellow, lens_of, line_cover, paint
from drive_sim.sensors.camera.shading.road_coordinates import KNOT_DISTANCE, STEP, between, course_of, cubic, place_of
from drive_sim.sensors.camera.shading.sky import LAND_TOP, cloud_level, shade_sky

F, INT = np.float32, np.int32


@frame_scalar
def draw_sky(scratch, slot, textures, band):
    """Spans with nothing but sky, and the land at the horizon."""
    use_wide_vectors()
    rows, view = scratch.rows, load_view(scratch.views, slot)
    clouds = cloud_level(view, textures)
    for number in range(scratch.run_count[slot, SKY_SPAN]):
        line, low, high = run_at(scratch, slot, band, SKY_SPAN, number)
        row, start = F(INT(band.row + line)), line * band.pitch
        least = F(1.0)
        for end in range(2):
            x, y, z = ray(view, F(INT((high if end else low) * KNOT_DISTANCE)), row)
            least = min(least, z / math.sqrt(x * x + y * y))
        if least < F(LAND_TOP) + view.pixel:
            for column in range(low * KNOT_DISTANCE, high * KNOT_DISTANCE):
                red, green, blue = sky_pixel(view, textures, clouds, F(INT(column)), row)
                write_pixel(rows, slot, start + column, red, green, blue, F(0.0), F(SEMANTIC_SKY))
        else:
            for column in range(low * KNOT_DISTANCE, high * KNOT_DISTANCE):
                x, y, z = ray(view, F(INT(column)), row)
                red, green, blue = shade_sky(view, textures, clouds, x, y, z)
                write_pixel(rows, slot, start + column, red, green, blue, F(0.0), F(SEMANTIC_SKY))


@frame_scalar
def draw_verge(scratch, slot, textures, band):
    """Spans with nothing but verge."""
    use_wide_vectors()
    rows, view = scratch.rows, load_view(scratch.views, slot)
    for number in range(scratch.run_count[slot, VERGE_SPAN]):
        line, low, high = run_at(scratch, slot, band, VERGE_SPAN, number)
        row, start, levels = F(INT(band.row + line)), line * band.pitch, levels_at(scratch, slot, line)
        for span in range(low, high):
            clear, change = clear_at(rows, slot, line * band.knots + span)
            write_cubic(rows, slot, CLEAR, start + span * KNOT_DISTANCE, clear, change)
        for column in range(low * KNOT_DISTANCE, high * KNOT_DISTANCE):
            n = start + column
            x, y, z = ray(view, F(INT(column)), row)
            near = -z / view.height
            red, green, blue, _ = shade_verge(view, textures, levels, x / near, y / near)
            red, green, blue = light_ground(view, x, y, z, red, green, blue)
            red, green, blue = arriving(view, read(rows, slot, CLEAR, n), red, green, blue)
            write_pixel(rows, slot, n, red, green, blue, near, F(SEMANTIC_VERGE))


@pixel_scalar
def _store_places(rows, slot, band, line, low, high):
    """Where the pixels of spans of a line lie on the road, and how clear the air is."""
    for span in range(low, high):
        n = line * band.knots + span
        s, d = read(rows, slot, KNOT_S, n), read(rows, slot, KNOT_D, n)
        (along_s, along_d), (clear, change) = cubics_at(rows, slot, n), clear_at(rows, slot, n)
        start = line * band.pitch + span * KNOT_DISTANCE
        write_cubic(rows, slot, S, start, s, along_s)
        write_cubic(rows, slot, D, start, d, along_d)
        write_cubic(rows, slot, CLEAR, start, clear, change)


@frame_scalar
def draw_asphalt(scratch, slot, roads, road, textures, band, wet):
    """Spans with nothing but asphalt; ``wet`` is a constant."""
    use_wide_vectors()
    rows, view, trim = scratch.rows, load_view(scratch.views, slot), trim_of(roads, road)
    for number in range(scratch.run_count[slot, ASPHALT_SPAN]):
        line, low, high = run_at(scratch, slot, band, ASPHALT_SPAN, number)
        row, start, levels = F(INT(band.row + line)), line * band.pitch, levels_at(scratch, slot, line)
        _store_places(rows, slot, band, line, low, high)
        for column in range(low * KNOT_DISTANCE, high * KNOT_DISTANCE):
            n = start + column
            x, y, z = ray(view, F(INT(column)), row)
            s, d = read(rows, slot, S, n), read(rows, slot, D, n)
            red, green, blue, _, puddle = shade_asphalt(view, trim, textures, levels, s, d)
            red, green, blue = light_ground(view, x, y, z, red, green, blue)
            if wet:
                red, green, blue = mirror_sky(view, x, y, z, puddle, red, green, blue)
            red, green, blue = arriving(view, read(rows, slot, CLEAR, n), red, green, blue)
            write_pixel(rows, slot, n, red, green, blue, -z / view.height, F(SEMANTIC_ROAD))


@frame_scalar
def draw_base(scratch, slot, roads, road, textures, band, kind, edges, kerbs):
    """The ground of a kind's spans before markings: reflectances, and what painting needs to know.

    Constants: ``edges``, whether there is anything but asphalt, and ``kerbs``.
    """
    rows, view, trim = scratch.rows, load_view(scratch.views, slot), trim_of(roads, road)
    for number in range(scratch.run_count[slot, kind]):
        line, low, high = run_at(scratch, slot, band, kind, number)
        row, start, levels = F(INT(band.row + line)), line * band.pitch, levels_at(scratch, slot, line)
        for span in range(low, high):
            n = line * band.knots + span
            a, b = knot_at(rows, slot, n, False), knot_at(rows, slot, n + 1, False)
            along_s, along_d = cubics_at(rows, slot, n)
            for k in range(KNOT_DISTANCE):
                column = span * KNOT_DISTANCE + k
                place = between(a, b, along_s, along_d, F(INT(k)) * STEP)
                x, y, z = ray(view, F(INT(column)), row)
                near = -z / view.height
                if edges:
                    base = ground_base(view, trim, textures, levels, x / near, y / near, place, kerbs)
                else:
                    red, green, blue, flake, puddle = shade_asphalt(view, trim, textures, levels, place.s, place.d)
                    base = Base(red, green, blue, flake, puddle, F(1.0), F(SEMANTIC_ROAD))
                _keep_base(rows, slot, start + column, base, place, near)


@pixel_scalar
def _keep_base(rows, slot, n, base, place, near):
    """Write down a pixel's `Base`, and where it lies."""
    write_pixel(rows, slot, n, base.red, base.green, base.blue, near, base.kind)
    write(rows, slot, FLAKE, n, base.flake)
    write(rows, slot, PUDDLE, n, base.puddle)
    write(rows, slot, PAVED, n, base.paved)
    write(rows, slot, S, n, place.s)
    write(rows, slot, D, n, place.d)
    write(rows, slot, FOOT_S, n, footprint_along(place))
    write(rows, slot, COLUMN_D, n, place.column_d)
    write(rows, slot, ROW_D, n, place.row_d)
    write(rows, slot, SHARE, n, F(0.0))
    write(rows, slot, YELLOW, n, F(0.0))


@pixel_scalar
def _list_touched(scratch, slot, band, kind, count, marking):
    """Append the spans of a kind that may touch marking number ``marking``; the new count."""
    for number in range(scratch.run_count[slot, kind]):
        line, first, end = run_at(scratch, slot, band, kind, number)
        for span in range(first, end):
            # Written in any case: nobody can guess which spans these are.
            scratch.touched[slot, count] = line * band.pitch + span * KNOT_DISTANCE
            count += touches(scratch.rows, slot, line * band.knots + span, marking)
    return count


@frame_scalar
def draw_lines(scratch, slot, roads, road, band):
    """How much of each pixel of the spans the road's markings cover."""
    rows = scratch.rows
    for number in range(roads.boundary_count[road]):
        offset, width = F(roads.boundary_offset[road, number]), F(roads.boundary_width[road, number])
        style, yellow = roads.boundary_style[road, number], is_yellow(roads, road, number)
        count = _list_touched(scratch, slot, band, MARKED_SPAN, 0, number)
        count = _list_touched(scratch, slot, band, MIXED_SPAN, count, number)
        for entry in range(count):
            start = scratch.touched[slot, entry]
            for k in range(KNOT_DISTANCE):
                n = start + k
                lens = lens_of(read(rows, slot, COLUMN_D, n), read(rows, slot, ROW_D, n))
                d, s, footprint = read(rows, slot, D, n), read(rows, slot, S, n), read(rows, slot, FOOT_S, n)
                share = line_cover(lens, d, s, footprint, offset, width, style)
                write(rows, slot, SHARE, n, read(rows, slot, SHARE, n) + share)
                write(rows, slot, YELLOW, n, read(rows, slot, YELLOW, n) + share * yellow)


@frame_scalar
def light_spans(scratch, slot, band, kind, wet):
    """Paint, light and fog over the reflectances of a kind's spans; ``wet`` is a constant."""
    rows, view = scratch.rows, load_view(scratch.views, slot)
    for number in range(scratch.run_count[slot, kind]):
        line, low, high = run_at(scratch, slot, band, kind, number)
        row, start = F(INT(band.row + line)), line * band.pitch
        for span in range(low, high):
            clear, change = clear_at(rows, slot, line * band.knots + span)
            for k in range(KNOT_DISTANCE):
                column = span * KNOT_DISTANCE + k
                n = start + column
                x, y, z = ray(view, F(INT(column)), row)
                base = Base(
                    read(rows, slot, RED, n),
                    read(rows, slot, GREEN, n),
                    read(rows, slot, BLUE, n),
                    read(rows, slot, FLAKE, n),
                    read(rows, slot, PUDDLE, n),
                    read(rows, slot, PAVED, n),
                    read(rows, slot, KIND, n),
                )
                base = paint(view, base, read(rows, slot, SHARE, n), read(rows, slot, YELLOW, n))
                red, green, blue = light_ground(view, x, y, z, base.red, base.green, base.blue)
                if wet:
                    red, green, blue = mirror_sky(view, x, y, z, base.puddle, red, green, blue)
                red, green, blue = arriving(view, cubic(clear, change, F(INT(k)) * STEP), red, green, blue)
                write_pixel(rows, slot, n, red, green, blue, -z / view.height, base.kind)


@frame_scalar
def draw_rails(scratch, slot, roads, road, band):
    """Guard rails over the radiances of spans with anything on the ground."""
    rows, view, trim = scratch.rows, load_view(scratch.views, slot), trim_of(roads, road)
    for number in range(scratch.run_count[slot, MIXED_SPAN]):
        line, low, high = run_at(scratch, slot, band, MIXED_SPAN, number)
        start = line * band.pitch
        for span in range(low, high):
            n = line * band.knots + span
            a, b = knot_at(rows, slot, n, True), knot_at(rows, slot, n + 1, True)
            (along_s, along_d), (clear, change) = cubics_at(rows, slot, n), clear_at(rows, slot, n)
            for k in range(KNOT_DISTANCE):
                n, t = start + span * KNOT_DISTANCE + k, F(INT(k)) * STEP
                place = between(a, b, along_s, along_d, t)
                red, green, blue, near, kind = lay_rails(
                    view, trim, place, cubic(clear, change, t), read(rows, slot, RED, n), read(rows, slot, GREEN, n),
                    read(rows, slot, BLUE, n), read(rows, slot, NEAR, n), read(rows, slot, KIND, n),
                )  # fmt: skip
                write_pixel(rows, slot, n, red, green, blue, near, kind)


@pixel_scalar
def _apart_pixel(scratch, slot, roads, road, textures, band, line, column, knot):
    """A pixel whose ground is its own knot."""
    view, row = load_view(scratch.views, slot), F(INT(band.row + line))
    if knot.element == F(-2.0):
        red, green, blue = single_sky(view, textures, cloud_level(view, textures), F(column), row)
        near, kind = F(0.0), F(SEMANTIC_SKY)
    else:
        place, levels = place_of(view, knot, F(column), row), levels_at(scratch, slot, line)
        trim = trim_of(roads, road)
        red, green, blue, near, kind = single_ground(view, roads, road, trim, textures, levels, F(column), row, place)
    write_pixel(scratch.rows, slot, line * band.pitch + column, red, green, blue, near, kind)


@frame_scalar
def draw_apart(scratch, slot, roads, road, textures, band):
    """Spans between knots that may not be joined: each pixel is a knot of its own, kept behind the band's knots."""
    view, course, rows = load_view(scratch.views, slot), course_of(roads, road, scratch, slot), scratch.rows
    rails, spare = has_rails(trim_of(roads, road)), band.lines * band.knots
    for number in range(scratch.run_count[slot, APART_SPAN]):
        line, low, high = run_at(scratch, slot, band, APART_SPAN, number)
        for span in range(low, high):
            first = span * KNOT_DISTANCE
            knots = Knots(band.row + line, first, 1, KNOT_DISTANCE, KNOT_DISTANCE)
            if rails:
                place_knots(view, roads, course, scratch, slot, knots, spare, True)
            else:
                place_knots(view, roads, course, scratch, slot, knots, spare, False)
            for k in range(KNOT_DISTANCE):
                knot = knot_at(rows, slot, spare + k, True)
                _apart_pixel(scratch, slot, roads, road, textures, band, line, first + k, knot)
