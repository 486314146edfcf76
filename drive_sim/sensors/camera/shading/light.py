"""Light on its way: rays of pixels, fog, headlights, and the sky mirrored in water."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera.frame_setup import pixel_scalar

F = np.float32


@pixel_scalar
def ray(view, column, row):
    """Direction (x, y, z) in the world's axes of what pixel (row, column) sees, 1 along the optical axis."""
    a = (view.centre_column - column) * view.pixel
    b = (view.centre_row - row) * view.pixel
    return (
        view.forward_x + a * view.left_x + b * view.up_x,
        view.forward_y + a * view.left_y + b * view.up_y,
        view.forward_z + a * view.left_z + b * view.up_z,
    )


@pixel_scalar
def transmission(optical_depth):
    """exp(-x) of an optical depth x >= 0, to 0.1 %: a cubic of x / 16, raised to the 16th power."""
    y = min(optical_depth, F(14.0)) * F(1.0 / 16.0)
    t = F(1.0) - y * (F(1.0) - y * (F(0.5) - y * F(1.0 / 6.0)))
    t *= t
    t *= t
    t *= t
    return t * t


@pixel_scalar
def low_beam(view, x, y):
    """Light of the car's low beams on ground (x, y) [m] from the camera; 1 is daylight.

    A smooth approximation of the cut-off pattern of UN Regulation 112: level up to 25 m, gone at 70 m, wider with
    distance.
    """
    dx, dy = x - view.beam_x, y - view.beam_y
    longitudinal = view.beam_cos * dx + view.beam_sin * dy
    lateral = view.beam_cos * dy - view.beam_sin * dx
    longitudinal = max(longitudinal, F(0.0))
    width = F(2.4) + F(0.22) * longitudinal
    q = (lateral + F(0.4)) / width
    q *= q
    r = longitudinal * F(1.0 / 30.0)
    r *= r
    onset = longitudinal / (longitudinal + F(1.2))
    return view.beam * onset / ((F(1.0) + q * q) * (F(1.0) + r + r * r))


@pixel_scalar
def light_ground(view, x, y, z, red, green, blue):
    """Radiance of ground with a reflectance, seen along (x, y, z) of depth 1, in daylight and the headlights."""
    beam = F(0.0)
    if view.beam > F(0.0):
        depth = view.height / -z
        beam = low_beam(view, x * depth, y * depth)
    return red * (view.light_r + beam), green * (view.light_g + beam * F(0.96)), blue * (view.light_b + beam * F(0.85))


@pixel_scalar
def mirror_sky(view, x, y, z, puddle, red, green, blue):
    """Radiance of ground seen along (x, y, z) that is wet, ``puddle`` 0..1, and mirrors the sky."""
    # Schlick's approximation of Fresnel's law for a film of water.
    graze = F(1.0) + z / math.sqrt(x * x + y * y + z * z)
    graze2 = graze * graze
    gloss = puddle * (F(0.02) + F(0.98) * graze2 * graze2 * graze)
    up = F(1.0) - graze2 * graze2
    return (
        red + (view.horizon_r + (view.sky_r - view.horizon_r) * up - red) * gloss,
        green + (view.horizon_g + (view.sky_g - view.horizon_g) * up - green) * gloss,
        blue + (view.horizon_b + (view.sky_b - view.horizon_b) * up - blue) * gloss,
    )


@pixel_scalar
def clearness(view, x, y, z):
    """Share of light that the fog lets pass from the ground seen along (x, y, z)."""
    return transmission(view.fog * view.height * math.sqrt(x * x + y * y + z * z) / -z)


@pixel_scalar
def clearness_rate(view, clear, x, y, z):
    """How `clearness` changes from a pixel to the next in its row."""
    square = x * x + y * y + z * z
    depth = view.fog * view.height * math.sqrt(square) / -z
    # The ray moves against the camera's left axis, a pixel at a time.
    turn = (x * view.left_x + y * view.left_y + z * view.left_z) / square
    return clear * depth * (turn - view.left_z / z) * view.pixel


@pixel_scalar
def arriving(view, clear, red, green, blue):
    """A radiance as it arrives through fog that lets a share ``clear`` of it pass."""
    return (
        view.horizon_r + (red - view.horizon_r) * clear,
        view.horizon_g + (green - view.horizon_g) * clear,
        view.horizon_b + (blue - view.horizon_b) * clear,
    )
