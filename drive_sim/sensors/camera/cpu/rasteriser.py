"""A CPU's way through an image: block by block, and in each block kind by kind, eight pixels at a time.

A block is a few rows. Passes over it follow one another: texture levels of its rows (`texture_levels`), samples
(`samples`), segments (`segments`), one loop for each kind of segment (`ground_pass`), polygons from far to near
(`polygon_pass`), and grey levels and truth. So a loop is set up once for many pixels, and they stay in the nearest
cache from pass to pass.
"""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera.cpu.ground_pass import (
    light_segments,
    rasterise_asphalt,
    rasterise_base,
    rasterise_lines,
    rasterise_rails,
    rasterise_separate,
    rasterise_sky,
    rasterise_verge,
)
from drive_sim.sensors.camera.cpu.polygon_pass import rasterise_polygons
from drive_sim.sensors.camera.cpu.samples import SampleGrid, store_samples
from drive_sim.sensors.camera.cpu.segments import (
    MARKED_SEGMENT,
    MIXED_SEGMENT,
    NO_SEGMENT,
    SKY_SEGMENT,
    classify_segments,
    list_runs,
    segments_in,
)
from drive_sim.sensors.camera.cpu.texture_levels import store_levels
from drive_sim.sensors.camera.frame_setup import frame_scalar, load_view
from drive_sim.sensors.camera.pixel import grey_level, noise_start
from drive_sim.sensors.camera.pixel_blocks import (
    BLOCK_ROWS,
    BLUE,
    GREEN,
    INVERSE_DEPTH,
    KIND,
    RED,
    SEGMENT_KIND,
    Block,
    fetch,
    read,
    use_rough_roots,
    use_wide_vectors,
    write,
)
from drive_sim.sensors.camera.semantics import KINDS
from drive_sim.sensors.camera.shading.ground import has_kerbs, has_rails, row_levels, trim_of
from drive_sim.sensors.camera.shading.light import ray
from drive_sim.sensors.camera.shading.road_coordinates import HORIZON, SAMPLE_SPACING, course_of
from drive_sim.sensors.camera.shading.textures import NOISE_SIZE, NOISE_UNIT

F, INT = np.float32, np.int32


@frame_scalar
def blocks_in(rows):
    """How many blocks cover ``rows``."""
    return (rows + BLOCK_ROWS - 1) // BLOCK_ROWS


@frame_scalar
def block_at(scratch, number, rows, columns):
    """Block ``number`` of an image."""
    row = number * BLOCK_ROWS
    pitch, sample_pitch = scratch.rows.shape[2] // BLOCK_ROWS, scratch.touched.shape[1] // BLOCK_ROWS
    return Block(row, min(BLOCK_ROWS, rows - row), columns, pitch, sample_pitch)


@frame_scalar
def _classify_block(scratch, slot, roads, road, textures, block):
    """Find out what each segment of the block shows."""
    use_wide_vectors()
    rows, view = scratch.rows, load_view(scratch.views, slot)
    course, trim = course_of(roads, road, scratch, slot), trim_of(roads, road)
    segments = segments_in(block.columns)
    rails, first = has_rails(trim), block.lines
    for back in range(block.lines):
        line = block.lines - 1 - back
        row = F(INT(block.row + line))
        _, _, left_z = ray(view, F(0.0), row)
        _, _, right_z = ray(view, F(INT(block.columns)), row)
        if min(left_z, right_z) <= F(HORIZON):
            first = line
            store_levels(scratch, slot, line, row_levels(view, textures, row))
    place, count = first * block.sample_pitch, (block.lines - first) * block.sample_pitch
    grid = SampleGrid(block.row + first, 0, SAMPLE_SPACING, block.sample_pitch, count)
    if rails:
        store_samples(view, roads, course, scratch, slot, grid, place, True)
    else:
        store_samples(view, roads, course, scratch, slot, grid, place, False)
    classify_segments(trim, course, roads, road, rows, slot, place, count)
    for line in range(block.lines):
        row = F(INT(block.row + line))
        _, _, left_z = ray(view, F(0.0), row)
        _, _, right_z = ray(view, F(INT(block.columns)), row)
        if min(left_z, right_z) > F(HORIZON):
            for n in range(line * block.sample_pitch, line * block.sample_pitch + segments):
                write(rows, slot, SEGMENT_KIND, n, F(SKY_SEGMENT))
        for n in range(line * block.sample_pitch + segments, (line + 1) * block.sample_pitch):
            write(rows, slot, SEGMENT_KIND, n, F(NO_SEGMENT))


