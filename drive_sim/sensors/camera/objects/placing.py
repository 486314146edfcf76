"""Objects turned into polygons: where they are, the light on them, their shadows and reflections."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.sensors.camera.frame_setup import frame_scalar
from drive_sim.sensors.camera.objects.materials import SHADOW
from drive_sim.sensors.camera.objects.meshes import (
    MODE_FOIL,
    MODE_FOIL_PAINT,
    MODE_FRONT,
    MODE_OWN,
    MODE_PAINT,
    MODE_REAR,
    MODE_SHINE,
)
from drive_sim.sensors.camera.objects.polygons import UNCHANGED, add_polygon, to_camera, turned_away
from drive_sim.sensors.camera.semantics import KINDS
from drive_sim.sensors.camera.shading.light import low_beam, transmission

F = np.float32


class Placement(NamedTuple):
    """Where an object stands, what it is, and what is the same all over it; float64."""

    x: Any  # [m] in the view's world frame
    y: Any
    cos: Any  # its heading
    sin: Any
    length: Any  # [m]
    width: Any
    height: Any
    red: Any  # reflectance
    green: Any
    blue: Any
    front: Any  # radiance of its lamps
    rear: Any
    distance: Any  # from the camera on the ground [m]
    clear: Any  # share of light that fog lets pass
    beam: Any  # light of the ego's headlights there


@frame_scalar
def placed_at(view, x, y, heading, size, colour, front, rear):
    """The `Placement` of an object at (x, y) of the view's world frame.

    ``heading`` is (cosine, sine) of its yaw, ``size`` (length, width, height).
    """
    distance = math.sqrt(x * x + y * y)
    clear = transmission(F(view.fog * distance))
    beam = low_beam(view, F(x), F(y)) if view.beam > F(0.0) else F(0.0)
    return Placement(
        x, y, heading[0], heading[1], size[0], size[1], size[2], colour[0], colour[1], colour[2], front, rear,
        max(distance, 0.1), np.float64(clear), np.float64(beam),
    )  # fmt: skip


@frame_scalar
def light_on(view, placed, nx, ny, nz, height):
    """Light (r, g, b) on a surface with the world normal (nx, ny, nz), about ``height`` [m] above the ground."""
    sky = (0.58 + 0.42 * nz) * view.ambient
    sun = view.sun * max(nx * view.sun_x + ny * view.sun_y + nz * view.sun_z, 0.0) / max(view.sun_z, F(0.35))
    facing = max(-(nx * placed.x + ny * placed.y) / placed.distance, 0.0)
    # The cut-off of dipped headlights: little light above the waist.
    lamp = placed.beam * (0.15 + 0.85 * facing) * (1.3 if height < 0.9 else 0.55)
    return sky + sun + lamp, sky + sun * view.sun_tint_g + 0.96 * lamp, sky + sun * view.sun_tint_b + 0.85 * lamp


@frame_scalar
def hazy(view, placed, r, g, b):
    """A radiance as it arrives through the fog."""
    return (
        view.horizon_r + (r - view.horizon_r) * placed.clear,
        view.horizon_g + (g - view.horizon_g) * placed.clear,
        view.horizon_b + (b - view.horizon_b) * placed.clear,
    )


@frame_scalar
def radiance_of(view, placed, palette, m, light):
    """Radiance (r, g, b) of colour ``m`` of the palette on an object in ``light``, as it arrives."""
    mode = palette[m, 0]
    r, g, b = np.float64(palette[m, 1]), np.float64(palette[m, 2]), np.float64(palette[m, 3])
    if mode in (MODE_PAINT, MODE_FOIL_PAINT):
        r, g, b = r * placed.red, g * placed.green, b * placed.blue
    if mode in (MODE_OWN, MODE_PAINT):
        r, g, b = r * light[0], g * light[1], b * light[2]
    elif mode in (MODE_FOIL, MODE_FOIL_PAINT):
        # Retro-reflecting foil sends the headlights' light back.
        foil = 4.0 * placed.beam
        r, g, b = r * (light[0] + foil), g * (light[1] + foil), b * (light[2] + foil)
    elif mode == MODE_SHINE:
        r, g, b = r * view.horizon_r, g * view.horizon_g, b * view.horizon_b
    else:
        power = view.night * 1.0
        if mode == MODE_FRONT:
            power = placed.front
        elif mode == MODE_REAR:
            power = placed.rear
        r, g, b = r * power, g * power, b * power
    return hazy(view, placed, r, g, b)


@frame_scalar
def corner_at(view, placed, x, y, z):
    """A point of the object's frame [m] in the camera's axes."""
    return to_camera(view, placed.x + placed.cos * x - placed.sin * y, placed.y + placed.sin * x + placed.cos * y, z)


@frame_scalar
def _mesh_corner(view, placed, meshes, q, k):
    corner = meshes.corners
    x, y, z = placed.length * corner[q, k, 0], placed.width * corner[q, k, 1], placed.height * corner[q, k, 2]
    return corner_at(view, placed, x, y, z)


@frame_scalar
def _add_mesh_polygon(view, size, scratch, slot, count, placed, meshes, q, semantic, group, extra):
    corners = (
        _mesh_corner(view, placed, meshes, q, 0),
        _mesh_corner(view, placed, meshes, q, 1),
        _mesh_corner(view, placed, meshes, q, 2),
        _mesh_corner(view, placed, meshes, q, 3),
    )
    # Half of all polygons: no need to know how they are lit.
    if turned_away(corners[0], corners[1], corners[3]):
        return count
    nx, ny, nz = meshes.normal[q, 0], meshes.normal[q, 1], meshes.normal[q, 2]
    height = 0.5 * placed.height * (meshes.corners[q, 0, 2] + meshes.corners[q, 2, 2])
    light = light_on(view, placed, placed.cos * nx - placed.sin * ny, placed.sin * nx + placed.cos * ny, nz, height)
    chosen, palette = meshes.colours, meshes.palette
    colours = (
        radiance_of(view, placed, palette, chosen[q, 0], light),
        radiance_of(view, placed, palette, chosen[q, 1], light),
        radiance_of(view, placed, palette, chosen[q, 2], light),
    )
    given = meshes.parameters
    parameters = (given[q, 0] + extra[0], given[q, 1] + extra[1], given[q, 2] + extra[2])
    return add_polygon(
        view,
        size,
        scratch,
        slot,
        count,
        corners,
        group,
        semantic,
        np.float64(meshes.material[q]),
        parameters,
        1.0,
        colours,
    )


@frame_scalar
def add_object(view, size, scratch, slot, count, placed, meshes, mesh, group, instance, extra):
    """Append the visible polygons of an object; ``extra`` is added to the materials' parameters.

    ``group`` is the number of its first group: a number of its own for each piece that polygons tile together.
    ``instance`` is the road user's number, 0.0 for what is none.
    """
    first, last = meshes.start[mesh], meshes.start[mesh + 1]
    semantic = np.float64(meshes.semantic[mesh]) + KINDS * instance
    if meshes.billboard[mesh]:
        # Turn the image's back to the line of sight.
        placed = Placement(
            placed.x, placed.y, placed.x / placed.distance, placed.y / placed.distance, placed.length, placed.width,
            placed.height, placed.red, placed.green, placed.blue, placed.front, placed.rear, placed.distance,
            placed.clear, placed.beam,
        )  # fmt: skip
    groups = int(meshes.group[last - 1]) + 1
    # One polygon is no tiling.
    alone = last - first == 1
    # The camera ahead of the object sees its front nearest.
    reverse = meshes.sorted[mesh] != 0 and placed.cos * placed.x + placed.sin * placed.y > 0.0
    for k in range(groups):
        part = groups - 1 - k if reverse else k
        for q in range(first, last):
            if meshes.group[q] == part:
                count = _add_mesh_polygon(
                    view, size, scratch, slot, count, placed, meshes, q, semantic, -1 if alone else group + part, extra
                )
    return count


@frame_scalar
def add_billboard(view, size, scratch, slot, count, placed, width, low, high, material, parameters, alpha, colour):
    """Append an image that changes only colours and turns to the camera, from ``low`` to ``high`` [m]."""
    rx, ry = 0.5 * width * placed.y / placed.distance, -0.5 * width * placed.x / placed.distance
    corners = (
        to_camera(view, placed.x - rx, placed.y - ry, low),
        to_camera(view, placed.x + rx, placed.y + ry, low),
        to_camera(view, placed.x + rx, placed.y + ry, high),
        to_camera(view, placed.x - rx, placed.y - ry, high),
    )
    return add_polygon(
        view, size, scratch, slot, count, corners, -1, UNCHANGED, material, parameters, alpha, (colour, colour, colour)
    )


@frame_scalar
def add_patch(view, size, scratch, slot, count, placed, x0, x1, y0, y1, softness, alpha):
    """Append a shadow on the ground over a rectangle of the object's frame [m]; ``softness`` [m]."""
    corners = (
        corner_at(view, placed, x0, y0, 0.0),
        corner_at(view, placed, x1, y0, 0.0),
        corner_at(view, placed, x1, y1, 0.0),
        corner_at(view, placed, x0, y1, 0.0),
    )
    dark = hazy(view, placed, 0.0, 0.0, 0.0)
    parameters = (min(2.0 * softness / (x1 - x0), 1.0), min(2.0 * softness / (y1 - y0), 1.0), 0.0)
    return add_polygon(
        view, size, scratch, slot, count, corners, -1, UNCHANGED, SHADOW, parameters, alpha, (dark, dark, dark)
    )


@frame_scalar
def add_shadows(view, size, scratch, slot, count, placed):
    """Append the soft shadow below an object and the one that the sun throws."""
    if placed.distance > 120.0:
        return count
    a, b = 0.5 * placed.length, 0.5 * placed.width
    if view.sun > F(0.02):
        reach = min(placed.height / max(view.sun_z, F(0.12)), 14.0)
        # Where the shadow of the top falls, in the object's frame.
        sx = -(placed.cos * view.sun_x + placed.sin * view.sun_y) * reach
        sy = -(placed.cos * view.sun_y - placed.sin * view.sun_x) * reach
        share = 0.9 * view.sun / (view.sun + view.ambient)
        count = add_patch(
            view, size, scratch, slot, count, placed,
            -a + min(sx, 0.0), a + max(sx, 0.0), -b + min(sy, 0.0), b + max(sy, 0.0), 0.25 + 0.1 * placed.height,
            np.float64(share),
        )  # fmt: skip
    return add_patch(view, size, scratch, slot, count, placed, -a - 0.25, a + 0.25, -b - 0.25, b + 0.25, 0.45, 0.62)
