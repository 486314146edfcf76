"""Materials: what a polygon shows, as a function of its coordinates u and v (0..1) and the size of a pixel in them.

A material gives an opacity and a colour mixed from the polygon's three: the main one, a dark one and a bright one.
Every edge in it is softened by the pixel's size, so that a car three pixels wide still has the right mean colour.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera.frame_setup import limit, pixel_scalar
from drive_sim.sensors.camera.objects.scanlines import along
from drive_sim.sensors.camera.shading.textures import FOLIAGE, FOLIAGE_SIZE, Level, sample, sample_nearest

F, INT = np.float32, np.int32
# Floats, because polygons are rows of floats, and because Numba compiles a function anew for every literal integer.
PLAIN = 0.0
SIDE = 1.0  # of a vehicle; parameters: height of the sill, radius of a wheel (in v), wheels from the middle (in u)
END = 2.0  # of a vehicle; parameters: height of the sill, of the lamps' middle, half theirs; below 0 for the rear
GLASS = 3.0  # window in a frame; parameters: frame in u, frame in v, number of panes
SHADOW = 4.0  # soft rectangle; parameters: softness in u and v
GLOW = 5.0  # round, fading outwards
PERSON = 6.0  # parameter: stride -1..1
RIDER = 7.0  # on two wheels; parameters: how much of the side is seen 0..1, -, 1 for a motorcycle
CONE = 8.0
TREE = 9.0  # parameter: which one
WALL = 10.0  # of a house; parameters: seed 0..1, storeys
POST = 11.0
SIGN = 12.0
DROP = 13.0
STREAK = 14.0
ROOF = 15.0


@pixel_scalar
def strip(x, low, high, pixel):
    """Share of a pixel around ``x`` inside [low, high]."""
    half = F(0.5) * pixel
    return max(min(x + half, high) - max(x - half, low), F(0.0)) / pixel


@pixel_scalar
def disc(x, y, radius, pixel):
    """Share of a pixel of size ``pixel`` inside a disc around (0, 0)."""
    return min(max((radius - math.sqrt(x * x + y * y)) / pixel + F(0.5), F(0.0)), F(1.0))


@pixel_scalar
def _side(u, v, pu, pv, aspect, sill, wheel, apart):
    """(opacity, dark share, bright share) of a vehicle's side."""
    pixel = max(pv, pu * aspect)
    body = strip(v, sill, F(2.0), pv)
    # Both halves are alike.
    x, y = (abs(u - F(0.5)) - apart) * aspect, v - wheel
    tyre, hub = disc(x, y, wheel, pixel), disc(x, y, wheel * F(0.55), pixel)
    trim = strip(v, sill, sill + F(0.1), pv) * F(0.6)
    return max(body, tyre), max(trim, tyre - F(0.6) * hub), F(0.35) * hub


@pixel_scalar
def _end(u, v, pu, pv, sill, lamp, tall):
    """(opacity, dark share, bright share) of a vehicle's rear or front below the windows."""
    one = F(1.0)
    body = strip(v, sill, F(2.0), pv)
    tyre = (strip(u, F(0.03), F(0.17), pu) + strip(u, F(0.83), F(0.97), pu)) * strip(v, F(0.0), sill, pv)
    gap = strip(v, sill * F(0.55), sill, pv) * F(0.9)
    bumper = strip(v, sill, sill + F(0.14), pv) * F(0.55)
    front = one if tall > F(0.0) else F(0.0)
    high = strip(v, lamp - abs(tall), lamp + abs(tall), pv)
    lights = (strip(u, F(0.02), F(0.2), pu) + strip(u, F(0.8), F(0.98), pu)) * high
    grille = front * strip(u, F(0.28), F(0.72), pu) * strip(v, sill + F(0.14), lamp + F(0.02), pv) * F(0.8)
    plate = strip(u, F(0.38), F(0.62), pu) * strip(v, sill + F(0.05), sill + F(0.17), pv) * (one - front)
    dark = max(max(one - body, bumper), grille) * (one - lights)
    return max(body, min(max(tyre, gap), one)), dark * (one - plate), lights


@pixel_scalar
def _glass(u, v, pu, pv, frame_u, frame_v, panes):
    """(dark share, bright share) of a window: glass is dark, and mirrors more sky the higher up."""
    one = F(1.0)
    pane = strip(u, frame_u, one - frame_u, pu) * strip(v, frame_v, one - frame_v, pv)
    x = u * panes
    pillar = F(0.0)
    if panes > F(1.5):
        x -= F(INT(x))
        pillar = strip(abs(x - F(0.5)), F(0.5) - F(0.035) * panes * F(0.5), F(0.6), pu * panes)
    pane *= one - pillar
    return pane, pane * F(0.3) * v


