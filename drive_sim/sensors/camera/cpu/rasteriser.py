"""A CPU's way through an image: band by band, and in each band kind by kind, eight pixels at a time.

A band is a few rows. Passes over it follow one another: texture levels of its rows, knots (`camera_knots`), spans
(`camera_spans`), one loop for each kind of span (`camera_draw_ground`), faces from far to near (`camera_draw_faces`),
and grey levels and truth. So a loop is set up once for many pixels, and they stay in the nearest memory from pass to
pass.
"""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera.cpu.ground_pass import (
    draw_apart,
    draw_asphalt,
    draw_base,
    draw_lines,
    draw_rails,
    draw_sky,
    draw_verge,
    light_spans,
)
from drive_sim.sensors.camera.cpu.polygon_pass import draw_faces
from drive_sim.sensors.camera.cpu.samples import Knots, place_knots
from drive_sim.sensors.camera.cpu.segments import (
    MARKED_SPAN,
    MIXED_SPAN,
    NO_SPAN,
    SKY_SPAN,
    list_runs,
    sort_spans,
    spans_of,
)
from drive_sim.sensors.camera.cpu.texture_levels import store_levels
from drive_sim.sensors.camera.frame_setup import frame_scalar, load_view
from drive_sim.sensors.camera.optics.configuration import KINDS
from drive_sim.sensors.camera.pixel import grey_level, noise_start
from drive_sim.sensors.camera.pixel_blocks import (
    BAND,
    BLUE,
    GREEN,
    KIND,
    NEAR,
    RED,
    SPAN_KIND,
    Band,
    fetch,
    read,
    use_rough_roots,
    use_wide_vectors,
    write,
)
from drive_sim.sensors.camera.shading.ground import has_kerbs, has_rails, row_levels, trim_of
from drive_sim.sensors.camera.shading.light import ray
from drive_sim.sensors.camera.shading.road_coordinates import HORIZON, KNOT_DISTANCE, course_of
from drive_sim.sensors.camera.shading.textures import NOISE_SIZE, NOISE_UNIT

F, INT = np.float32, np.int32


@frame_scalar
def bands_in(rows):
    """How many bands cover ``rows``."""
    return (rows + BAND - 1) // BAND


@frame_scalar
def band_at(scratch, number, rows, columns):
    """Band ``number`` of an image."""
    row = number * BAND
    pitch, knots = scratch.rows.shape[2] // BAND, scratch.touched.shape[1] // BAND
    return Band(row, min(BAND, rows - row), columns, pitch, knots)


@frame_scalar
def _sort_band(scratch, slot, roads, road, textures, band):
    """Find out what each span of the band shows."""
    use_wide_vectors()
    rows, view = scratch.rows, load_view(scratch.views, slot)
    course, trim = course_of(roads, road, scratch, slot), trim_of(roads, road)
    spans = spans_of(band.columns)
    rails, first = has_rails(trim), band.lines
    for back in range(band.lines):
        line = band.lines - 1 - back
        row = F(INT(band.row + line))
        _, _, left_z = ray(view, F(0.0), row)
        _, _, right_z = ray(view, F(INT(band.columns)), row)
        if min(left_z, right_z) <= F(HORIZON):
            first = line
            store_levels(scratch, slot, line, row_levels(view, textures, row))
    place, count = first * band.knots, (band.lines - first) * band.knots
    knots = Knots(band.row + first, 0, KNOT_DISTANCE, band.knots, count)
    if rails:
        place_knots(view, roads, course, scratch, slot, knots, place, True)
    else:
        place_knots(view, roads, course, scratch, slot, knots, place, False)
    sort_spans(trim, course, roads, road, rows, slot, place, count)
    for line in range(band.lines):
        row = F(INT(band.row + line))
        _, _, left_z = ray(view, F(0.0), row)
        _, _, right_z = ray(view, F(INT(band.columns)), row)
        if min(left_z, right_z) > F(HORIZON):
            for n in range(line * band.knots, line * band.knots + spans):
                write(rows, slot, SPAN_KIND, n, F(SKY_SPAN))
        for n in range(line * band.knots + spans, (line + 1) * band.knots):
            write(rows, slot, SPAN_KIND, n, F(NO_SPAN))


