"""From knots and faces to pixels: background, faces laid over it, grey levels; row by row on a CPU."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.randomness import STREAM_CAMERA, random_bits
from drive_sim.sensors.camera_faces import (
    FIRST_COLUMN,
    FIRST_ROW,
    GROUP,
    LAST_COLUMN,
    LAST_ROW,
    PLANE,
    SEMANTIC,
    cover_at,
    face_value,
    row_edge,
)
from drive_sim.sensors.camera_field import KNOT_DISTANCE, Knot, between, ground_knot, joinable, open_place, ray
from drive_sim.sensors.camera_ground import (
    SPAN_ASPHALT,
    SPAN_VERGE,
    arriving,
    lay_rail,
    light_ground,
    row_levels,
    shade_asphalt,
    shade_ground,
    shade_verge,
    span_kind,
)
from drive_sim.sensors.camera_looks import look_at
from drive_sim.sensors.camera_model import SEMANTIC_RAIL, SEMANTIC_ROAD, SEMANTIC_SKY, SEMANTIC_VERGE
from drive_sim.sensors.camera_sky import LAND_TOP, lay_land, sky_knot
from drive_sim.sensors.camera_textures import NOISE_SIZE, NOISE_UNIT
from drive_sim.sensors.camera_view import frame_scalar, pixel_scalar
from drive_sim.world.road import EDGE_RAIL

F = np.float32
STEP = F(1.0 / KNOT_DISTANCE)


@pixel_scalar
def ground_pixel(view, roads, road, textures, levels, column, row, place, first, last):
    """(r, g, b, inverse depth, class) of the ground in a pixel, as it arrives at the camera."""
    x, y, z = ray(view, column, row)
    near = -z / view.height
    depth = F(1.0) / near
    red, green, blue, puddle, kind = shade_ground(
        view, roads, road, textures, levels, x * depth, y * depth, place, first, last
    )
    red, green, blue = light_ground(view, place, red, green, blue, puddle)
    if roads.edge_left[road] == EDGE_RAIL or roads.edge_right[road] == EDGE_RAIL:
        red, green, blue, kind, share = lay_rail(view, roads, road, place, red, green, blue, kind)
        near /= share
    red, green, blue = arriving(view, place.clear, red, green, blue)
    return red, green, blue, near, kind


@pixel_scalar
def sky_pixel(view, textures, column, row, a, b, t):
    """Radiance of the sky at share ``t`` of the way from knot colour ``a`` to ``b``."""
    x, y, z = ray(view, column, row)
    red, green, blue = a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t
    return lay_land(view, textures, x, y, z, red, green, blue)


@pixel_scalar
def sky_at(view, textures, clouds, column, row):
    """The sky's radiance at a knot."""
    x, y, z = ray(view, column, row)
    return sky_knot(view, textures, clouds, x, y, z)


@pixel_scalar
def face_at(faces, slot, f, textures, edges, x, y, near, kind):
    """(opacity, r, g, b, inverse depth) of a face in a pixel that shows ``kind`` at inverse depth ``near`` so far."""
    cover = cover_at(edges, x)
    if cover <= F(0.0):
        return F(0.0), F(0.0), F(0.0), F(0.0), F(0.0)
    inverse = face_value(faces, slot, f, PLANE, x, y)
    # Faces come from far to near and stand before the ground; only guard rails may hide them.
    if inverse <= F(0.0) or (kind == SEMANTIC_RAIL and inverse < near):
        return F(0.0), F(0.0), F(0.0), F(0.0), F(0.0)
    alpha, red, green, blue = look_at(faces, slot, f, textures, x, y, inverse)
    return alpha * cover, red, green, blue, inverse


@pixel_scalar
def lay_single(faces, slot, f, found, red, green, blue, near, kind):
    """(r, g, b, inverse depth, class) of a pixel with a face laid over it; ``found`` is what `face_at` found."""
    alpha, r, g, b, inverse = found
    if alpha >= F(0.5) and faces[slot, f, SEMANTIC] >= F(0.0):
        near, kind = inverse, int(faces[slot, f, SEMANTIC])
    return red + (r - red) * alpha, green + (g - green) * alpha, blue + (b - blue) * alpha, near, kind


@pixel_scalar
def lay_tile(faces, slot, f, found, red, green, blue, near, kind, tile):
    """(r, g, b, inverse depth, class, tile) of a pixel with a face of a group laid over it.

    Faces of one group share a pixel like tiles: each covers its part of what was there before the group, so that
    nothing shines through where two meet. ``tile`` is (the group, its cover so far, r, g, b before it).
    """
    alpha, r, g, b, inverse = found
    owner, tiled, back_r, back_g, back_b = tile
    group = int(faces[slot, f, GROUP])
    if group != owner:
        owner, tiled, back_r, back_g, back_b = group, F(0.0), red, green, blue
    alpha = min(alpha, F(1.0) - tiled)
    if tiled + alpha >= F(0.5) and (tiled < F(0.5) or alpha >= F(0.5)):
        near, kind = inverse, int(faces[slot, f, SEMANTIC])
    tile = (owner, tiled + alpha, back_r, back_g, back_b)
    return red + (r - back_r) * alpha, green + (g - back_g) * alpha, blue + (b - back_b) * alpha, near, kind, tile


