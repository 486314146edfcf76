"""Ground and sky: what a pixel sees where nothing stands in the way."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.kernel import fast_scalar
from drive_sim.sensors.camera_model import SEMANTIC_MARKING, SEMANTIC_ROAD, SEMANTIC_SKY, SEMANTIC_VERGE
from drive_sim.world.road import (
    COLOUR_YELLOW,
    DASH_LENGTH,
    DASH_PERIOD,
    STYLE_DASHED,
    STYLE_DOUBLE,
    element_project,
    nearest_element,
)

F = np.float32
FAR = 1e6


@fast_scalar
def transmission(optical_depth):
    """exp(-x) of an optical depth x >= 0, to 0.1 %: a cubic of x / 16, raised to the 16th power."""
    y = min(optical_depth, F(16.0)) * F(1.0 / 16.0)
    t = F(1.0) - y * (F(1.0) - y * (F(0.5) - y * F(1.0 / 6.0)))
    t *= t
    t *= t
    t *= t
    return t * t


@fast_scalar
def overlap(low, high, line_low, line_high):
    """Length of the part of [low, high] inside [line_low, line_high]."""
    return max(min(high, line_high) - max(low, line_low), F(0.0))


@fast_scalar
def dash_share(s, footprint):
    """Share of a footprint [m] around ``s`` [m] that dashes cover."""
    period, length = F(DASH_PERIOD), F(DASH_LENGTH)
    low, high = (s - F(0.5) * footprint) / period, (s + F(0.5) * footprint) / period
    a, b = F(math.floor(low)), F(math.floor(high))
    painted = (b - a) * length + min((high - b) * period, length) - min((low - a) * period, length)
    return painted / footprint


@fast_scalar
def marking_cover(roads, road, s, d, footprint_s, footprint_d):
    """(share of the pixel under paint, whether yellow) at road point (s, d) for a footprint along and across."""
    cover, yellow = F(0.0), False
    low, high = d - F(0.5) * footprint_d, d + F(0.5) * footprint_d
    for k in range(roads.boundary_count[road]):
        offset, half = F(roads.boundary_offset[road, k]), F(0.5) * F(roads.boundary_width[road, k])
        style = roads.boundary_style[road, k]
        reach = half * F(3.0) if style == STYLE_DOUBLE else half
        if low > offset + reach or high < offset - reach or style == 0:
            continue
        if style == STYLE_DOUBLE:
            share = overlap(low, high, offset - reach, offset - half) + overlap(
                low, high, offset + half, offset + reach
            )
        else:
            share = overlap(low, high, offset - half, offset + half)
        share /= footprint_d
        if style == STYLE_DASHED:
            share *= dash_share(s, footprint_s)
        if share > cover:
            yellow = roads.boundary_colour[road, k] == COLOUR_YELLOW
        cover = min(cover + share, F(1.0))
    return cover, yellow


@fast_scalar
def shade_sky(view, x, y, z):
    """Colour of the sky in direction (x, y, z), z >= 0 up, not normalised."""
    up = max(z, F(0.0)) / math.sqrt(x * x + y * y + z * z)
    t = F(1.0) - up
    t = t * t
    t = F(1.0) - t * t
    return (
        view.horizon_r + (view.sky_r - view.horizon_r) * t,
        view.horizon_g + (view.sky_g - view.horizon_g) * t,
        view.horizon_b + (view.sky_b - view.horizon_b) * t,
    )


@fast_scalar
def shade_background(view, roads, road, origin_x, origin_y, column, row):
    """(r, g, b, inverse depth, class) of ground or sky in pixel (row, column)."""
    a = (view.centre_column - F(column)) * view.pixel
    b = (view.centre_row - F(row)) * view.pixel
    x = view.forward_x + a * view.left_x + b * view.up_x
    y = view.forward_y + a * view.left_y + b * view.up_y
    z = view.forward_z + a * view.left_z + b * view.up_z
    if z > F(-1e-3):
        red, green, blue = shade_sky(view, x, y, z)
        return red, green, blue, F(0.0), SEMANTIC_SKY
    depth = view.height / -z
    px, py = x * depth, y * depth
    world_x, world_y = origin_x + px, origin_y + py
    # How the ground point moves from one column, and from one row, to the next.
    scale = depth * view.pixel
    slide_c, slide_r = depth / view.height * view.left_z, depth / view.height * view.up_z
    cx, cy = (view.left_x + slide_c * x) * scale, (view.left_y + slide_c * y) * scale
    rx, ry = (view.up_x + slide_r * x) * scale, (view.up_y + slide_r * y) * scale
    element = nearest_element(roads, road, world_x, world_y)
    red, green, blue = view.verge_r, view.verge_g, view.verge_b
    semantic = SEMANTIC_VERGE
    if element >= 0:
        s64, d64 = element_project(roads, road, element, world_x, world_y)
        d = F(d64)
        e = roads.element_start[road] + element
        if -roads.paved_right[e] < d64 and d64 < roads.paved_left[e]:
            semantic = SEMANTIC_ROAD
            tx, ty = F(roads.cos_heading[e]), F(roads.sin_heading[e])
            c_along, c_across = cx * tx + cy * ty, cy * tx - cx * ty
            r_along, r_across = rx * tx + ry * ty, ry * tx - rx * ty
            footprint_s = math.sqrt(c_along * c_along + r_along * r_along)
            footprint_d = math.sqrt(c_across * c_across + r_across * r_across)
            cover, yellow = marking_cover(roads, road, F(s64), d, footprint_s, footprint_d)
            if cover > F(0.5):
                semantic = SEMANTIC_MARKING
            paint_b = F(0.2) if yellow else F(0.8)
            paint_g = F(0.65) if yellow else F(0.8)
            red = view.asphalt_r + (F(0.8) - view.asphalt_r) * cover
            green = view.asphalt_g + (paint_g - view.asphalt_g) * cover
            blue = view.asphalt_b + (paint_b - view.asphalt_b) * cover
    clear = transmission(view.fog * depth * math.sqrt(x * x + y * y + z * z))
    red = view.horizon_r + (red * view.light_r - view.horizon_r) * clear
    green = view.horizon_g + (green * view.light_g - view.horizon_g) * clear
    blue = view.horizon_b + (blue * view.light_b - view.horizon_b) * clear
    return red, green, blue, -z / view.height, semantic