@frame_scalar
def draw_band(scratch, slot, roads, road, textures, band):
    """Ground, sky and faces of a band, in linear light."""
    trim, wet = trim_of(roads, road), load_view(scratch.views, slot).wet > F(0.0)
    counts = scratch.run_count
    _sort_band(scratch, slot, roads, road, textures, band)
    list_runs(scratch, slot, band)
    draw_sky(scratch, slot, textures, band)
    draw_verge(scratch, slot, textures, band)
    if wet:
        draw_asphalt(scratch, slot, roads, road, textures, band, True)
    else:
        draw_asphalt(scratch, slot, roads, road, textures, band, False)
    if counts[slot, MARKED_SPAN] + counts[slot, MIXED_SPAN] > 0:
        draw_base(scratch, slot, roads, road, textures, band, MARKED_SPAN, False, False)
        if has_kerbs(trim):
            draw_base(scratch, slot, roads, road, textures, band, MIXED_SPAN, True, True)
        else:
            draw_base(scratch, slot, roads, road, textures, band, MIXED_SPAN, True, False)
        draw_lines(scratch, slot, roads, road, band)
        for kind in range(MARKED_SPAN, MIXED_SPAN + 1):
            if wet:
                light_spans(scratch, slot, band, kind, True)
            else:
                light_spans(scratch, slot, band, kind, False)
        if has_rails(trim):
            draw_rails(scratch, slot, roads, road, band)
    draw_apart(scratch, slot, roads, road, textures, band)
    draw_faces(scratch, slot, textures, band)


@frame_scalar
def expose_band(scratch, slot, textures, band, seed, step, camera, rgb, i, c):
    """Grey levels of a band; ``rgb`` is (B, C, H, 3 W)."""
    use_wide_vectors()
    use_rough_roots()
    rows, noise, view = scratch.rows, textures.noise, load_view(scratch.views, slot)
    exposure, sigma = view.exposure, view.noise * F(1.0 / NOISE_UNIT)
    for line in range(band.lines):
        row, place = band.row + line, line * band.pitch
        start = noise_start(seed, step, camera, row)
        for column in range(band.columns):
            a, n = INT(INT(start + column) & INT(NOISE_SIZE - 1)), place + column
            red = grey_level(read(rows, slot, RED, n), exposure, F(fetch(noise, a)) * sigma)
            green = grey_level(read(rows, slot, GREEN, n), exposure, F(fetch(noise, a + NOISE_SIZE)) * sigma)
            blue = grey_level(read(rows, slot, BLUE, n), exposure, F(fetch(noise, a + 2 * NOISE_SIZE)) * sigma)
            rgb[i, c, row, 3 * column] = np.uint8(red)
            rgb[i, c, row, 3 * column + 1] = np.uint8(green)
            rgb[i, c, row, 3 * column + 2] = np.uint8(blue)


@frame_scalar
def copy_truth(scratch, slot, band, frames, layers, i, c, sky_depth):
    """Class, depth and instance of a band; ``frames`` and ``layers`` are those of `camera.LAYERS`."""
    rows = scratch.rows
    _, semantic, depth, instance = frames
    _, with_semantic, with_depth, with_instance = layers
    for line in range(band.lines):
        row, place = band.row + line, line * band.pitch
        if with_semantic:
            for column in range(band.columns):
                kind = INT(read(rows, slot, KIND, place + column))
                semantic[i, c, row, column] = np.uint8(kind & INT(KINDS - 1))
        if with_depth:
            for column in range(band.columns):
                near = read(rows, slot, NEAR, place + column)
                depth[i, c, row, column] = F(1.0) / near if near > F(0.0) else sky_depth
        if with_instance:
            for column in range(band.columns):
                kind = read(rows, slot, KIND, place + column)
                instance[i, c, row, column] = np.uint8(INT(kind * F(1.0 / KINDS)))
