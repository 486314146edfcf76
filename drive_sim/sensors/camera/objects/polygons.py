"""Faces: convex flat polygons in the image, with edges anti-aliased by coverage.

Everything that stands on the ground is drawn as faces, from far to near. A face is one row of numbers: its bounds,
its edges as signed distances in pixels, inverse depth as an affine function of the pixel, texture coordinates, four
colours and a look (`camera_looks`). Building one takes the trouble once a frame, so that a pixel takes little.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import frame_scalar, limit, pixel_scalar
from drive_sim.sensors.camera.shading.textures import FOLIAGE_SIZE

F = np.float32
NEAR = 0.15
"""Faces are clipped at this depth [m]."""
MAX_CORNERS = 5
(
    FIRST_COLUMN,
    LAST_COLUMN,
    FIRST_ROW,
    LAST_ROW,
    SEMANTIC,  # class + camera_model.KINDS x instance
    LOOK,
    ALPHA,
    GROUP,  # faces of a group tile the same piece of the image; below 0 for a face on its own
    PIXEL_U,  # size of a pixel in u and v
    PIXEL_V,
    ASPECT,  # length of the face along u over its height
    LEVEL,  # of the foliage textures
) = range(12)
PARAMETER = 12  # three numbers for the look
PLANE = 15  # inverse depth = PLANE . (column, row, 1)
AXIS_U = 18  # u = AXIS_U . (column, row, 1) / inverse depth
AXIS_V = 21
EDGES = 24  # MAX_CORNERS edges: coverage = clamp(edge . (column, row, 1))
COLOURS = 39  # three colours, radiances
FACE_SIZE = 48
UNCHANGED = -1.0
"""Class of faces that change the colour only: shadows, reflections, glare."""


@frame_scalar
def to_camera(view, x, y, z):
    """(forward, left, up) in the camera's axes of a point of the view's world frame [m]."""
    z -= view.height
    return (
        x * view.forward_x + y * view.forward_y + z * view.forward_z,
        x * view.left_x + y * view.left_y + z * view.left_z,
        x * view.up_x + y * view.up_y + z * view.up_z,
    )


@frame_scalar
def _clip(corners, clipped):
    """Sutherland-Hodgman against the near plane; the number of vertices written to ``clipped``."""
    count = 0
    for k in range(4):
        a, b = corners[k], corners[(k + 1) % 4]
        if a[0] >= NEAR:
            clipped[count, 0], clipped[count, 1], clipped[count, 2] = a
            count += 1
        if (a[0] >= NEAR) != (b[0] >= NEAR):
            t = (NEAR - a[0]) / (b[0] - a[0])
            clipped[count, 0] = NEAR
            clipped[count, 1] = a[1] + t * (b[1] - a[1])
            clipped[count, 2] = a[2] + t * (b[2] - a[2])
            count += 1
    return count


@frame_scalar
def _affine(view, face, start, fx, fy, fz):
    """Store (f . ray) as an affine function of (column, row)."""
    face[start] = -fy * view.pixel
    face[start + 1] = -fz * view.pixel
    face[start + 2] = fx + (fy * view.centre_column + fz * view.centre_row) * view.pixel


@frame_scalar
def _store_edges(face, corners, count):
    """Edges of the projected polygon, ``corners`` being (column, row); inside is positive."""
    for k in range(MAX_CORNERS):
        e = EDGES + 3 * k
        face[e], face[e + 1], face[e + 2] = 0.0, 0.0, 1.0
        if k >= count:
            continue
        following = (k + 1) % count
        dx, dy = corners[following, 0] - corners[k, 0], corners[following, 1] - corners[k, 1]
        length = math.sqrt(dx * dx + dy * dy)
        if length < 1e-6:
            continue
        # Counter-clockwise in the camera's axes has its inside on the right in (column, row).
        ex, ey = dy / length, -dx / length
        face[e], face[e + 1] = ex, ey
        face[e + 2] = 0.5 - ex * corners[k, 0] - ey * corners[k, 1]


@frame_scalar
def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@frame_scalar
def turned_away(c0, c1, c3):
    """Whether the camera sees a face from behind; its corners 0, 1 and 3 as `add_face` takes them."""
    u, v = (c1[0] - c0[0], c1[1] - c0[1], c1[2] - c0[2]), (c3[0] - c0[0], c3[1] - c0[1], c3[2] - c0[2])
    n = _cross(u, v)
    return n[0] * c0[0] + n[1] * c0[1] + n[2] * c0[2] >= -1e-9


@frame_scalar
def add_face(view, size, scratch, slot, count, corners, group, semantic, look, parameters, alpha, colours):
    """Append a face if it is seen from its front; the new count, which goes on where there is no memory left.

    Parameters
    ----------
    corners
        Four points (forward, left, up) in the camera's axes [m], counter-clockwise seen from the front. Edge k runs
        from corner k to k + 1; u runs along edge 0, v from it towards edge 2, each 0..1.
    group
        Number of the piece that this face tiles together with others, so that nothing shines through between them;
        -1 for a face on its own.
    parameters, colours
        Three numbers and three colours for the look; ``alpha`` is its opacity.
    """
    c0, c1, c3 = corners[0], corners[1], corners[3]
    ux, uy, uz = c1[0] - c0[0], c1[1] - c0[1], c1[2] - c0[2]
    vx, vy, vz = c3[0] - c0[0], c3[1] - c0[1], c3[2] - c0[2]
    nx, ny, nz = _cross((ux, uy, uz), (vx, vy, vz))
    distance = nx * c0[0] + ny * c0[1] + nz * c0[2]
    if distance >= -1e-9:
        return count
    vertices = scratch.corners[slot]
    number = _clip(corners, vertices)
    if number < 3:
        return count
    left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
    middle_x, middle_y = 0.0, 0.0
    for k in range(number):
        scale = view.focal / vertices[k, 0]
        column, row = view.centre_column - scale * vertices[k, 1], view.centre_row - scale * vertices[k, 2]
        vertices[k, 0], vertices[k, 1] = column, row
        middle_x, middle_y = middle_x + column, middle_y + row
        left, right, top, bottom = min(left, column), max(right, column), min(top, row), max(bottom, row)
    rows, columns = size
    if right < -1.0 or left > columns or bottom < -1.0 or top > rows:
        return count
    if count >= scratch.faces.shape[1]:
        return count + 1
    face = scratch.faces[slot, count]
    face[FIRST_COLUMN], face[LAST_COLUMN] = max(0.0, math.floor(left)), min(columns - 1.0, math.ceil(right))
    face[FIRST_ROW], face[LAST_ROW] = max(0.0, math.floor(top)), min(rows - 1.0, math.ceil(bottom))
    face[SEMANTIC], face[LOOK], face[ALPHA], face[GROUP] = semantic, look, alpha, group
    for k in range(3):
        face[PARAMETER + k] = parameters[k]
        for m in range(3):
            face[COLOURS + 3 * k + m] = colours[k][m]
    px, py, pz = nx / distance, ny / distance, nz / distance
    _affine(view, face, PLANE, px, py, pz)
    # u along edge 0; v square to it, so that a trapezoid keeps straight rows.
    uu = max(ux * ux + uy * uy + uz * uz, 1e-12)
    uv = (ux * vx + uy * vy + uz * vz) / uu
    vx, vy, vz = vx - uv * ux, vy - uv * uy, vz - uv * uz
    vv = max(vx * vx + vy * vy + vz * vz, 1e-12)
    face[ASPECT] = math.sqrt(uu / vv)
    ux, uy, uz, vx, vy, vz = ux / uu, uy / uu, uz / uu, vx / vv, vy / vv, vz / vv
    u0 = ux * c0[0] + uy * c0[1] + uz * c0[2]
    v0 = vx * c0[0] + vy * c0[1] + vz * c0[2]
    _affine(view, face, AXIS_U, ux - u0 * px, uy - u0 * py, uz - u0 * pz)
    _affine(view, face, AXIS_V, vx - v0 * px, vy - v0 * py, vz - v0 * pz)
    _store_edges(face, vertices, number)
    middle_x, middle_y = middle_x / number, middle_y / number
    near = max(face[PLANE] * middle_x + face[PLANE + 1] * middle_y + face[PLANE + 2], 1e-6)
    for axis in range(2):
        a = AXIS_U + 3 * axis
        value = (face[a] * middle_x + face[a + 1] * middle_y + face[a + 2]) / near
        along = abs(face[a] - value * face[PLANE]) + abs(face[a + 1] - value * face[PLANE + 1])
        face[PIXEL_U + axis] = min(max(along / near, 1e-4), 8.0)
    texels = FOLIAGE_SIZE * face[PIXEL_V]
    face[LEVEL] = (texels >= 2.0) + (texels >= 4.0) + (texels >= 8.0) + (texels >= 16.0)
    return count + 1


@frame_scalar
def add_sprite(size, scratch, slot, count, place, radii, look, alpha, colours):
    """Append an axis-aligned image element at ``place`` (column, row), ``radii`` [pixels]; u and v run -1..1."""
    rows, columns = size
    if count >= scratch.faces.shape[1]:
        return count + 1
    face = scratch.faces[slot, count]
    face[FIRST_COLUMN] = max(0.0, math.floor(place[0] - radii[0]))
    face[LAST_COLUMN] = min(columns - 1.0, math.ceil(place[0] + radii[0]))
    face[FIRST_ROW] = max(0.0, math.floor(place[1] - radii[1]))
    face[LAST_ROW] = min(rows - 1.0, math.ceil(place[1] + radii[1]))
    face[SEMANTIC], face[LOOK], face[ALPHA], face[GROUP] = UNCHANGED, look, alpha, -1.0
    for k in range(3):
        for m in range(3):
            face[COLOURS + 3 * k + m] = colours[k][m]
        face[PLANE + k] = face[AXIS_U + k] = face[AXIS_V + k] = 0.0
    face[PLANE + 2] = 1e3
    face[AXIS_U], face[AXIS_U + 2] = 1e3 / radii[0], -1e3 * place[0] / radii[0]
    face[AXIS_V + 1], face[AXIS_V + 2] = 1e3 / radii[1], -1e3 * place[1] / radii[1]
    face[PIXEL_U], face[PIXEL_V] = 1.0 / radii[0], 1.0 / radii[1]
    for k in range(MAX_CORNERS):
        face[EDGES + 3 * k], face[EDGES + 3 * k + 1], face[EDGES + 3 * k + 2] = 0.0, 0.0, 1.0
    return count + 1


class Sheet(NamedTuple):
    """One face, or one row of it, ready to be drawn; float32.

    Of a face, what is affine is three numbers: change per column, change per row, value at (0, 0). Of a row it is a
    pair: change per column, value at column 0.
    """

    edges: Any  # five affine: how far inside an edge [pixels], from -0.5 to 0.5
    plane: Any  # affine: inverse depth
    u: Any  # affine: u times inverse depth
    v: Any
    semantic: Any
    group: Any
    look: Any
    alpha: Any
    pixel_u: Any
    pixel_v: Any
    aspect: Any
    level: Any
    parameters: Any  # three
    main: Any  # r, g, b
    dark: Any
    bright: Any


@pixel_scalar
def _three(faces, slot, f, start):
    return faces[slot, f, start], faces[slot, f, start + 1], faces[slot, f, start + 2]


@pixel_scalar
def sheet_of(faces, slot, f):
    """The `Sheet` of face ``f``."""
    return Sheet(
        (
            _three(faces, slot, f, EDGES), _three(faces, slot, f, EDGES + 3), _three(faces, slot, f, EDGES + 6),
            _three(faces, slot, f, EDGES + 9), _three(faces, slot, f, EDGES + 12),
        ),
        _three(faces, slot, f, PLANE), _three(faces, slot, f, AXIS_U), _three(faces, slot, f, AXIS_V),
        faces[slot, f, SEMANTIC], faces[slot, f, GROUP], faces[slot, f, LOOK], faces[slot, f, ALPHA],
        faces[slot, f, PIXEL_U], faces[slot, f, PIXEL_V], faces[slot, f, ASPECT], faces[slot, f, LEVEL],
        _three(faces, slot, f, PARAMETER), _three(faces, slot, f, COLOURS), _three(faces, slot, f, COLOURS + 3),
        _three(faces, slot, f, COLOURS + 6),
    )  # fmt: skip


@pixel_scalar
def _pair(affine, y):
    return affine[0], affine[1] * y + affine[2]


@pixel_scalar
def in_row(sheet, y):
    """The `Sheet` of row ``y`` of a face."""
    e = sheet.edges
    return Sheet(
        (_pair(e[0], y), _pair(e[1], y), _pair(e[2], y), _pair(e[3], y), _pair(e[4], y)),
        _pair(sheet.plane, y), _pair(sheet.u, y), _pair(sheet.v, y), sheet.semantic, sheet.group, sheet.look,
        sheet.alpha, sheet.pixel_u, sheet.pixel_v, sheet.aspect, sheet.level, sheet.parameters, sheet.main, sheet.dark,
        sheet.bright,
    )  # fmt: skip


@pixel_scalar
def along(pair, x):
    """The value of a pair in column ``x``."""
    return pair[0] * x + pair[1]


@pixel_scalar
def painted(sheet, look):
    """The `Sheet` with a look that the compiler knows."""
    return Sheet(
        sheet.edges, sheet.plane, sheet.u, sheet.v, sheet.semantic, sheet.group, F(look), sheet.alpha, sheet.pixel_u,
        sheet.pixel_v, sheet.aspect, sheet.level, sheet.parameters, sheet.main, sheet.dark, sheet.bright,
    )  # fmt: skip


@pixel_scalar
def columns_of(sheet, first, last):
    """(first column of first..last - 1 that may lie inside all edges of the face, and the one after the last)."""
    low, high = F(first), F(last)
    for edge in sheet.edges:
        # Where an edge's coverage begins or ends; nowhere for one along the row.
        there = -edge[1] / edge[0] if abs(edge[0]) > F(1e-4) else F(0.0)
        low = max(low, there) if edge[0] > F(1e-4) else low
        high = min(high, there + F(2.0)) if edge[0] < F(-1e-4) else high
    return int(low), int(max(high, low))


@pixel_scalar
def cover_at(sheet, x):
    """Share of the pixel in column ``x`` that the face covers, 0..1; exact for upright rectangles."""
    e = sheet.edges
    a = max(limit(along(e[0], x)) + limit(along(e[2], x)) - F(1.0), F(0.0))
    b = max(limit(along(e[1], x)) + limit(along(e[3], x)) - F(1.0), F(0.0))
    return a * b * limit(along(e[4], x))
