"""Ground and sky of a block on a CPU: one loop for each kind of segment, eight pixels at a time.

Each function here is a loop over the pixels of a kind's runs around the scalar functions that CUDA calls for one pixel.
Segments are shaded whole, to beyond the image's right edge if need be: rows have memory to spare.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera.cpu.samples import SampleGrid, sample_at, store_samples
from drive_sim.sensors.camera.cpu.segments import (
    ASPHALT_SEGMENT,
    MARKED_SEGMENT,
    MIXED_SEGMENT,
    SEPARATE_SEGMENT,
    SKY_SEGMENT,
    VERGE_SEGMENT,
    clear_at,
    cubics_at,
    run_at,
    touches,
)
from drive_sim.sensors.camera.cpu.texture_levels import levels_at
from drive_sim.sensors.camera.frame_setup import frame_scalar, load_view, pixel_scalar
from drive_sim.sensors.camera.pixel import lay_rails, single_ground, single_sky, sky_pixel
from drive_sim.sensors.camera.pixel_blocks import (
    BLUE,
    CLEAR,
    COLUMN_D,
    FLAKE,
    FOOT_S,
    GREEN,
    INVERSE_DEPTH,
    KIND,
    PAVED,
    PUDDLE,
    RED,
    ROW_D,
    SAMPLE_D,
    SAMPLE_S,
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
from drive_sim.sensors.camera.semantics import SEMANTIC_ROAD, SEMANTIC_SKY, SEMANTIC_VERGE
from drive_sim.sensors.camera.shading.ground import ground_base, has_rails, shade_asphalt, shade_verge, trim_of
from drive_sim.sensors.camera.shading.light import arriving, light_ground, mirror_sky, ray
from drive_sim.sensors.camera.shading.markings import Base, footprint_along, is_yellow, lens_of, line_cover, paint
from drive_sim.sensors.camera.shading.road_coordinates import SAMPLE_SPACING, STEP, between, course_of, cubic, place_of
from drive_sim.sensors.camera.shading.sky import LAND_TOP, cloud_level, shade_sky

F, INT = np.float32, np.int32


@frame_scalar
def rasterise_sky(scratch, slot, textures, block):
    """Segments with nothing but sky, and the land at the horizon."""
    use_wide_vectors()
    rows, view = scratch.rows, load_view(scratch.views, slot)
    clouds = cloud_level(view, textures)
    for number in range(scratch.run_count[slot, SKY_SEGMENT]):
        line, low, high = run_at(scratch, slot, block, SKY_SEGMENT, number)
        row, start = F(INT(block.row + line)), line * block.pitch
        least = F(1.0)
        for end in range(2):
            x, y, z = ray(view, F(INT((high if end else low) * SAMPLE_SPACING)), row)
            least = min(least, z / math.sqrt(x * x + y * y))
        if least < F(LAND_TOP) + view.pixel:
            for column in range(low * SAMPLE_SPACING, high * SAMPLE_SPACING):
                red, green, blue = sky_pixel(view, textures, clouds, F(INT(column)), row)
                write_pixel(rows, slot, start + column, red, green, blue, F(0.0), F(SEMANTIC_SKY))
        else:
            for column in range(low * SAMPLE_SPACING, high * SAMPLE_SPACING):
                x, y, z = ray(view, F(INT(column)), row)
                red, green, blue = shade_sky(view, textures, clouds, x, y, z)
                write_pixel(rows, slot, start + column, red, green, blue, F(0.0), F(SEMANTIC_SKY))


@frame_scalar
def rasterise_verge(scratch, slot, textures, block):
    """Segments with nothing but verge."""
    use_wide_vectors()
    rows, view = scratch.rows, load_view(scratch.views, slot)
    for number in range(scratch.run_count[slot, VERGE_SEGMENT]):
        line, low, high = run_at(scratch, slot, block, VERGE_SEGMENT, number)
        row, start, levels = F(INT(block.row + line)), line * block.pitch, levels_at(scratch, slot, line)
        for segment in range(low, high):
            clear, change = clear_at(rows, slot, line * block.sample_pitch + segment)
            write_cubic(rows, slot, CLEAR, start + segment * SAMPLE_SPACING, clear, change)
        for column in range(low * SAMPLE_SPACING, high * SAMPLE_SPACING):
            n = start + column
            x, y, z = ray(view, F(INT(column)), row)
            inverse_depth = -z / view.height
            red, green, blue, _ = shade_verge(view, textures, levels, x / inverse_depth, y / inverse_depth)
            red, green, blue = light_ground(view, x, y, z, red, green, blue)
            red, green, blue = arriving(view, read(rows, slot, CLEAR, n), red, green, blue)
            write_pixel(rows, slot, n, red, green, blue, inverse_depth, F(SEMANTIC_VERGE))


@pixel_scalar
def _store_places(rows, slot, block, line, low, high):
    """Where the pixels of segments of a line lie on the road, and how clear the air is."""
    for segment in range(low, high):
        n = line * block.sample_pitch + segment
        s, d = read(rows, slot, SAMPLE_S, n), read(rows, slot, SAMPLE_D, n)
        (along_s, along_d), (clear, change) = cubics_at(rows, slot, n), clear_at(rows, slot, n)
        start = line * block.pitch + segment * SAMPLE_SPACING
        write_cubic(rows, slot, S, start, s, along_s)
        write_cubic(rows, slot, D, start, d, along_d)
        write_cubic(rows, slot, CLEAR, start, clear, change)


@frame_scalar
def rasterise_asphalt(scratch, slot, roads, road, textures, block, wet):
    """Segments with nothing but asphalt; ``wet`` is a constant."""
    use_wide_vectors()
    rows, view, trim = scratch.rows, load_view(scratch.views, slot), trim_of(roads, road)
    for number in range(scratch.run_count[slot, ASPHALT_SEGMENT]):
        line, low, high = run_at(scratch, slot, block, ASPHALT_SEGMENT, number)
        row, start, levels = F(INT(block.row + line)), line * block.pitch, levels_at(scratch, slot, line)
        _store_places(rows, slot, block, line, low, high)
        for column in range(low * SAMPLE_SPACING, high * SAMPLE_SPACING):
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
def rasterise_base(scratch, slot, roads, road, textures, block, kind, edges, kerbs):
    """The ground of a kind's segments before markings: reflectances, and what painting needs to know.

    Constants: ``edges``, whether there is anything but asphalt, and ``kerbs``.
    """
    rows, view, trim = scratch.rows, load_view(scratch.views, slot), trim_of(roads, road)
    for number in range(scratch.run_count[slot, kind]):
        line, low, high = run_at(scratch, slot, block, kind, number)
        row, start, levels = F(INT(block.row + line)), line * block.pitch, levels_at(scratch, slot, line)
        for segment in range(low, high):
            n = line * block.sample_pitch + segment
            a, b = sample_at(rows, slot, n, False), sample_at(rows, slot, n + 1, False)
            along_s, along_d = cubics_at(rows, slot, n)
            for k in range(SAMPLE_SPACING):
                column = segment * SAMPLE_SPACING + k
                place = between(a, b, along_s, along_d, F(INT(k)) * STEP)
                x, y, z = ray(view, F(INT(column)), row)
                inverse_depth = -z / view.height
                if edges:
                    base = ground_base(view, trim, textures, levels, x / inverse_depth, y / inverse_depth, place, kerbs)
                else:
                    red, green, blue, flake, puddle = shade_asphalt(view, trim, textures, levels, place.s, place.d)
                    base = Base(red, green, blue, flake, puddle, F(1.0), F(SEMANTIC_ROAD))
                _keep_base(rows, slot, start + column, base, place, inverse_depth)


@pixel_scalar
def _keep_base(rows, slot, n, base, place, inverse_depth):
    """Write down a pixel's `Base`, and where it lies."""
    write_pixel(rows, slot, n, base.red, base.green, base.blue, inverse_depth, base.kind)
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
def _list_touched(scratch, slot, block, kind, count, marking):
    """Append the segments of a kind that may touch marking number ``marking``; the new count."""
    for number in range(scratch.run_count[slot, kind]):
        line, first, end = run_at(scratch, slot, block, kind, number)
        for segment in range(first, end):
            # Written in any case: a processor cannot predict which segments these are.
            scratch.touched[slot, count] = line * block.pitch + segment * SAMPLE_SPACING
            count += touches(scratch.rows, slot, line * block.sample_pitch + segment, marking)
    return count


