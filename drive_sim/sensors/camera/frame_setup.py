"""What one frame's pixels have in common: where the camera stands and looks, light, air and surface.

`store_view` computes it once a frame, in double precision; pixels read it back as a `View` of single-precision
numbers. The world frame of a view has the world's axes and its origin on the ground below the camera.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.compiling import compiled
from drive_sim.compute.randomness import STREAM_CAMERA, random_uniform
from drive_sim.world.state import PAVING_CONCRETE, ROADSIDE_GRASS

frame_scalar = compiled(fastmath=True, no_cpython_wrapper=True)
"""For what runs once a frame, an object or a sample: relaxed floating point, called by compiled code only."""

pixel_scalar = compiled(fastmath=True, no_cpython_wrapper=True, forceinline=True)
"""For what runs once a pixel: `frame_scalar`, inlined, because a call's arguments would cost more than its work."""

F = np.float32
FOG = -math.log(0.05)
"""Koschmieder's law with the meteorological optical range (WMO-No. 8, I.9): contrast is 5 % at that distance."""
TEXTURE_PERIOD = 4096.0
"""The view's place in the world is kept modulo this, a multiple of every texture's tile [m]."""
SLAB_WIDTH = 4.0
"""Width of a concrete slab in its texture [m]; it is stretched to the width of a lane."""
PAVING_WIDTH = 8.0
"""Width of a paving's texture [m]."""


@lasting
class Camera(NamedTuple):
    """The cameras of a rig as arrays for kernels; (C) float64."""

    x: Any  # [m] mount, vehicle frame
    y: Any
    z: Any
    yaw: Any  # [rad]
    pitch: Any
    roll: Any
    focal_length: Any  # [pixels]
    shutter: Any  # [s] that an image is exposed for by day
    number: Any  # int64: which camera of the rig, for its noise


@lasting
class Scratch(NamedTuple):
    """Working memory: a slot for each frame that is rendered at the same time."""

    views: Any  # float32 (slots, VIEW_SIZE)
    origins: Any  # float64 (slots, 2) the camera's place in the world [m]
    items: Any  # float64 (slots, objects, ITEM_SIZE)
    order: Any  # float64 (slots, objects, 3) an object's squared distance, number and count of polygons, far to near
    polygons: Any  # float32 (slots, P, POLYGON_SIZE), from far to near
    polygon_count: Any  # int32 (slots)
    left_out: Any  # int64 (slots) objects that there was no room for, over all frames
    corners: Any  # float64 (slots, MAX_CORNERS, 3)
    rows: Any  # float32 (slots, ROWS, BLOCK_ROWS x W and some to spare): a block of rows of pixels
    level_texels: Any  # int32 (slots, BLOCK_ROWS, 16) texture levels of each row
    level_scales: Any  # float32 (slots, BLOCK_ROWS, 11)
    starts: Any  # int32 (slots, samples and one more) where runs of segments begin
    runs: Any  # int32 (slots, SEGMENT_KINDS, samples, 2) first segment of each run of a kind, and the one after it
    run_count: Any  # int32 (slots, SEGMENT_KINDS)
    touched: Any  # int32 (slots, samples) places of the segments that a marking touches


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
    texture_x: Any  # the camera's place in the world, modulo TEXTURE_PERIOD
    texture_y: Any
    beam_x: Any  # from the camera to the headlights
    beam_y: Any
    beam_cos: Any  # the car's heading
    beam_sin: Any
    beam: Any  # strength of the headlights, 0 off
    along: Any  # |cos| and |sin| of the angle between view and road: how footprints turn into the road's frame
    across: Any
    drift_x: Any  # how far the camera moves while the shutter is open [m]
    drift_y: Any
    swing: Any  # and how far it turns [rad]
    fog: Any  # extinction [1/m]
    ambient: Any  # skylight on level ground; sunlight and it make 1 by day
    sun: Any  # sunlight on level ground
    sun_x: Any  # direction towards the sun
    sun_y: Any
    sun_z: Any
    sun_tint_g: Any  # sunlight's colour; red is 1
    sun_tint_b: Any
    glow: Any  # of the sky around the sun
    light_r: Any  # on level ground, sun and sky
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
    asphalt_texture: Any  # 0..1
    verge_texture: Any
    verge_dry: Any  # how much of its texture dry grass shows in, 0..1
    paving: Any  # PAVING_* and ROADSIDE_*, as numbers
    roadside: Any
    lane_stretch: Any  # how much narrower a lane is than the paving's texture has it
    paving_shift: Any  # how far the paving's texture is moved across the road [m]
    wear: Any  # of markings, 0..1
    wet: Any  # 0..1
    rain: Any  # [mm/h]
    cloud: Any  # 0 clear .. 1 overcast
    night: Any
    scenery: Any
    exposure: Any
    noise: Any  # read noise [grey levels]
    clear_hills: Any  # share of light that fog lets pass from the hills and woods at the horizon
    clear_woods: Any
    phase: Any  # 0..1, differs between worlds: shifts clouds, skyline and textures


