"""Convex flat polygons in the image, with edges anti-aliased by coverage.

Everything that stands on the ground is rendered as polygons, from far to near. A polygon is one row of numbers: its
bounds, its edges as signed distances in pixels, inverse depth as an affine function of the pixel, texture coordinates,
three colours and a material (`materials`). Building one takes the trouble once a frame, so that a pixel takes little:
`scanlines` reads them.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera.frame_setup import frame_scalar, pixel_scalar
from drive_sim.sensors.camera.shading.textures import FOLIAGE_SIZE

F = np.float32
NEAR_PLANE = 0.15
"""Polygons are clipped at this depth [m]."""
MAX_CORNERS = 5
(
    FIRST_COLUMN,
    LAST_COLUMN,
    FIRST_ROW,
    LAST_ROW,
    SEMANTIC,  # class + KINDS x instance
    MATERIAL,
    ALPHA,
    GROUP,  # polygons of a group tile the same piece of the image; below 0 for a polygon on its own
    PIXEL_U,  # size of a pixel in u and v
    PIXEL_V,
    ASPECT,  # length of the polygon along u over its height
    LEVEL,  # of the foliage textures
) = range(12)
PARAMETER = 12  # three numbers for the material
PLANE = 15  # inverse depth = PLANE . (column, row, 1)
AXIS_U = 18  # u = AXIS_U . (column, row, 1) / inverse depth
AXIS_V = 21
EDGES = 24  # MAX_CORNERS edges: coverage = clamp(edge . (column, row, 1))
COLOURS = 39  # three colours, radiances
POLYGON_SIZE = 48
UNCHANGED = -1.0
"""Class of polygons that change the colour only: shadows, reflections, glare."""


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
        if a[0] >= NEAR_PLANE:
            clipped[count, 0], clipped[count, 1], clipped[count, 2] = a
            count += 1
        if (a[0] >= NEAR_PLANE) != (b[0] >= NEAR_PLANE):
            t = (NEAR_PLANE - a[0]) / (b[0] - a[0])
            clipped[count, 0] = NEAR_PLANE
            clipped[count, 1] = a[1] + t * (b[1] - a[1])
            clipped[count, 2] = a[2] + t * (b[2] - a[2])
            count += 1
    return count


@frame_scalar
def _affine(view, polygon, start, fx, fy, fz):
    """Store (f . ray) as an affine function of (column, row)."""
    polygon[start] = -fy * view.pixel
    polygon[start + 1] = -fz * view.pixel
    polygon[start + 2] = fx + (fy * view.centre_column + fz * view.centre_row) * view.pixel


@frame_scalar
def _store_edges(polygon, corners, count):
    """Edges of the projected polygon, ``corners`` being (column, row); inside is positive."""
    for k in range(MAX_CORNERS):
        e = EDGES + 3 * k
        polygon[e], polygon[e + 1], polygon[e + 2] = 0.0, 0.0, 1.0
        if k >= count:
            continue
        following = (k + 1) % count
        dx, dy = corners[following, 0] - corners[k, 0], corners[following, 1] - corners[k, 1]
        length = math.sqrt(dx * dx + dy * dy)
        if length < 1e-6:
            continue
        # Counter-clockwise in the camera's axes has its inside on the right in (column, row).
        ex, ey = dy / length, -dx / length
        polygon[e], polygon[e + 1] = ex, ey
        polygon[e + 2] = 0.5 - ex * corners[k, 0] - ey * corners[k, 1]


@frame_scalar
def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@frame_scalar
def turned_away(c0, c1, c3):
    """Whether the camera sees a polygon from behind; its corners 0, 1 and 3 as `add_polygon` takes them."""
    u, v = (c1[0] - c0[0], c1[1] - c0[1], c1[2] - c0[2]), (c3[0] - c0[0], c3[1] - c0[1], c3[2] - c0[2])
    n = _cross(u, v)
    return n[0] * c0[0] + n[1] * c0[1] + n[2] * c0[2] >= -1e-9


@pixel_scalar
def _project(view, vertices, number):
    """Turn vertices into (column, row); (smallest, largest column, smallest, largest row), (mean column, mean row)."""
    left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
    middle_x, middle_y = 0.0, 0.0
    for k in range(number):
        scale = view.focal / vertices[k, 0]
        column, row = view.centre_column - scale * vertices[k, 1], view.centre_row - scale * vertices[k, 2]
        vertices[k, 0], vertices[k, 1] = column, row
        middle_x, middle_y = middle_x + column, middle_y + row
        left, right, top, bottom = min(left, column), max(right, column), min(top, row), max(bottom, row)
    return (left, right, top, bottom), (middle_x / number, middle_y / number)


@pixel_scalar
def _store_bounds(polygon, size, bounds):
    """Rows and columns of the image that a polygon with the given ``bounds`` may touch."""
    rows, columns = size
    left, right, top, bottom = bounds
    polygon[FIRST_COLUMN], polygon[LAST_COLUMN] = max(0.0, math.floor(left)), min(columns - 1.0, math.ceil(right))
    polygon[FIRST_ROW], polygon[LAST_ROW] = max(0.0, math.floor(top)), min(rows - 1.0, math.ceil(bottom))


@pixel_scalar
def _store_colours(polygon, colours):
    for k in range(3):
        for m in range(3):
            polygon[COLOURS + 3 * k + m] = colours[k][m]


@pixel_scalar
def _store_plane(view, polygon, corner, u, v, normal, distance):
    """Inverse depth and texture coordinates of the plane through ``corner`` with edges ``u`` and ``v`` from there.

    ``distance`` is the corner's along the ``normal``, the cross product of both.
    """
    ux, uy, uz = u
    vx, vy, vz = v
    px, py, pz = normal[0] / distance, normal[1] / distance, normal[2] / distance
    _affine(view, polygon, PLANE, px, py, pz)
    # u along edge 0; v square to it, so that a trapezoid keeps straight rows.
    uu = max(ux * ux + uy * uy + uz * uz, 1e-12)
    uv = (ux * vx + uy * vy + uz * vz) / uu
    vx, vy, vz = vx - uv * ux, vy - uv * uy, vz - uv * uz
    vv = max(vx * vx + vy * vy + vz * vz, 1e-12)
    polygon[ASPECT] = math.sqrt(uu / vv)
    ux, uy, uz, vx, vy, vz = ux / uu, uy / uu, uz / uu, vx / vv, vy / vv, vz / vv
    u0 = ux * corner[0] + uy * corner[1] + uz * corner[2]
    v0 = vx * corner[0] + vy * corner[1] + vz * corner[2]
    _affine(view, polygon, AXIS_U, ux - u0 * px, uy - u0 * py, uz - u0 * pz)
    _affine(view, polygon, AXIS_V, vx - v0 * px, vy - v0 * py, vz - v0 * pz)


@pixel_scalar
def _store_pixel_size(polygon, x, y):
    """Size of a pixel in u and v at (column ``x``, row ``y``), and the level of the foliage textures for it."""
    inverse_depth = max(polygon[PLANE] * x + polygon[PLANE + 1] * y + polygon[PLANE + 2], 1e-6)
    for axis in range(2):
        a = AXIS_U + 3 * axis
        value = (polygon[a] * x + polygon[a + 1] * y + polygon[a + 2]) / inverse_depth
        along = abs(polygon[a] - value * polygon[PLANE]) + abs(polygon[a + 1] - value * polygon[PLANE + 1])
        polygon[PIXEL_U + axis] = min(max(along / inverse_depth, 1e-4), 8.0)
    texels = FOLIAGE_SIZE * polygon[PIXEL_V]
    polygon[LEVEL] = (texels >= 2.0) + (texels >= 4.0) + (texels >= 8.0) + (texels >= 16.0)


@frame_scalar
def add_polygon(view, size, scratch, slot, count, corners, group, semantic, material, parameters, alpha, colours):
    """Append a polygon if it is seen from its front; the new count, which goes on where there is no memory left.

    Parameters
    ----------
    corners
        Four points (forward, left, up) in the camera's axes [m], counter-clockwise seen from the front. Edge k runs
        from corner k to k + 1; u runs along edge 0, v from it towards edge 2, each 0..1.
    group
        Number of the piece that this polygon tiles together with others, so that nothing shines through between them;
        -1 for a polygon on its own.
    parameters, colours
        Three numbers and three colours for the material; ``alpha`` is its opacity.
    """
    c0, c1, c3 = corners[0], corners[1], corners[3]
    u, v = (c1[0] - c0[0], c1[1] - c0[1], c1[2] - c0[2]), (c3[0] - c0[0], c3[1] - c0[1], c3[2] - c0[2])
    normal = _cross(u, v)
    distance = normal[0] * c0[0] + normal[1] * c0[1] + normal[2] * c0[2]
    if distance >= -1e-9:
        return count
    vertices = scratch.corners[slot]
    number = _clip(corners, vertices)
    if number < 3:
        return count
    bounds, middle = _project(view, vertices, number)
    left, right, top, bottom = bounds
    if right < -1.0 or left > size[1] or bottom < -1.0 or top > size[0]:
        return count
    if count >= scratch.polygons.shape[1]:
        return count + 1
    polygon = scratch.polygons[slot, count]
    _store_bounds(polygon, size, bounds)
    polygon[SEMANTIC], polygon[MATERIAL], polygon[ALPHA], polygon[GROUP] = semantic, material, alpha, group
    for k in range(3):
        polygon[PARAMETER + k] = parameters[k]
    _store_colours(polygon, colours)
    _store_plane(view, polygon, c0, u, v, normal, distance)
    _store_edges(polygon, vertices, number)
    _store_pixel_size(polygon, middle[0], middle[1])
    return count + 1


@frame_scalar
def add_sprite(size, scratch, slot, count, place, radii, material, alpha, colours):
    """Append an axis-aligned image element at ``place`` (column, row), ``radii`` [pixels]; u and v run -1..1."""
    rows, columns = size
    if count >= scratch.polygons.shape[1]:
        return count + 1
    polygon = scratch.polygons[slot, count]
    polygon[FIRST_COLUMN] = max(0.0, math.floor(place[0] - radii[0]))
    polygon[LAST_COLUMN] = min(columns - 1.0, math.ceil(place[0] + radii[0]))
    polygon[FIRST_ROW] = max(0.0, math.floor(place[1] - radii[1]))
    polygon[LAST_ROW] = min(rows - 1.0, math.ceil(place[1] + radii[1]))
    polygon[SEMANTIC], polygon[MATERIAL], polygon[ALPHA], polygon[GROUP] = UNCHANGED, material, alpha, -1.0
    _store_colours(polygon, colours)
    for k in range(3):
        polygon[PLANE + k] = polygon[AXIS_U + k] = polygon[AXIS_V + k] = 0.0
    polygon[PLANE + 2] = 1e3
    polygon[AXIS_U], polygon[AXIS_U + 2] = 1e3 / radii[0], -1e3 * place[0] / radii[0]
    polygon[AXIS_V + 1], polygon[AXIS_V + 2] = 1e3 / radii[1], -1e3 * place[1] / radii[1]
    polygon[PIXEL_U], polygon[PIXEL_V] = 1.0 / radii[0], 1.0 / radii[1]
    for k in range(MAX_CORNERS):
        polygon[EDGES + 3 * k], polygon[EDGES + 3 * k + 1], polygon[EDGES + 3 * k + 2] = 0.0, 0.0, 1.0
    return count + 1
