"""Faces: convex flat polygons in the picture, with anti-aliased edges.

Everything that stands on the ground is drawn as faces, from far to near. A face is one row of numbers: its bounds,
its edges as signed distances in pixels (so that coverage is a clamp), inverse depth as an affine function of the
pixel, its colour and its look.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.kernel import fast_scalar

F = np.float32
NEAR = 0.15
"""Faces are clipped at this depth [m]."""
MAX_EDGES = 5
FIRST_COLUMN, LAST_COLUMN, FIRST_ROW, LAST_ROW, SEMANTIC, EDGES, ALPHA = range(7)
COLOUR = 7
DEPTH_PLANE = 10
EDGE_LIST = 13
FACE_SIZE = EDGE_LIST + 3 * MAX_EDGES


@fast_scalar
def to_camera(view, x, y, z):
    """(forward, left, up) in the camera's axes of a point of the view's world frame [m]."""
    z -= view.height
    return (
        x * view.forward_x + y * view.forward_y + z * view.forward_z,
        x * view.left_x + y * view.left_y + z * view.left_z,
        x * view.up_x + y * view.up_y + z * view.up_z,
    )


@fast_scalar
def _clip(corners, clipped):
    """Sutherland-Hodgman against the near plane; the number of vertices in ``clipped`` (MAX_EDGES, 3)."""
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


@fast_scalar
def add_face(view, size, faces, work, count, corners, joined, semantic, colour, alpha):
    """Append a face to ``faces`` (P, FACE_SIZE) if it is seen; the new count.

    ``corners``: four points (forward, left, up) in the camera's axes [m], counter-clockwise seen from outside.
    Edge k runs from corner k to k + 1; bit k of ``joined`` says that another visible face, drawn later, joins there,
    so that this one must reach below it.
    """
    if count >= faces.shape[0]:
        return count
    # The plane n . p = distance; seen only from outside.
    ax, ay, az = corners[1][0] - corners[0][0], corners[1][1] - corners[0][1], corners[1][2] - corners[0][2]
    bx, by, bz = corners[2][0] - corners[0][0], corners[2][1] - corners[0][1], corners[2][2] - corners[0][2]
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    distance = nx * corners[0][0] + ny * corners[0][1] + nz * corners[0][2]
    if distance >= -1e-9:
        return count
    vertices = _clip(corners, work)
    if vertices < 3:
        return count
    left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
    for k in range(vertices):
        column = view.centre_column - view.focal * work[k, 1] / work[k, 0]
        row = view.centre_row - view.focal * work[k, 2] / work[k, 0]
        work[k, 0], work[k, 1] = column, row
        left, right, top, bottom = min(left, column), max(right, column), min(top, row), max(bottom, row)
    rows, columns = size
    if right < -0.5 or left > columns - 0.5 or bottom < -0.5 or top > rows - 0.5:
        return count
    face = faces[count]
    face[FIRST_COLUMN] = max(0, math.floor(left))
    face[LAST_COLUMN] = min(columns - 1, math.ceil(right))
    face[FIRST_ROW] = max(0, math.floor(top))
    face[LAST_ROW] = min(rows - 1, math.ceil(bottom))
    face[SEMANTIC] = semantic
    face[ALPHA] = alpha
    for k in range(3):
        face[COLOUR + k] = colour[k]
    # Inverse depth of the plane along the ray (1, a, b): affine in column and row.
    base = (nx + ny * view.centre_column * view.pixel + nz * view.centre_row * view.pixel) / distance
    face[DEPTH_PLANE] = -ny * view.pixel / distance
    face[DEPTH_PLANE + 1] = -nz * view.pixel / distance
    face[DEPTH_PLANE + 2] = base
    edges = 0
    for k in range(vertices):
        x0, y0 = work[k, 0], work[k, 1]
        following = (k + 1) % vertices
        dx, dy = work[following, 0] - x0, work[following, 1] - y0
        length = math.sqrt(dx * dx + dy * dy)
        if length < 1e-6:
            continue
        # Counter-clockwise from outside is with the inside to the right, rows counting downwards.
        ex, ey = dy / length, -dx / length
        margin = 0.5
        if vertices == 4 and (joined >> k) & 1:
            margin = 1.5
        face[EDGE_LIST + 3 * edges] = ex
        face[EDGE_LIST + 3 * edges + 1] = ey
        face[EDGE_LIST + 3 * edges + 2] = margin - ex * x0 - ey * y0
        edges += 1
    face[EDGES] = edges
    return count + 1


@fast_scalar
def face_cover(face, column, row):
    """Share of pixel (row, column) that the face covers, 0..1."""
    x, y = F(column), F(row)
    cover = F(1.0)
    for k in range(int(face[EDGES])):
        e = EDGE_LIST + 3 * k
        cover = min(cover, face[e] * x + face[e + 1] * y + face[e + 2])
    return max(cover, F(0.0))


@fast_scalar
def face_inverse_depth(face, column, row):
    """1 / depth [1/m] of the face's plane in pixel (row, column)."""
    return face[DEPTH_PLANE] * F(column) + face[DEPTH_PLANE + 1] * F(row) + face[DEPTH_PLANE + 2]
