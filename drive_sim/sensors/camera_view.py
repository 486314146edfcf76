"""What one frame's pixels have in common: where the camera stands and looks, light, air and surface.

`frame_view` computes it once a frame, in double precision; pixels read it back as a `View` of single-precision
numbers. The world frame of a view is the world's axes with the origin on the ground below the camera.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba.np.unsafe.ndarray import to_fixed_tuple

from drive_sim.kernel import fast_scalar

MIN_FOG = -math.log(0.05)
"""Koschmieder's law with the meteorological optical range (WMO-No. 8, I.9): contrast is 5 % at that distance."""


class Camera(NamedTuple):
    """The cameras of a rig as arrays for kernels; (C) float64."""

    x: Any  # [m] mount, vehicle frame
    y: Any
    z: Any
    yaw: Any  # [rad]
    pitch: Any
    roll: Any
    focal_length: Any  # [pixels]


class View(NamedTuple):
    """One frame, float32. Vectors are in the world's axes; lengths in metres; colours are linear light."""

    height: Any  # of the camera above the ground
    forward_x: Any  # the camera's axes
    forward_y: Any
    forward_z: Any
    left_x: Any
    left_y: Any
    left_z: Any
    up_x: Any
    up_y: Any
    up_z: Any
    focal: Any  # [pixels]
    pixel: Any  # 1 / focal
    centre_column: Any
    centre_row: Any
    fog: Any  # extinction [1/m]
    light_r: Any  # on level ground
    light_g: Any
    light_b: Any
    horizon_r: Any  # radiance of the horizon and of fog
    horizon_g: Any
    horizon_b: Any
    sky_r: Any  # radiance of the upper sky
    sky_g: Any
    sky_b: Any
    asphalt_r: Any  # reflectance
    asphalt_g: Any
    asphalt_b: Any
    verge_r: Any
    verge_g: Any
    verge_b: Any
    exposure: Any
    noise: Any  # [grey levels]


VIEW_SIZE = len(View._fields)


@fast_scalar
def load_view(views, slot):
    """The `View` of a frame from row ``slot`` of the array that `frame_view` filled."""
    return View(*to_fixed_tuple(views[slot], VIEW_SIZE))


@fast_scalar
def rotation_matrix(yaw, pitch, roll):
    """Rz(yaw) Ry(pitch) Rx(roll) by rows; its columns are the turned axes."""
    cy, sy = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    return (
        (cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr),
        (sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr),
        (-sp, cp * sr, cp * cr),
    )


@fast_scalar
def frame_view(views, origins, slot, camera, c, size, world, state, i):
    """Fill row ``slot`` with the view of camera ``c`` on world ``i``'s car; ``size`` is (height, width)."""
    rows, columns = size
    body = rotation_matrix(state.yaw[i], state.pitch[i], state.roll[i])
    mount = rotation_matrix(camera.yaw[c], camera.pitch[c], camera.roll[c])
    place = (camera.x[c], camera.y[c], camera.z[c])
    v = views[slot]
    for a in range(3):
        v[1 + a] = body[a][0] * mount[0][0] + body[a][1] * mount[1][0] + body[a][2] * mount[2][0]
        v[4 + a] = body[a][0] * mount[0][1] + body[a][1] * mount[1][1] + body[a][2] * mount[2][1]
        v[7 + a] = body[a][0] * mount[0][2] + body[a][1] * mount[1][2] + body[a][2] * mount[2][2]
    origins[slot, 0] = state.x[i] + body[0][0] * place[0] + body[0][1] * place[1] + body[0][2] * place[2]
    origins[slot, 1] = state.y[i] + body[1][0] * place[0] + body[1][1] * place[1] + body[1][2] * place[2]
    v[0] = body[2][0] * place[0] + body[2][1] * place[1] + body[2][2] * place[2]
    v[10], v[11] = camera.focal_length[c], 1.0 / camera.focal_length[c]
    v[12], v[13] = 0.5 * (columns - 1), 0.5 * (rows - 1)
    weather = world.weather
    v[14] = MIN_FOG / weather.fog_visibility[i]
    day = 1.0 - 0.97 * weather.night[i]
    for k in range(3):
        v[15 + k] = day
        v[18 + k] = weather.horizon[i, k] * day
        v[21 + k] = weather.sky[i, k] * day
        v[24 + k] = weather.asphalt[i, k]
        v[27 + k] = weather.verge[i, k]
    v[30] = weather.exposure[i]
    v[31] = weather.camera_noise[i]
