"""Faces on a CPU: laid over one row of pixels after the other, eight pixels at a time where looks are common."""

from __future__ import annotations

import numpy as np

from drive_sim.sensors.camera_faces import FIRST_COLUMN, FIRST_ROW, LAST_COLUMN, LAST_ROW, along, cover_at, sheet_of
from drive_sim.sensors.camera_looks import SHADOW, TREE, foliage_levels, mixed_colour, shadow_look, tree_look
from drive_sim.sensors.camera_pixels import face_at, lay_single, lay_tile, seen_share
from drive_sim.sensors.camera_rows import (
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
from drive_sim.sensors.camera_view import frame_scalar, pixel_scalar

F, INT = np.float32, np.int32
BLOCK = 8
"""Pixels of a face that are drawn at once: whole blocks, beyond its edge if need be, where it covers nothing."""
BAND = 8
"""Rows that share a list of the faces in them."""


@pixel_scalar
def _lay_over(sheet, rows, slot, column, cover, alpha, red, green, blue, inverse):
    """Lay a face on its own over a pixel, eight at a time."""
    near, kind = read(rows, slot, NEAR, column), read(rows, slot, KIND, column)
    found = (seen_share(alpha * sheet.alpha * cover, inverse, near, kind), red, green, blue, inverse)
    r, g, b = read(rows, slot, RED, column), read(rows, slot, GREEN, column), read(rows, slot, BLUE, column)
    r, g, b, near, kind = lay_single(sheet, found, r, g, b, near, kind)
    write_pixel(rows, slot, column, r, g, b, near, kind)


@pixel_scalar
def _draw_tree(sheet, textures, rows, slot, first, last):
    outline, light = foliage_levels(textures, sheet.level, sheet.parameters[0])
    for block in range((last - first + BLOCK - 1) // BLOCK):
        for k in range(BLOCK):
            column = first + block * BLOCK + k
            x = F(INT(column))
            inverse = along(sheet.plane, x)
            u, v = along(sheet.u, x) / inverse, along(sheet.v, x) / inverse
            alpha, dark, bright = tree_look(textures, outline, light, u, v)
            red, green, blue = mixed_colour(sheet, dark, bright)
            _lay_over(sheet, rows, slot, column, cover_at(sheet, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _draw_shadow(sheet, rows, slot, first, last):
    red, green, blue = sheet.main
    for block in range((last - first + BLOCK - 1) // BLOCK):
        for k in range(BLOCK):
            column = first + block * BLOCK + k
            x = F(INT(column))
            inverse = along(sheet.plane, x)
            u, v = along(sheet.u, x) / inverse, along(sheet.v, x) / inverse
            alpha = shadow_look(u, v, sheet.parameters[0], sheet.parameters[1])
            _lay_over(sheet, rows, slot, column, cover_at(sheet, x), alpha, red, green, blue, inverse)


@pixel_scalar
def _draw_face(sheet, textures, rows, slot, first, last):
    """A face with any look."""
    for column in range(first, last):
        near, kind = read(rows, slot, NEAR, column), read(rows, slot, KIND, column)
        found = face_at(sheet, textures, F(column), near, kind)
        if found[0] <= F(0.0):
            continue
        red, green, blue = (
            read(rows, slot, RED, column),
            read(rows, slot, GREEN, column),
            read(rows, slot, BLUE, column),
        )
        if sheet.group < F(0.0):
            red, green, blue, near, kind = lay_single(sheet, found, red, green, blue, near, kind)
        else:
            tile = (
                read(rows, slot, OWNER, column), read(rows, slot, TILED, column), read(rows, slot, BACK_RED, column),
                read(rows, slot, BACK_GREEN, column), read(rows, slot, BACK_BLUE, column),
            )  # fmt: skip
            red, green, blue, near, kind, tile = lay_tile(sheet, found, red, green, blue, near, kind, tile)
            write(rows, slot, OWNER, column, tile[0])
            write(rows, slot, TILED, column, tile[1])
            write(rows, slot, BACK_RED, column, tile[2])
            write(rows, slot, BACK_GREEN, column, tile[3])
            write(rows, slot, BACK_BLUE, column, tile[4])
        write_pixel(rows, slot, column, red, green, blue, near, kind)


@frame_scalar
def _list_faces(scratch, slot, row):
    """Note which faces there are in the `BAND` rows from ``row`` on, at the places 1 and on; how many at place 0."""
    faces, listed = scratch.faces, scratch.listed
    count, top, bottom = 0, F(row), F(row + BAND - 1)
    for f in range(scratch.face_count[slot]):
        # Written in any case: nobody can guess which faces these are.
        listed[slot, count + 1] = f
        count += int((faces[slot, f, FIRST_ROW] <= bottom) & (faces[slot, f, LAST_ROW] >= top))
    listed[slot, 0] = count


@frame_scalar
def draw_faces(textures, scratch, slot, row, columns):
    """Lay the slot's faces over one row; rows come one after the other from the first."""
    faces, rows = scratch.faces, scratch.rows
    for column in range(columns):
        write(rows, slot, OWNER, column, F(-1.0))
    if row % BAND == 0:
        _list_faces(scratch, slot, row)
    y = F(row)
    for number in range(scratch.listed[slot, 0]):
        f = scratch.listed[slot, number + 1]
        if faces[slot, f, FIRST_ROW] > y or faces[slot, f, LAST_ROW] < y:
            continue
        sheet = sheet_of(faces, slot, f, y)
        first, last = int(faces[slot, f, FIRST_COLUMN]), int(faces[slot, f, LAST_COLUMN]) + 1
        if sheet.look == TREE:
            _draw_tree(sheet, textures, rows, slot, first, last)
        elif sheet.look == SHADOW:
            _draw_shadow(sheet, rows, slot, first, last)
        else:
            _draw_face(sheet, textures, rows, slot, first, last)