@frame_scalar
def rasterise_block(scratch, slot, roads, road, textures, block):
    """Ground, sky and polygons of a block, in linear light."""
    trim, wet = trim_of(roads, road), load_view(scratch.views, slot).wet > F(0.0)
    counts = scratch.run_count
    _classify_block(scratch, slot, roads, road, textures, block)
    list_runs(scratch, slot, block)
    rasterise_sky(scratch, slot, textures, block)
    rasterise_verge(scratch, slot, textures, block)
    if wet:
        rasterise_asphalt(scratch, slot, roads, road, textures, block, True)
    else:
        rasterise_asphalt(scratch, slot, roads, road, textures, block, False)
    if counts[slot, MARKED_SEGMENT] + counts[slot, MIXED_SEGMENT] > 0:
        rasterise_base(scratch, slot, roads, road, textures, block, MARKED_SEGMENT, False, False)
        if has_kerbs(trim):
            rasterise_base(scratch, slot, roads, road, textures, block, MIXED_SEGMENT, True, True)
        else:
            rasterise_base(scratch, slot, roads, road, textures, block, MIXED_SEGMENT, True, False)
        rasterise_lines(scratch, slot, roads, road, block)
        for kind in range(MARKED_SEGMENT, MIXED_SEGMENT + 1):
            if wet:
                light_segments(scratch, slot, block, kind, True)
            else:
                light_segments(scratch, slot, block, kind, False)
        if has_rails(trim):
            rasterise_rails(scratch, slot, roads, road, block)
    rasterise_separate(scratch, slot, roads, road, textures, block)
    rasterise_polygons(scratch, slot, textures, block)


@frame_scalar
def expose_block(scratch, slot, textures, block, seed, step, camera, rgb, i, c):
    """Grey levels of a block; ``rgb`` is (B, C, H, 3 W)."""
    use_wide_vectors()
    use_rough_roots()
    rows, noise, view = scratch.rows, textures.noise, load_view(scratch.views, slot)
    exposure, sigma = view.exposure, view.noise * F(1.0 / NOISE_UNIT)
    for line in range(block.lines):
        row, place = block.row + line, line * block.pitch
        start = noise_start(seed, step, camera, row)
        for column in range(block.columns):
            a, n = INT(INT(start + column) & INT(NOISE_SIZE - 1)), place + column
            red = grey_level(read(rows, slot, RED, n), exposure, F(fetch(noise, a)) * sigma)
            green = grey_level(read(rows, slot, GREEN, n), exposure, F(fetch(noise, a + NOISE_SIZE)) * sigma)
            blue = grey_level(read(rows, slot, BLUE, n), exposure, F(fetch(noise, a + 2 * NOISE_SIZE)) * sigma)
            rgb[i, c, row, 3 * column] = np.uint8(red)
            rgb[i, c, row, 3 * column + 1] = np.uint8(green)
            rgb[i, c, row, 3 * column + 2] = np.uint8(blue)


@frame_scalar
def copy_truth(scratch, slot, block, frames, layers, i, c, sky_depth):
    """Class, depth and instance of a block; ``frames`` and ``layers`` are those of `buffers.LAYERS`."""
    rows = scratch.rows
    _, semantic, depth, instance = frames
    _, with_semantic, with_depth, with_instance = layers
    for line in range(block.lines):
        row, place = block.row + line, line * block.pitch
        if with_semantic:
            for column in range(block.columns):
                kind = INT(read(rows, slot, KIND, place + column))
                semantic[i, c, row, column] = np.uint8(kind & INT(KINDS - 1))
        if with_depth:
            for column in range(block.columns):
                inverse_depth = read(rows, slot, INVERSE_DEPTH, place + column)
                depth[i, c, row, column] = F(1.0) / inverse_depth if inverse_depth > F(0.0) else sky_depth
        if with_instance:
            for column in range(block.columns):
                kind = read(rows, slot, KIND, place + column)
                instance[i, c, row, column] = np.uint8(INT(kind * F(1.0 / KINDS)))