VIEW_SIZE = len(View._fields)


@pixel_scalar
def floor_of(x):
    """Largest whole number not above ``x``, a float32."""
    whole = F(np.int32(x))
    return whole - F(1.0) if x < whole else whole


@pixel_scalar
def limit(x):
    """``x`` held in 0..1."""
    return min(max(x, F(0.0)), F(1.0))


@intrinsic
def load_view(typing, views, slot):
    """The `View` of a frame from row ``slot`` of the array that `store_view` filled; only what is used is read."""

    def generate(context, builder, signature, args):
        structure = context.make_array(signature.args[0])(context, builder, args[0])
        first = builder.gep(structure.data, [builder.mul(args[1], ir.Constant(args[1].type, VIEW_SIZE))], inbounds=True)
        fields = [builder.load(cgutils.gep_inbounds(builder, first, number)) for number in range(VIEW_SIZE)]
        return context.make_tuple(builder, signature.return_type, fields)

    kind = types.NamedUniTuple(views.dtype, VIEW_SIZE, View)  # type: ignore[attr-defined]
    return kind(views, types.intp), generate


@frame_scalar
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


@frame_scalar
def _column(body, mount, k):
    """Column ``k`` of the product of two rotation matrices."""
    m0, m1, m2 = mount[0][k], mount[1][k], mount[2][k]
    return (
        body[0][0] * m0 + body[0][1] * m1 + body[0][2] * m2,
        body[1][0] * m0 + body[1][1] * m1 + body[1][2] * m2,
        body[2][0] * m0 + body[2][1] * m1 + body[2][2] * m2,
    )


@frame_scalar
def sunlight(strength, elevation, night):
    """(skylight, sunlight) on level ground: their sum is 1 by day, as exposure would have it, and little by night."""
    day = (1.0 - night) * (1.0 - night) + 0.006
    direct = 0.62 * strength * min(1.0, max(elevation, 0.0) / 0.12)
    return day * (1.0 - direct), day * direct