@frame_scalar
def rasterise_lines(scratch, slot, roads, road, block):
    """How much of each pixel of the segments the road's markings cover."""
    rows = scratch.rows
    for number in range(roads.boundary_count[road]):
        offset, width = F(roads.boundary_offset[road, number]), F(roads.boundary_width[road, number])
        style, yellow = roads.boundary_style[road, number], is_yellow(roads, road, number)
        count = _list_touched(scratch, slot, block, MARKED_SEGMENT, 0, number)
        count = _list_touched(scratch, slot, block, MIXED_SEGMENT, count, number)
        for entry in range(count):
            start = scratch.touched[slot, entry]
            for k in range(SAMPLE_SPACING):
                n = start + k
                lens = lens_of(read(rows, slot, COLUMN_D, n), read(rows, slot, ROW_D, n))
                d, s, footprint = read(rows, slot, D, n), read(rows, slot, S, n), read(rows, slot, FOOT_S, n)
                share = line_cover(lens, d, s, footprint, offset, width, style)
                write(rows, slot, SHARE, n, read(rows, slot, SHARE, n) + share)
                write(rows, slot, YELLOW, n, read(rows, slot, YELLOW, n) + share * yellow)


@frame_scalar
def light_segments(scratch, slot, block, kind, wet):
    """Paint, light and fog over the reflectances of a kind's segments; ``wet`` is a constant."""
    rows, view = scratch.rows, load_view(scratch.views, slot)
    for number in range(scratch.run_count[slot, kind]):
        line, low, high = run_at(scratch, slot, block, kind, number)
        row, start = F(INT(block.row + line)), line * block.pitch
        for segment in range(low, high):
            clear, change = clear_at(rows, slot, line * block.sample_pitch + segment)
            for k in range(SAMPLE_SPACING):
                column = segment * SAMPLE_SPACING + k
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
def rasterise_rails(scratch, slot, roads, road, block):
    """Guard rails over the radiances of segments with anything on the ground."""
    rows, view, trim = scratch.rows, load_view(scratch.views, slot), trim_of(roads, road)
    for number in range(scratch.run_count[slot, MIXED_SEGMENT]):
        line, low, high = run_at(scratch, slot, block, MIXED_SEGMENT, number)
        start = line * block.pitch
        for segment in range(low, high):
            n = line * block.sample_pitch + segment
            a, b = sample_at(rows, slot, n, True), sample_at(rows, slot, n + 1, True)
            (along_s, along_d), (clear, change) = cubics_at(rows, slot, n), clear_at(rows, slot, n)
            for k in range(SAMPLE_SPACING):
                n, t = start + segment * SAMPLE_SPACING + k, F(INT(k)) * STEP
                place = between(a, b, along_s, along_d, t)
                red, green, blue, inverse_depth, kind = lay_rails(
                    view, trim, place, cubic(clear, change, t), read(rows, slot, RED, n), read(rows, slot, GREEN, n),
                    read(rows, slot, BLUE, n), read(rows, slot, INVERSE_DEPTH, n), read(rows, slot, KIND, n),
                )  # fmt: skip
                write_pixel(rows, slot, n, red, green, blue, inverse_depth, kind)