@pixel_scalar
def _person(u, v, pu, pv, aspect, stride):
    """(opacity, trousers, skin) of a pedestrian."""
    pixel = max(pv, pu * aspect)
    x = (u - F(0.5)) * aspect
    head = disc(x, (v - F(0.925)) * F(0.85), F(0.068), pixel)
    torso = strip(abs(x), F(-1.0), F(0.125) - F(0.05) * max(v - F(0.75), F(0.0)) * F(4.0), pixel) * strip(
        v, F(0.46), F(0.85), pv
    )
    arms = strip(abs(x), F(0.125), F(0.165), pixel) * strip(v, F(0.5), F(0.8), pv)
    swing = stride * F(0.11) * max(F(0.5) - v, F(0.0)) * F(2.0)
    legs = max(
        strip(x, swing - F(0.055), swing + F(0.055), pixel), strip(x, -swing - F(0.055), -swing + F(0.055), pixel)
    )
    if abs(stride) < F(0.4):
        legs = strip(abs(abs(x) - F(0.06)), F(-1.0), F(0.05), pixel)
    legs *= strip(v, F(0.0), F(0.48), pv)
    return min(max(max(head, torso), max(arms, legs)), F(1.0)), legs * (F(1.0) - torso), head


@pixel_scalar
def _rider(u, v, pu, pv, aspect, side, motor):
    """(opacity, dark, skin) of a cyclist or motorcyclist; ``side`` 0 seen along the road, 1 square to it."""
    pixel = max(pv, pu * aspect)
    x = (u - F(0.5)) * aspect
    radius = F(0.19) + F(0.02) * motor
    wheelbase = (F(0.3) + F(0.2) * motor) * side
    squeeze = max(side, F(0.16) + F(0.14) * motor)
    wheel = F(0.0)
    for k in range(2):
        centre = wheelbase if k == 0 else -wheelbase
        dx, dy = (x - centre) / squeeze, v - radius
        outer = disc(dx, dy, radius, pixel / squeeze)
        inner = disc(dx, dy, radius * (F(0.45) if motor > F(0.5) else F(0.8)), pixel / squeeze)
        wheel = max(wheel, outer - inner * side)
    lean = F(0.12) * side
    back = F(1.0) - side
    # From behind: shoulders, arms reaching out to the handlebar, and a leg on either side of the wheel.
    shoulder = (F(0.115) + F(0.03) * motor) * (F(0.8) + F(0.6) * max(v - F(0.5), F(0.0))) + F(0.02) * side
    torso = strip(abs(x - lean * (v - F(0.5))), F(-1.0), shoulder, pixel) * strip(v, F(0.5), F(0.85), pv)
    elbow = F(0.13) + F(0.05) * motor + F(0.25) * max(F(0.78) - v, F(0.0))
    arms = back * strip(abs(x), elbow - F(0.035), elbow + F(0.035), pixel) * strip(v, F(0.56), F(0.8), pv)
    head = disc(x - lean, (v - F(0.925)) * F(0.9), F(0.065) + F(0.025) * motor, pixel)
    knee = (F(0.075) + F(0.09) * motor) * back
    thick = F(0.04) + F(0.07) * side
    legs = strip(abs(x), knee - thick, knee + thick, pixel) * strip(v, F(0.17), F(0.54), pv)
    half = max(wheelbase, F(0.05) * motor) + F(0.02) + F(0.06) * motor
    frame = strip(abs(x), F(-1.0), half, pixel) * strip(v, F(0.24), F(0.3) + F(0.26) * motor, pv)
    dark = max(wheel * (F(1.0) - frame), legs)
    whole = max(max(max(torso, arms), head), max(max(dark, wheel), frame))
    return min(whole, F(1.0)), dark * (F(1.0) - max(torso, arms)), head


@pixel_scalar
def foliage_levels(textures, level, number):
    """Texture levels (outline, light) of tree ``number`` out of the images of `shading.tree_textures`."""
    texture, k = FOLIAGE + 2 * int(number), int(level)
    width = FOLIAGE_SIZE >> k
    mask, scale = width - 1, F(256 * width)
    outline, light = textures.start[texture, k, k], textures.start[texture + 1, k, k]
    return Level(outline, width, mask, mask, scale, scale), Level(light, width, mask, mask, scale, scale)


@pixel_scalar
def tree_material(textures, outline, light, u, v):
    """(opacity, shade, sunlit leaves) of a tree with the given texture levels."""
    alpha = limit(F(0.5) + F(0.62) * sample(textures, outline, u, v))
    tone = sample_nearest(textures, light, u, v)
    return alpha, max(-tone, F(0.0)), max(tone, F(0.0))


@pixel_scalar
def _wall(u, v, pu, pv, aspect, seed, storeys):
    """(dark share, lamp light) of a wall with windows, of which one is lit."""
    along = F(INT(aspect * storeys * F(0.8))) + F(1.0)
    a, b = u * along, v * storeys
    i, j = F(INT(a)), F(INT(b))
    pane = strip(a - i, F(0.3), F(0.7), pu * along) * strip(b - j, F(0.35), F(0.78), pv * storeys)
    glow = pane if abs(i + along * j - F(INT(seed * along * storeys))) < F(0.5) else F(0.0)
    return pane * F(0.85) - glow, glow