@frame_scalar
def store_view(views, origins, slot, camera, c, size, world, state, heading, i):
    """Fill row ``slot`` with the view of camera ``c`` on world ``i``'s car; ``heading`` is the road's there [rad]."""
    body = rotation_matrix(state.yaw[i], state.pitch[i], state.roll[i])
    mount = rotation_matrix(camera.yaw[c], camera.pitch[c], camera.roll[c])
    forward, left, up = _column(body, mount, 0), _column(body, mount, 1), _column(body, mount, 2)
    weather = world.weather
    mx, my, mz = camera.x[c], camera.y[c], camera.z[c]
    dx = body[0][0] * mx + body[0][1] * my + body[0][2] * mz
    dy = body[1][0] * mx + body[1][1] * my + body[1][2] * mz
    height = body[2][0] * mx + body[2][1] * my + body[2][2] * mz
    x, y = state.x[i] + dx, state.y[i] + dy
    origins[slot, 0], origins[slot, 1] = x, y
    turn = math.atan2(forward[1], forward[0]) - heading
    c_yaw, s_yaw = math.cos(state.yaw[i]), math.sin(state.yaw[i])
    azimuth, elevation = weather.sun_azimuth[i], max(float(weather.sun_elevation[i]), 0.02)
    night = float(weather.night[i])
    strength = float(weather.sun_strength[i])
    ambient, sun = sunlight(strength, elevation, night)
    # Low sun is red: the less blue, the longer its way through the air.
    low = 1.0 / (1.0 + 6.0 * elevation)
    tint_g, tint_b = 1.0 - 0.32 * low, 1.0 - 0.65 * low
    # Skylight takes a little of the sky's own colour.
    sky = (float(weather.sky[i, 0]), float(weather.sky[i, 1]), float(weather.sky[i, 2]))
    hue = 0.12 * 3.0 / (sky[0] + sky[1] + sky[2] + 1e-3)
    shade = (0.88 + hue * sky[0], 0.88 + hue * sky[1], 0.88 + hue * sky[2])
    exposed = camera.shutter[c] * float(weather.shutter[i])
    drift, course = state.speed[i] * exposed, state.yaw[i] + state.slip_angle[i]
    paving, roadside = weather.paving[i], weather.roadside[i]
    grass = 1.0 if roadside == ROADSIDE_GRASS else 0.0
    stretch = SLAB_WIDTH / world.lane_width[i] if paving == PAVING_CONCRETE else 1.0
    phase = random_uniform(world.seed[i], STREAM_CAMERA, 0, 0)
    # Slabs are laid lane by lane; cracks and patches lie anywhere.
    shift = 0.0 if paving == PAVING_CONCRETE else PAVING_WIDTH * phase
    view = View(
        F(height), F(forward[0]), F(forward[1]), F(forward[2]), F(left[0]), F(left[1]), F(left[2]), F(up[0]),
        F(up[1]), F(up[2]), F(camera.focal_length[c]), F(1.0 / camera.focal_length[c]), F(0.5 * (size[1] - 1)),
        F(0.5 * (size[0] - 1)), F(x - TEXTURE_PERIOD * math.floor(x / TEXTURE_PERIOD)),
        F(y - TEXTURE_PERIOD * math.floor(y / TEXTURE_PERIOD)), F(2.0 * c_yaw - dx), F(2.0 * s_yaw - dy), F(c_yaw),
        F(s_yaw), F(1.1 * min(max((night - 0.2) / 0.3, 0.0), 1.0)), F(abs(math.cos(turn))), F(abs(math.sin(turn))),
        F(drift * math.cos(course)), F(drift * math.sin(course)), F(state.yaw_rate[i] * exposed),
        F(FOG / weather.fog_visibility[i]), F(ambient), F(sun), F(math.cos(elevation) * math.cos(azimuth)),
        F(math.cos(elevation) * math.sin(azimuth)), F(math.sin(elevation)), F(tint_g), F(tint_b),
        F(strength * (1.0 - night)), F(ambient * shade[0] + sun), F(ambient * shade[1] + sun * tint_g),
        F(ambient * shade[2] + sun * tint_b), F(weather.horizon[i, 0]), F(weather.horizon[i, 1]),
        F(weather.horizon[i, 2]), F(sky[0]), F(sky[1]), F(sky[2]), F(weather.asphalt[i, 0]), F(weather.asphalt[i, 1]),
        F(weather.asphalt[i, 2]), F((1.0 - 0.1 * grass) * weather.verge[i, 0]), F(weather.verge[i, 1]),
        F((1.0 - 0.05 * grass) * weather.verge[i, 2]), F(weather.asphalt_texture[i]), F(weather.verge_texture[i]),
        F(grass * weather.verge_texture[i]), F(paving), F(roadside), F(stretch), F(shift), F(weather.marking_wear[i]),
        F(weather.wetness[i]),
        F(weather.rain[i]), F(1.0 - strength), F(night), F(weather.scenery[i]), F(weather.exposure[i]),
        F(weather.camera_noise[i]), F(math.exp(-FOG * 900.0 / weather.fog_visibility[i])),
        F(math.exp(-FOG * 350.0 / weather.fog_visibility[i])), F(phase),
    )  # fmt: skip
    row = views[slot]
    for k in range(VIEW_SIZE):
        row[k] = view[k]
