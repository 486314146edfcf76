"""The sky: gradient, clouds, the sun's glow, and hills and woods at the horizon."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera.frame_setup import limit, pixel_scalar
from drive_sim.sensors.camera.pixel_blocks import fetch
from drive_sim.sensors.camera.shading.textures import CLOUD, SKYLINE_SIZE, choose_level, sample

F, INT = np.float32, np.int32
LAND_TOP = 0.065
"""Nothing at the horizon rises above this tangent of elevation, softened edge included."""
_HILLS, _WOODS = 0.055, 0.05
"""Height of far hills and of the edge of the woods, as tangents of elevation."""


@pixel_scalar
def cloud_level(view, textures):
    """Texture level of the clouds (their texels are 0.04 of the cloud plane's height)."""
    return choose_level(textures, CLOUD, F(0.04), view.pixel * F(4.0), view.pixel * F(4.0))


@pixel_scalar
def _add_clouds(view, textures, level, x, y, up, red, green, blue):
    lift = F(0.35) / (up + F(0.12))
    c = sample(textures, level, x * lift + view.phase * F(64.0), y * lift)
    # Fair-weather heaps under a clear sky, a mottled ceiling when overcast.
    high = min(max((up - F(0.03)) * F(12.0), F(0.0)), F(1.0))
    heap = min(max((c - F(0.08)) * F(2.2), F(0.0)), F(0.85)) * (F(1.0) - view.cloud) * high * (F(1.0) - view.night)
    white = F(0.25) + F(0.75) * view.horizon_r
    mottled = F(1.0) + F(0.16) * c * view.cloud * high
    return (
        (red + (white - red) * heap) * mottled,
        (green + (white - green) * heap) * mottled,
        (blue + (white - blue) * heap) * mottled,
    )


@pixel_scalar
def shade_sky(view, textures, level, x, y, z):
    """Radiance (r, g, b) of the sky in direction (x, y, z), not normalised."""
    scale = F(1.0) / math.sqrt(x * x + y * y + z * z)
    x, y, z = x * scale, y * scale, z * scale
    up = max(z, F(0.0))
    t = F(1.0) - up
    t = t * t
    t = F(1.0) - t * t
    red = view.horizon_r + (view.sky_r - view.horizon_r) * t
    green = view.horizon_g + (view.sky_g - view.horizon_g) * t
    blue = view.horizon_b + (view.sky_b - view.horizon_b) * t
    red, green, blue = _add_clouds(view, textures, level, x, y, up, red, green, blue)
    if view.glow > F(0.0):
        cosine = max(x * view.sun_x + y * view.sun_y + z * view.sun_z, F(0.0))
        c4 = cosine * cosine * cosine * cosine
        c8 = c4 * c4
        # Not below what the 256th power of still is a normal number: others take a hundred times as long.
        c16 = max(c8 * c8, F(0.01))
        c64 = c16 * c16 * c16 * c16
        c256 = c64 * c64 * c64 * c64
        light = view.glow * (F(0.16) * c8 + F(0.35) * c64 + F(2.5) * c256)
        red, green, blue = red + light, green + light * view.sun_tint_g, blue + light * view.sun_tint_b
    return red, green, blue


@pixel_scalar
def _skyline(textures, first, share):
    """Height 0..1 of the part of the skyline that begins at ``first``, at an azimuth share 0..4, interpolated."""
    u = share * F(SKYLINE_SIZE / 4.0)
    i = INT(u)
    t = u - F(i)
    word = INT(fetch(textures.skyline, INT(first + INT(i & INT(SKYLINE_SIZE - 1)))))
    a, b = F(INT(word & INT(65535))), F(INT(INT(word >> INT(16)) & INT(65535)))
    return (a + (b - a) * t) * F(1.0 / 65535.0)


@pixel_scalar
def lay_land(view, textures, x, y, z, red, green, blue):
    """Radiance with the hills and woods at the horizon laid over the sky in direction (x, y, z)."""
    height = z / math.sqrt(x * x + y * y)
    # A number 0..4 that grows with the azimuth: an angle without trigonometry.
    p = y / (abs(x) + abs(y))
    share = F(2.0) - p if x < F(0.0) else (p if y >= F(0.0) else F(4.0) + p)
    share += F(4.0) * view.phase
    sharp = F(1.0) / view.pixel
    tone = view.ambient + view.sun
    hill_tops = F(_HILLS) * _skyline(textures, INT(0), share)
    seen = limit((hill_tops - height) * sharp + F(0.5)) * F(0.45) * view.clear_hills
    red += (F(0.12) * tone - red) * seen
    green += (F(0.17) * tone - green) * seen
    blue += (F(0.2) * tone - blue) * seen
    woods = F(_WOODS) * min(F(5.0) * view.scenery, F(0.4) + F(0.6) * view.scenery)
    wood_tops = woods * _skyline(textures, INT(SKYLINE_SIZE), share * F(3.0))
    seen = limit((wood_tops - height) * sharp + F(0.5)) * F(0.8) * view.clear_woods
    red += (F(0.055) * tone - red) * seen
    green += (F(0.085) * tone - green) * seen
    blue += (F(0.045) * tone - blue) * seen
    return red, green, blue