@pixel_scalar
def _cone(u, v, pu, pv):
    """(opacity, dark share, white share) of a traffic cone with its foot."""
    foot = strip(v, F(-1.0), F(0.07), pv)
    body = strip(abs(u - F(0.5)), F(-1.0), F(0.36) * (F(1.0) - v) + F(0.07), pu)
    white = (strip(v, F(0.36), F(0.52), pv) + strip(v, F(0.68), F(0.82), pv)) * (F(1.0) - foot)
    return max(body, foot), foot * F(0.5), white


@pixel_scalar
def _sign(u, v, pu, pv, aspect):
    """(opacity, pole, plate's middle) of a round sign on a pole."""
    x, y, pixel = (u - F(0.5)) * aspect, v - (F(1.0) - F(0.5) * aspect), max(pu * aspect, pv)
    plate, inner = disc(x, y, F(0.5) * aspect, pixel), disc(x, y, F(0.36) * aspect, pixel)
    pole = strip(abs(u - F(0.5)), F(-1.0), F(0.05), pu) * strip(v, F(0.0), F(1.0) - aspect, pv)
    return max(plate, pole), pole * (F(1.0) - plate), inner


@pixel_scalar
def shadow_material(u, v, soft_u, soft_v):
    """Opacity of a rectangle with soft edges."""
    one = F(1.0)
    p, q = abs(u - F(0.5)) * F(2.0), abs(v - F(0.5)) * F(2.0)
    return limit((one - p) / soft_u) * limit((one - q) / soft_v)


@pixel_scalar
def small_material(scanline, u, v):
    """(opacity, dark share, bright share) of the materials that are rare or small in an image."""
    one, zero = F(1.0), F(0.0)
    material, pu, pv, aspect = scanline.material, scanline.pixel_u, scanline.pixel_v, scanline.aspect
    a, b, c = scanline.parameters
    alpha, dark, bright = one, zero, zero
    if material == SIDE:
        alpha, dark, bright = _side(u, v, pu, pv, aspect, a, b, c)
    elif material == END:
        alpha, dark, bright = _end(u, v, pu, pv, a, b, c)
    elif material == GLASS:
        dark, bright = _glass(u, v, pu, pv, a, b, c)
    elif material == GLOW:
        r = (u - F(0.5)) * (u - F(0.5)) + (v - F(0.5)) * (v - F(0.5))
        r = max(one - F(4.0) * r, zero)
        alpha = r * r * r
    elif material == PERSON:
        alpha, dark, bright = _person(u, v, pu, pv, aspect, a)
    elif material == RIDER:
        alpha, dark, bright = _rider(u, v, pu, pv, aspect, a, c)
    elif material == CONE:
        alpha, dark, bright = _cone(u, v, pu, pv)
    elif material == WALL:
        dark, bright = _wall(u, v, pu, pv, aspect, a, b)
    elif material == ROOF:
        rows = v * F(9.0)
        dark = F(0.35) * strip(rows - F(INT(rows)), zero, F(0.25), pv * F(9.0)) * max(one - pv * F(6.0), zero)
    elif material == POST:
        dark = strip(v, F(0.68), F(0.86), pv)
        bright = strip(v, F(0.72), F(0.82), pv) * strip(u, F(0.25), F(0.75), pu)
    elif material == SIGN:
        alpha, dark, bright = _sign(u, v, pu, pv, aspect)
    elif material == DROP:
        r = math.sqrt(u * u + v * v)
        alpha = limit((one - r) / max(pu, F(0.2)))
        dark, bright = limit(F(0.5) - v) * F(0.8), limit(v - F(0.2))
    elif material == STREAK:
        alpha = max(one - abs(u), zero) * min((one - abs(v)) * F(2.0), one)
    return alpha, dark, bright


@pixel_scalar
def material_at(scanline, textures, x):
    """(opacity, r, g, b, inverse depth) of a polygon in column ``x``."""
    inverse = along(scanline.plane, x)
    alpha, dark, bright = F(1.0), F(0.0), F(0.0)
    if scanline.material != PLAIN:
        u, v = along(scanline.u, x) / inverse, along(scanline.v, x) / inverse
        if scanline.material == TREE:
            outline, light = foliage_levels(textures, scanline.level, scanline.parameters[0])
            alpha, dark, bright = tree_material(textures, outline, light, u, v)
        elif scanline.material == SHADOW:
            alpha = shadow_material(u, v, scanline.parameters[0], scanline.parameters[1])
        else:
            alpha, dark, bright = small_material(scanline, u, v)
    red, green, blue = mixed_colour(scanline, dark, bright)
    return alpha * scanline.alpha, red, green, blue, inverse


@pixel_scalar
def mixed_colour(scanline, dark, bright):
    """The polygon's main colour with shares of its dark and then of its bright one."""
    red = scanline.main[0] + (scanline.dark[0] - scanline.main[0]) * dark
    green = scanline.main[1] + (scanline.dark[1] - scanline.main[1]) * dark
    blue = scanline.main[2] + (scanline.dark[2] - scanline.main[2]) * dark
    return (
        red + (scanline.bright[0] - red) * bright,
        green + (scanline.bright[1] - green) * bright,
        blue + (scanline.bright[2] - blue) * bright,
    )