@pixel_scalar
def _separate_pixel(scratch, slot, roads, road, textures, block, line, column, sample):
    """A pixel whose ground is its own sample."""
    view, row = load_view(scratch.views, slot), F(INT(block.row + line))
    if sample.element == F(-2.0):
        red, green, blue = single_sky(view, textures, cloud_level(view, textures), F(column), row)
        inverse_depth, kind = F(0.0), F(SEMANTIC_SKY)
    else:
        place, levels = place_of(view, sample, F(column), row), levels_at(scratch, slot, line)
        trim = trim_of(roads, road)
        red, green, blue, inverse_depth, kind = single_ground(
            view, roads, road, trim, textures, levels, F(column), row, place
        )
    write_pixel(scratch.rows, slot, line * block.pitch + column, red, green, blue, inverse_depth, kind)


@frame_scalar
def rasterise_separate(scratch, slot, roads, road, textures, block):
    """Segments between samples that may not be joined: each pixel is a sample of its own, kept behind the block's."""
    view, course, rows = load_view(scratch.views, slot), course_of(roads, road, scratch, slot), scratch.rows
    rails, spare = has_rails(trim_of(roads, road)), block.lines * block.sample_pitch
    for number in range(scratch.run_count[slot, SEPARATE_SEGMENT]):
        line, low, high = run_at(scratch, slot, block, SEPARATE_SEGMENT, number)
        for segment in range(low, high):
            first = segment * SAMPLE_SPACING
            grid = SampleGrid(block.row + line, first, 1, SAMPLE_SPACING, SAMPLE_SPACING)
            if rails:
                store_samples(view, roads, course, scratch, slot, grid, spare, True)
            else:
                store_samples(view, roads, course, scratch, slot, grid, spare, False)
            for k in range(SAMPLE_SPACING):
                sample = sample_at(rows, slot, spare + k, True)
                _separate_pixel(scratch, slot, roads, road, textures, block, line, first + k, sample)
