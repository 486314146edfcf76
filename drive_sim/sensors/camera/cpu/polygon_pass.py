"""Faces on a CPU: laid over one band of rows after the other, eight pixels at a time where looks are common."""

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
    shadow_look,
    small_look,
    tree_look,
)
from drive_sim.sensors.camera.objects.polygons import (
    FIRST_COLUMN,
    FIRST_ROW,
    LAST_COLUMN,
    LAST_ROW,
    along,
    columns_of,
    cover_at,
    in_row,
    painted,
    sheet_of,
)
from drive_sim.sensors.camera.pixel import face_at, lay_single, lay_tile, seen_share
from drive_sim.sensors.camera.pixel_blocks import (
    BACK_BLUE,
    BACK_GREEN,
    BACK_RED,
    BLUE,
    GREEN,
    KIND,
    NEAR,
    OWNER,
    RED,
    TILED,
    read,
    write,
    write_pixel,
)

F, INT = np.float32, np.int32


class Part(NamedTuple):
    """The piece of an image that a face covers in a band."""

    top: Any  # first row
    bottom: Any  # the one after the last
    left: Any  # first column
    right: Any  # the one after the last
    first: Any  # entry of a buffer where row 0 of the image would begin
    pitch: Any  # entries from one row to the next


BLOCK = 8
"""Pixels of a face that are drawn at once: whole blocks, beyond its edge if need be, where it covers nothing."""


@pixel_scalar
def _lay_over(sheet, rows, slot, column, cover, alpha, red, green, blue, inverse):
    """Lay a face on its own over a pixel, eight at a time."""
    near, kind = read(rows, slot, NEAR, column), read(rows, slot, KIND, column)
    found = (seen_share(alpha * sheet.alpha * cover, inverse, near, kind), red, green, blue, inverse)
    r, g, b = read(rows, slot, RED, column), read(rows, slot, GREEN, column), read(rows, slot, BLUE, column)
    r, g, b, near, kind = lay_single(sheet, found, r, g, b, near, kind)
    write_pixel(rows, slot, column, r, g, b, near, kind)


