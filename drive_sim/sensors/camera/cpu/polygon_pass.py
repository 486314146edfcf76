"""Polygons on a CPU: laid over one block of rows after the other, eight pixels at a time where materials are common."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import frame_scalar, pixel_scalar
from drive_sim.sensors.camera.objects.materials import (
    CONE,
    END,
    GLASS,
    PERSON,
    PLAIN,
    POST,
    RIDER,
    ROOF,
    SHADOW,
    SIDE,
    SIGN,
    TREE,
    WALL,
    foliage_levels,
    mixed_colour,
    shadow_material,
    small_material,
    tree_material,
)
from drive_sim.sensors.camera.objects.polygons import FIRST_COLUMN, FIRST_ROW, LAST_COLUMN, LAST_ROW
from drive_sim.sensors.camera.objects.scanlines import along, columns_of, cover_at, in_row, polygon_of, with_material
from drive_sim.sensors.camera.pixel import lay_single, lay_tile, polygon_at, seen_share
from drive_sim.sensors.camera.pixel_blocks import (
    BACK_BLUE,
    BACK_GREEN,
    BACK_RED,
    BLUE,
    GREEN,
    INVERSE_DEPTH,
    KIND,
    OWNER,
    RED,
    TILED,
    read,
    write,
    write_pixel,
)

F, INT = np.float32, np.int32


class Part(NamedTuple):
    """The piece of an image that a polygon covers in a block."""

    top: Any  # first row
    bottom: Any  # the one after the last
    left: Any  # first column
    right: Any  # the one after the last
    first: Any  # entry of a buffer where row 0 of the image would begin
    pitch: Any  # entries from one row to the next


BATCH = 8
"""Pixels of a polygon that are shaded at once: whole batches, beyond its edge if need be, where it covers nothing."""


@pixel_scalar
def _lay_over(scanline, rows, slot, column, cover, alpha, red, green, blue, inverse):
    """Lay a polygon on its own over a pixel, eight at a time."""
    inverse_depth, kind = read(rows, slot, INVERSE_DEPTH, column), read(rows, slot, KIND, column)
    found = (seen_share(alpha * scanline.alpha * cover, inverse, inverse_depth, kind), red, green, blue, inverse)
    r, g, b = read(rows, slot, RED, column), read(rows, slot, GREEN, column), read(rows, slot, BLUE, column)
    r, g, b, inverse_depth, kind = lay_single(scanline, found, r, g, b, inverse_depth, kind)
    write_pixel(rows, slot, column, r, g, b, inverse_depth, kind)


@pixel_scalar
def _rasterise_tree(polygon, textures, rows, slot, part):
    outline, light = foliage_levels(textures, polygon.level, polygon.parameters[0])
    for row in range(part.top, part.bottom):
        scanline, start = in_row(polygon, F(INT(row))), part.first + row * part.pitch
        for batch in range((part.right - part.left + BATCH - 1) // BATCH):
            for k in range(BATCH):
                column = part.left + batch * BATCH + k
                x = F(INT(column))
                inverse = along(scanline.plane, x)
                u, v = along(scanline.u, x) / inverse, along(scanline.v, x) / inverse
                alpha, dark, bright = tree_material(textures, outline, light, u, v)
                red, green, blue = mixed_colour(scanline, dark, bright)
                _lay_over(scanline, rows, slot, start + column, cover_at(scanline, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _rasterise_shadow(polygon, rows, slot, part):
    red, green, blue = polygon.main
    for row in range(part.top, part.bottom):
        scanline, start = in_row(polygon, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(scanline, part.left, part.right)
        for batch in range((right - left + BATCH - 1) // BATCH):
            for k in range(BATCH):
                column = left + batch * BATCH + k
                x = F(INT(column))
                inverse = along(scanline.plane, x)
                u, v = along(scanline.u, x) / inverse, along(scanline.v, x) / inverse
                alpha = shadow_material(u, v, scanline.parameters[0], scanline.parameters[1])
                _lay_over(scanline, rows, slot, start + column, cover_at(scanline, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _lay_tile_over(scanline, rows, slot, n, found):
    """Lay a polygon of a group over pixel ``n``; ``found`` is what `polygon_at` finds."""
    red, green, blue = read(rows, slot, RED, n), read(rows, slot, GREEN, n), read(rows, slot, BLUE, n)
    tile = (
        read(rows, slot, OWNER, n), read(rows, slot, TILED, n), read(rows, slot, BACK_RED, n),
        read(rows, slot, BACK_GREEN, n), read(rows, slot, BACK_BLUE, n),
    )  # fmt: skip
    inverse_depth, kind = read(rows, slot, INVERSE_DEPTH, n), read(rows, slot, KIND, n)
    red, green, blue, inverse_depth, kind, tile = lay_tile(scanline, found, red, green, blue, inverse_depth, kind, tile)
    write(rows, slot, OWNER, n, tile[0])
    write(rows, slot, TILED, n, tile[1])
    write(rows, slot, BACK_RED, n, tile[2])
    write(rows, slot, BACK_GREEN, n, tile[3])
    write(rows, slot, BACK_BLUE, n, tile[4])
    write_pixel(rows, slot, n, red, green, blue, inverse_depth, kind)


@pixel_scalar
def _rasterise_tiles(polygon, rows, slot, part):
    """A polygon of a group whose material the compiler knows."""
    for row in range(part.top, part.bottom):
        scanline, start = in_row(polygon, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(scanline, part.left, part.right)
        for batch in range((right - left + BATCH - 1) // BATCH):
            for k in range(BATCH):
                column = left + batch * BATCH + k
                x, n = F(INT(column)), start + column
                inverse = along(scanline.plane, x)
                share = F(1.0) / max(inverse, F(1e-6))
                alpha, dark, bright = small_material(
                    scanline, along(scanline.u, x) * share, along(scanline.v, x) * share
                )
                red, green, blue = mixed_colour(scanline, dark, bright)
                inverse_depth, kind = read(rows, slot, INVERSE_DEPTH, n), read(rows, slot, KIND, n)
                alpha = seen_share(alpha * scanline.alpha * cover_at(scanline, x), inverse, inverse_depth, kind)
                _lay_tile_over(scanline, rows, slot, n, (alpha, red, green, blue, inverse))


@pixel_scalar
def _rasterise_single(polygon, rows, slot, part):
    """A polygon on its own whose material the compiler knows."""
    for row in range(part.top, part.bottom):
        scanline, start = in_row(polygon, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(scanline, part.left, part.right)
        for batch in range((right - left + BATCH - 1) // BATCH):
            for k in range(BATCH):
                column = left + batch * BATCH + k
                x = F(INT(column))
                inverse = along(scanline.plane, x)
                share = F(1.0) / max(inverse, F(1e-6))
                alpha, dark, bright = small_material(
                    scanline, along(scanline.u, x) * share, along(scanline.v, x) * share
                )
                red, green, blue = mixed_colour(scanline, dark, bright)
                _lay_over(scanline, rows, slot, start + column, cover_at(scanline, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _rasterise_any(polygon, textures, rows, slot, part):
    """A polygon with any material."""
    for row in range(part.top, part.bottom):
        scanline, start = in_row(polygon, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(scanline, part.left, part.right)
        for column in range(left, right):
            n = start + column
            inverse_depth, kind = read(rows, slot, INVERSE_DEPTH, n), read(rows, slot, KIND, n)
            found = polygon_at(scanline, textures, F(column), inverse_depth, kind)
            if found[0] <= F(0.0):
                continue
            if scanline.group < F(0.0):
                red, green, blue = read(rows, slot, RED, n), read(rows, slot, GREEN, n), read(rows, slot, BLUE, n)
                red, green, blue, inverse_depth, kind = lay_single(
                    scanline, found, red, green, blue, inverse_depth, kind
                )
                write_pixel(rows, slot, n, red, green, blue, inverse_depth, kind)
            else:
                _lay_tile_over(scanline, rows, slot, n, found)


@pixel_scalar
def _rasterise_tile(polygon, textures, rows, slot, part):
    """A polygon of a group: common materials eight pixels at a time."""
    if polygon.material == SIDE:
        _rasterise_tiles(with_material(polygon, SIDE), rows, slot, part)
    elif polygon.material == END:
        _rasterise_tiles(with_material(polygon, END), rows, slot, part)
    elif polygon.material == GLASS:
        _rasterise_tiles(with_material(polygon, GLASS), rows, slot, part)
    elif polygon.material == PLAIN:
        _rasterise_tiles(with_material(polygon, PLAIN), rows, slot, part)
    elif polygon.material == WALL:
        _rasterise_tiles(with_material(polygon, WALL), rows, slot, part)
    elif polygon.material == ROOF:
        _rasterise_tiles(with_material(polygon, ROOF), rows, slot, part)
    else:
        _rasterise_any(polygon, textures, rows, slot, part)


@frame_scalar
def rasterise_polygons(scratch, slot, textures, block):
    """Lay the slot's polygons over a block."""
    polygons, rows = scratch.polygons, scratch.rows
    top, bottom = F(block.row), F(block.row + block.lines - 1)
    for n in range(block.lines * block.pitch):
        write(rows, slot, OWNER, n, F(-1.0))
    for f in range(scratch.polygon_count[slot]):
        if polygons[slot, f, FIRST_ROW] > bottom or polygons[slot, f, LAST_ROW] < top:
            continue
        part = Part(
            max(int(polygons[slot, f, FIRST_ROW]), block.row),
            min(int(polygons[slot, f, LAST_ROW]) + 1, block.row + block.lines),
            int(polygons[slot, f, FIRST_COLUMN]),
            int(polygons[slot, f, LAST_COLUMN]) + 1,
            -block.row * block.pitch,
            block.pitch,
        )
        polygon = polygon_of(polygons, slot, f)
        material = polygon.material
        if material == TREE:
            _rasterise_tree(polygon, textures, rows, slot, part)
        elif material == SHADOW:
            _rasterise_shadow(polygon, rows, slot, part)
        elif polygon.group >= F(0.0):
            _rasterise_tile(polygon, textures, rows, slot, part)
        elif material == PERSON:
            _rasterise_single(with_material(polygon, PERSON), rows, slot, part)
        elif material == POST:
            _rasterise_single(with_material(polygon, POST), rows, slot, part)
        elif material == RIDER:
            _rasterise_single(with_material(polygon, RIDER), rows, slot, part)
        elif material == CONE:
            _rasterise_single(with_material(polygon, CONE), rows, slot, part)
        elif material == SIGN:
            _rasterise_single(with_material(polygon, SIGN), rows, slot, part)
        else:
            _rasterise_any(polygon, textures, rows, slot, part)