@pixel_scalar
def grey_level(value, exposure, noise):
    """Grey level of a linear radiance: a gamma of 2, near sRGB's, and read noise [grey levels]."""
    return min(max(math.sqrt(max(value * exposure, F(0.0))) * F(255.0) + noise + F(0.5), F(0.0)), F(255.0))


@pixel_scalar
def noise_start(seed, step, camera, row):
    """Where in the table of noise a row begins."""
    return int(random_bits(seed, STREAM_CAMERA, step, 8192 * camera + row + 1) & np.uint64(NOISE_SIZE - 1))


@pixel_scalar
def _put(scratch, slot, column, red, green, blue, near, kind):
    p = 3 * column
    scratch.light[slot, p], scratch.light[slot, p + 1], scratch.light[slot, p + 2] = red, green, blue
    scratch.nearness[slot, column] = near
    scratch.kinds[slot, column] = np.uint8(kind)


@pixel_scalar
def _draw_sky(view, textures, scratch, slot, row, first, last, a, b):
    """Sky between two knots, ``first`` being the first one's column."""
    low = F(1.0)
    for end in range(2):
        x, y, z = ray(view, F(first + end * KNOT_DISTANCE), F(row))
        low = min(low, z / math.sqrt(x * x + y * y))
    for column in range(first, last):
        t = F(column - first) * STEP
        if low < F(LAND_TOP + 0.01):
            red, green, blue = sky_pixel(view, textures, F(column), F(row), a, b, t)
        else:
            red, green, blue = a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t
        _put(scratch, slot, column, red, green, blue, F(0.0), SEMANTIC_SKY)


@pixel_scalar
def _draw_verge(view, textures, levels, scratch, slot, row, first, last, p, q):
    """Nothing but verge between two knots with places ``p`` and ``q``."""
    for column in range(first, last):
        t = F(column - first) * STEP
        x, y, z = ray(view, F(column), F(row))
        near = -z / view.height
        depth = F(1.0) / near
        red, green, blue = shade_verge(view, textures, levels, x * depth, y * depth, F(0.0))
        beam = p.beam + (q.beam - p.beam) * t
        red *= view.light_r + beam
        green *= view.light_g + beam * F(0.96)
        blue *= view.light_b + beam * F(0.85)
        red, green, blue = arriving(view, p.clear + (q.clear - p.clear) * t, red, green, blue)
        _put(scratch, slot, column, red, green, blue, near, SEMANTIC_VERGE)


@pixel_scalar
def _draw_asphalt(view, roads, road, textures, levels, scratch, slot, row, first, last, a, b):
    """Nothing but asphalt between two knots."""
    for column in range(first, last):
        place = between(a, b, F(KNOT_DISTANCE), F(column - first) * STEP)
        _, _, z = ray(view, F(column), F(row))
        red, green, blue, _, _, puddle = shade_asphalt(view, roads, road, textures, levels, place.s, place.d)
        red, green, blue = light_ground(view, place, red, green, blue, puddle)
        red, green, blue = arriving(view, place.clear, red, green, blue)
        _put(scratch, slot, column, red, green, blue, -z / view.height, SEMANTIC_ROAD)


@pixel_scalar
def _draw_mixed(view, roads, road, textures, levels, scratch, slot, row, first, last, a, b, low, high):
    """Whatever lies on the ground between two knots that may be joined."""
    for column in range(first, last):
        place = between(a, b, F(KNOT_DISTANCE), F(column - first) * STEP)
        red, green, blue, near, kind = ground_pixel(
            view, roads, road, textures, levels, F(column), F(row), place, low, high
        )
        _put(scratch, slot, column, red, green, blue, near, kind)


@frame_scalar
def _draw_apart(view, roads, road, textures, levels, clouds, scratch, slot, row, first, last):
    """Pixels between knots that may not be joined: each is a knot of its own."""
    origin_x, origin_y = scratch.origins[slot, 0], scratch.origins[slot, 1]
    for column in range(first, last):
        knot = ground_knot(view, roads, road, origin_x, origin_y, F(column), F(row))
        if knot.element == -2:
            colour = sky_at(view, textures, clouds, F(column), F(row))
            red, green, blue = sky_pixel(view, textures, F(column), F(row), colour, colour, F(0.0))
            _put(scratch, slot, column, red, green, blue, F(0.0), SEMANTIC_SKY)
        else:
            red, green, blue, near, kind = ground_pixel(
                view, roads, road, textures, levels, F(column), F(row), knot.place, 0, roads.boundary_count[road]
            )
            _put(scratch, slot, column, red, green, blue, near, kind)