@pixel_scalar
def _draw_tree(face, textures, rows, slot, part):
    outline, light = foliage_levels(textures, face.level, face.parameters[0])
    for row in range(part.top, part.bottom):
        sheet, start = in_row(face, F(INT(row))), part.first + row * part.pitch
        for block in range((part.right - part.left + BLOCK - 1) // BLOCK):
            for k in range(BLOCK):
                column = part.left + block * BLOCK + k
                x = F(INT(column))
                inverse = along(sheet.plane, x)
                u, v = along(sheet.u, x) / inverse, along(sheet.v, x) / inverse
                alpha, dark, bright = tree_look(textures, outline, light, u, v)
                red, green, blue = mixed_colour(sheet, dark, bright)
                _lay_over(sheet, rows, slot, start + column, cover_at(sheet, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _draw_shadow(face, rows, slot, part):
    red, green, blue = face.main
    for row in range(part.top, part.bottom):
        sheet, start = in_row(face, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(sheet, part.left, part.right)
        for block in range((right - left + BLOCK - 1) // BLOCK):
            for k in range(BLOCK):
                column = left + block * BLOCK + k
                x = F(INT(column))
                inverse = along(sheet.plane, x)
                u, v = along(sheet.u, x) / inverse, along(sheet.v, x) / inverse
                alpha = shadow_look(u, v, sheet.parameters[0], sheet.parameters[1])
                _lay_over(sheet, rows, slot, start + column, cover_at(sheet, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _lay_tile_over(sheet, rows, slot, n, found):
    """Lay a face of a group over pixel ``n``; ``found`` is what `face_at` finds."""
    red, green, blue = read(rows, slot, RED, n), read(rows, slot, GREEN, n), read(rows, slot, BLUE, n)
    tile = (
        read(rows, slot, OWNER, n), read(rows, slot, TILED, n), read(rows, slot, BACK_RED, n),
        read(rows, slot, BACK_GREEN, n), read(rows, slot, BACK_BLUE, n),
    )  # fmt: skip
    near, kind = read(rows, slot, NEAR, n), read(rows, slot, KIND, n)
    red, green, blue, near, kind, tile = lay_tile(sheet, found, red, green, blue, near, kind, tile)
    write(rows, slot, OWNER, n, tile[0])
    write(rows, slot, TILED, n, tile[1])
    write(rows, slot, BACK_RED, n, tile[2])
    write(rows, slot, BACK_GREEN, n, tile[3])
    write(rows, slot, BACK_BLUE, n, tile[4])
    write_pixel(rows, slot, n, red, green, blue, near, kind)


@pixel_scalar
def _draw_tiles(face, rows, slot, part):
    """A face of a group whose look the compiler knows."""
    for row in range(part.top, part.bottom):
        sheet, start = in_row(face, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(sheet, part.left, part.right)
        for block in range((right - left + BLOCK - 1) // BLOCK):
            for k in range(BLOCK):
                column = left + block * BLOCK + k
                x, n = F(INT(column)), start + column
                inverse = along(sheet.plane, x)
                share = F(1.0) / max(inverse, F(1e-6))
                alpha, dark, bright = small_look(sheet, along(sheet.u, x) * share, along(sheet.v, x) * share)
                red, green, blue = mixed_colour(sheet, dark, bright)
                near, kind = read(rows, slot, NEAR, n), read(rows, slot, KIND, n)
                alpha = seen_share(alpha * sheet.alpha * cover_at(sheet, x), inverse, near, kind)
                _lay_tile_over(sheet, rows, slot, n, (alpha, red, green, blue, inverse))


@pixel_scalar
def _draw_single(face, rows, slot, part):
    """A face on its own whose look the compiler knows."""
    for row in range(part.top, part.bottom):
        sheet, start = in_row(face, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(sheet, part.left, part.right)
        for block in range((right - left + BLOCK - 1) // BLOCK):
            for k in range(BLOCK):
                column = left + block * BLOCK + k
                x = F(INT(column))
                inverse = along(sheet.plane, x)
                share = F(1.0) / max(inverse, F(1e-6))
                alpha, dark, bright = small_look(sheet, along(sheet.u, x) * share, along(sheet.v, x) * share)
                red, green, blue = mixed_colour(sheet, dark, bright)
                _lay_over(sheet, rows, slot, start + column, cover_at(sheet, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _draw_face(face, textures, rows, slot, part):
    """A face with any look."""
    for row in range(part.top, part.bottom):
        sheet, start = in_row(face, F(INT(row))), part.first + row * part.pitch
        left, right = columns_of(sheet, part.left, part.right)
        for column in range(left, right):
            n = start + column
            near, kind = read(rows, slot, NEAR, n), read(rows, slot, KIND, n)
            found = face_at(sheet, textures, F(column), near, kind)
            if found[0] <= F(0.0):
                continue
            if sheet.group < F(0.0):
                red, green, blue = read(rows, slot, RED, n), read(rows, slot, GREEN, n), read(rows, slot, BLUE, n)
                red, green, blue, near, kind = lay_single(sheet, found, red, green, blue, near, kind)
                write_pixel(rows, slot, n, red, green, blue, near, kind)
            else:
                _lay_tile_over(sheet, rows, slot, n, found)


@pixel_scalar
def _draw_tile(face, textures, rows, slot, part):
    """A face of a group: common looks eight pixels at a time."""
    if face.look == SIDE:
        _draw_tiles(painted(face, SIDE), rows, slot, part)
    elif face.look == END:
        _draw_tiles(painted(face, END), rows, slot, part)
    elif face.look == GLASS:
        _draw_tiles(painted(face, GLASS), rows, slot, part)
    elif face.look == PLAIN:
        _draw_tiles(painted(face, PLAIN), rows, slot, part)
    elif face.look == WALL:
        _draw_tiles(painted(face, WALL), rows, slot, part)
    elif face.look == ROOF:
        _draw_tiles(painted(face, ROOF), rows, slot, part)
    else:
        _draw_face(face, textures, rows, slot, part)


@frame_scalar
def draw_faces(scratch, slot, textures, band):
    """Lay the slot's faces over a band."""
    faces, rows = scratch.faces, scratch.rows
    top, bottom = F(band.row), F(band.row + band.lines - 1)
    for n in range(band.lines * band.pitch):
        write(rows, slot, OWNER, n, F(-1.0))
    for f in range(scratch.face_count[slot]):
        if faces[slot, f, FIRST_ROW] > bottom or faces[slot, f, LAST_ROW] < top:
            continue
        part = Part(
            max(int(faces[slot, f, FIRST_ROW]), band.row),
            min(int(faces[slot, f, LAST_ROW]) + 1, band.row + band.lines),
            int(faces[slot, f, FIRST_COLUMN]),
            int(faces[slot, f, LAST_COLUMN]) + 1,
            -band.row * band.pitch,
            band.pitch,
        )
        face = sheet_of(faces, slot, f)
        look = face.look
        if look == TREE:
            _draw_tree(face, textures, rows, slot, part)
        elif look == SHADOW:
            _draw_shadow(face, rows, slot, part)
        elif face.group >= F(0.0):
            _draw_tile(face, textures, rows, slot, part)
        elif look == PERSON:
            _draw_single(painted(face, PERSON), rows, slot, part)
        elif look == POST:
            _draw_single(painted(face, POST), rows, slot, part)
        elif look == RIDER:
            _draw_single(painted(face, RIDER), rows, slot, part)
        elif look == CONE:
            _draw_single(painted(face, CONE), rows, slot, part)
        elif look == SIGN:
            _draw_single(painted(face, SIGN), rows, slot, part)
        else:
            _draw_face(face, textures, rows, slot, part)
