"""The kernels that render frames.

One pass per pixel: the ray's ground point is found in the road's frame (`shading.road_coordinates`) and shaded
(`shading.ground`, `shading.sky`), the polygons of what stands on the ground are laid over it from far to near
(`objects.assembly`, `objects.polygons`, `objects.materials`), and exposure and noise make grey levels of it (`pixel`).
The CPU walks frame by frame and block by block (`cpu.rasteriser`), in loops over pixels that call the same scalar
functions; CUDA takes a thread a pixel; both call the same scalar functions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import kernel
from drive_sim.sensors.camera.cpu.rasteriser import block_at, blocks_in, copy_truth, expose_block, rasterise_block
from drive_sim.sensors.camera.frame_setup import frame_scalar, load_view, pixel_scalar, store_view
from drive_sim.sensors.camera.objects.assembly import collect_polygons
from drive_sim.sensors.camera.objects.polygons import FIRST_COLUMN, FIRST_ROW, LAST_COLUMN, LAST_ROW
from drive_sim.sensors.camera.objects.scanlines import in_row, polygon_of
from drive_sim.sensors.camera.pixel import (
    grey_level,
    ground_pixel,
    lay_single,
    lay_tile,
    noise_start,
    polygon_at,
    sky_pixel,
)
from drive_sim.sensors.camera.semantics import KINDS, SEMANTIC_SKY, SKY_DEPTH
from drive_sim.sensors.camera.shading.ground import has_rails, row_levels, trim_of
from drive_sim.sensors.camera.shading.road_coordinates import (
    SAMPLE_SPACING,
    STEP,
    air_sample,
    between,
    course_of,
    cubic,
    ground_sample,
    hermite,
    joinable,
    place_of,
)
from drive_sim.sensors.camera.shading.sky import cloud_level
from drive_sim.sensors.camera.shading.textures import NOISE_SIZE, NOISE_UNIT
from drive_sim.world.roads.coordinates import nearest_element

F = np.float32


@lasting
class Scene(NamedTuple):
    """Everything that an image is made of: as one argument, because each costs a launch more than a microsecond."""

    scratch: Any
    camera: Any
    textures: Any
    meshes: Any
    roads: Any
    world: Any
    state: Any


@frame_scalar
def _prepare(slot, scene, c, size, i):
    """View and polygons of camera ``c`` in world ``i``."""
    scratch, roads, world, state = scene.scratch, scene.roads, scene.world, scene.state
    road = world.road[i]
    element = nearest_element(roads, road, state.x[i], state.y[i])
    heading = roads.heading[roads.element_start[road] + element] if element >= 0 else state.yaw[i]
    store_view(scratch.views, scratch.origins, slot, scene.camera, c, size, world, state, heading, i)
    view = load_view(scratch.views, slot)
    number = scene.camera.number[c]
    scratch.polygon_count[slot] = collect_polygons(
        view, size, scratch, slot, scene.meshes, roads, world, state, i, number
    )


@kernel(grain=1, fastmath=True)
def render_frames(slot, slots, worlds, frames, layers, scene):
    """CPU: render one of ``slots`` parts of the frames, block by block."""
    scratch, textures, roads, world, state = scene.scratch, scene.textures, scene.roads, scene.world, scene.state
    rgb, depth = frames[0], frames[2]
    cameras, rows, columns = scene.camera.x.shape[0], depth.shape[2], depth.shape[3]
    total = worlds[0].shape[0] * cameras
    for frame in range(slot * total // slots, (slot + 1) * total // slots):
        i, c = worlds[0][frame // cameras], frame % cameras
        _prepare(slot, scene, c, (rows, columns), i)
        for number in range(blocks_in(rows)):
            block = block_at(scratch, number, rows, columns)
            rasterise_block(scratch, slot, roads, world.road[i], textures, block)
            if layers[0]:
                seed, step, camera = world.seed[i], state.step[i], scene.camera.number[c]
                expose_block(scratch, slot, textures, block, seed, step, camera, rgb, i, c)
            copy_truth(scratch, slot, block, frames, layers, i, c, F(SKY_DEPTH))


@kernel(grain=1 << 30, fastmath=True)
def prepare_frames(frame, worlds, size, scene):
    """CUDA: view and polygons of one frame."""
    cameras = scene.camera.x.shape[0]
    _prepare(frame, scene, frame % cameras, size, worlds[0][frame // cameras])


@pixel_scalar
def _background_at(view, roads, road, textures, scratch, slot, row, column):
    """(r, g, b, inverse depth, class) of ground or sky in a pixel, as `rasterise_block` shades it."""
    course, trim = course_of(roads, road, scratch, slot), trim_of(roads, road)
    rails = has_rails(trim)
    first = column - column % SAMPLE_SPACING
    t = F(column - first) * STEP
    left = ground_sample(view, roads, course, F(first), F(row), rails)
    right = ground_sample(view, roads, course, F(first + SAMPLE_SPACING), F(row), rails)
    joined = joinable(course, left, right)
    p, q, n = left.place, right.place, F(SAMPLE_SPACING)
    along_s = hermite(p.s, p.column_s, q.s, q.column_s, n)
    along_d = hermite(p.d, p.column_d, q.d, q.column_d, n)
    place = between(left, right, along_s, along_d, t)
    before, after = air_sample(view, F(first), F(row)), air_sample(view, F(first + SAMPLE_SPACING), F(row))
    clear = cubic(before[0], hermite(before[0], before[1], after[0], after[1], n), t)
    if not joined:
        clear = air_sample(view, F(column), F(row))[0]
    sky = left.element == -2
    if not joined or left.element < 0:
        sample = ground_sample(view, roads, course, F(column), F(row), rails)
        place, sky = place_of(view, sample, F(column), F(row)), sample.element == -2
    if sky:
        red, green, blue = sky_pixel(view, textures, cloud_level(view, textures), F(column), F(row))
        return red, green, blue, F(0.0), F(SEMANTIC_SKY)
    levels = row_levels(view, textures, F(row))
    return ground_pixel(view, roads, road, trim, textures, levels, F(column), F(row), place, clear)


@kernel(grain=1 << 30, fastmath=True)
def render_pixels(item, worlds, frames, layers, scene):
    """CUDA: render one pixel."""
    scratch, textures, roads, world, state = scene.scratch, scene.textures, scene.roads, scene.world, scene.state
    rgb, semantic, depth, instance = frames
    cameras, rows, columns = scene.camera.x.shape[0], depth.shape[2], depth.shape[3]
    frame, rest = item // (rows * columns), item % (rows * columns)
    row, column = rest // columns, rest % columns
    i, c = worlds[0][frame // cameras], frame % cameras
    view = load_view(scratch.views, frame)
    red, green, blue, inverse_depth, kind = _background_at(
        view, roads, world.road[i], textures, scratch, frame, row, column
    )
    tile = (F(-1.0), F(0.0), F(0.0), F(0.0), F(0.0))
    x, y = F(column), F(row)
    polygons = scratch.polygons
    for f in range(scratch.polygon_count[frame]):
        if polygons[frame, f, FIRST_ROW] > y or polygons[frame, f, LAST_ROW] < y:
            continue
        if polygons[frame, f, FIRST_COLUMN] > x or polygons[frame, f, LAST_COLUMN] < x:
            continue
        scanline = in_row(polygon_of(polygons, frame, f), y)
        found = polygon_at(scanline, textures, x, inverse_depth, kind)
        if found[0] <= F(0.0):
            continue
        if scanline.group < F(0.0):
            red, green, blue, inverse_depth, kind = lay_single(scanline, found, red, green, blue, inverse_depth, kind)
        else:
            red, green, blue, inverse_depth, kind, tile = lay_tile(
                scanline, found, red, green, blue, inverse_depth, kind, tile
            )
    if layers[0]:
        start = (noise_start(world.seed[i], state.step[i], scene.camera.number[c], row) + column) & (NOISE_SIZE - 1)
        for k in range(3):
            grain = F(textures.noise[start + k * NOISE_SIZE]) * view.noise * F(1.0 / NOISE_UNIT)
            light = red if k == 0 else (green if k == 1 else blue)
            rgb[i, c, row, 3 * column + k] = np.uint8(grey_level(light, view.exposure, grain))
    if layers[1]:
        semantic[i, c, row, column] = np.uint8(int(kind) & (KINDS - 1))
    if layers[2]:
        depth[i, c, row, column] = F(1.0) / inverse_depth if inverse_depth > F(0.0) else F(SKY_DEPTH)
    if layers[3]:
        instance[i, c, row, column] = np.uint8(int(kind) // KINDS)