@frame_scalar
def draw_background(view, roads, road, textures, clouds, scratch, slot, row, columns):
    """One row of ground and sky."""
    origin_x, origin_y = scratch.origins[slot, 0], scratch.origins[slot, 1]
    levels = row_levels(view, textures, F(row))
    zero = F(0.0)
    left, left_sky = Knot(-2, open_place()), (zero, zero, zero)
    for number in range((columns + KNOT_DISTANCE - 1) // KNOT_DISTANCE + 1):
        # A span lies between this knot and the last; knots are computed in one place, for they are inlined.
        column = number * KNOT_DISTANCE
        right = ground_knot(view, roads, road, origin_x, origin_y, F(column), F(row))
        right_sky = left_sky
        if right.element == -2:
            right_sky = sky_at(view, textures, clouds, F(column), F(row))
        first, last = column - KNOT_DISTANCE, min(column, columns)
        if number > 0:
            if not joinable(view, roads, road, left, right):
                _draw_apart(view, roads, road, textures, levels, clouds, scratch, slot, row, first, last)
            elif left.element == -2:
                _draw_sky(view, textures, scratch, slot, row, first, last, left_sky, right_sky)
            else:
                kind, low, high = span_kind(view, roads, road, left, right)
                if kind == SPAN_VERGE:
                    _draw_verge(view, textures, levels, scratch, slot, row, first, last, left.place, right.place)
                elif kind == SPAN_ASPHALT:
                    _draw_asphalt(view, roads, road, textures, levels, scratch, slot, row, first, last, left, right)
                else:
                    _draw_mixed(
                        view, roads, road, textures, levels, scratch, slot, row, first, last, left, right, low, high
                    )
        left, left_sky = right, right_sky


@pixel_scalar
def row_edges(faces, slot, f, y):
    """The face's five edges in row ``y``."""
    return (
        row_edge(faces, slot, f, 0, y), row_edge(faces, slot, f, 1, y), row_edge(faces, slot, f, 2, y),
        row_edge(faces, slot, f, 3, y), row_edge(faces, slot, f, 4, y),
    )  # fmt: skip


@frame_scalar
def draw_faces(textures, scratch, slot, row, columns):
    """Lay the slot's faces over one row."""
    faces, light, behind = scratch.faces, scratch.light, scratch.behind
    for column in range(columns):
        scratch.owner[slot, column] = -1
    y = F(row)
    for f in range(scratch.face_count[slot]):
        if faces[slot, f, FIRST_ROW] > y or faces[slot, f, LAST_ROW] < y:
            continue
        edges = row_edges(faces, slot, f, y)
        alone = faces[slot, f, GROUP] < F(0.0)
        for column in range(int(faces[slot, f, FIRST_COLUMN]), int(faces[slot, f, LAST_COLUMN]) + 1):
            near, kind = scratch.nearness[slot, column], int(scratch.kinds[slot, column])
            found = face_at(faces, slot, f, textures, edges, F(column), y, near, kind)
            if found[0] <= F(0.0):
                continue
            p = 3 * column
            red, green, blue = light[slot, p], light[slot, p + 1], light[slot, p + 2]
            if alone:
                red, green, blue, near, kind = lay_single(faces, slot, f, found, red, green, blue, near, kind)
            else:
                tile = (
                    int(scratch.owner[slot, column]), scratch.tiled[slot, column], behind[slot, p],
                    behind[slot, p + 1], behind[slot, p + 2],
                )  # fmt: skip
                red, green, blue, near, kind, tile = lay_tile(faces, slot, f, found, red, green, blue, near, kind, tile)
                scratch.owner[slot, column], scratch.tiled[slot, column] = tile[0], tile[1]
                behind[slot, p], behind[slot, p + 1], behind[slot, p + 2] = tile[2], tile[3], tile[4]
            light[slot, p], light[slot, p + 1], light[slot, p + 2] = red, green, blue
            scratch.nearness[slot, column] = near
            scratch.kinds[slot, column] = np.uint8(kind)


@frame_scalar
def expose_row(view, textures, start, scratch, slot, rgb, i, c, row):
    """Grey levels of one row; ``rgb`` is (B, C, H, 3 W)."""
    light, noise = scratch.light, textures.noise
    exposure, sigma = view.exposure, view.noise * F(1.0 / NOISE_UNIT)
    for k in range(rgb.shape[3]):
        grain = F(noise[(start + k) & (NOISE_SIZE - 1)]) * sigma
        rgb[i, c, row, k] = np.uint8(grey_level(light[slot, k], exposure, grain))
