"""Guard rails: what a ray meets of their beams and posts before it comes to the ground, and how bright that is.

Written without branches where pixels differ, so that a CPU shades eight pixels at once.
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.sensors.camera.frame_setup import limit, pixel_scalar
from drive_sim.sensors.camera.semantics import SEMANTIC_RAIL
from drive_sim.sensors.camera.shading.markings import footprint_along, repeated_cover
from drive_sim.sensors.camera.shading.road_coordinates import rail_offset
from drive_sim.world.roads.road import RAIL_BOTTOM, RAIL_POST_DISTANCE, RAIL_TOP

F = np.float32
RAIL_KIND = float(SEMANTIC_RAIL)


@pixel_scalar
def rail_cover(place, side, paved):
    """(share of the pixel that a guard rail's beam covers, height on it 0..1, share that a post covers).

    ``side`` is +1 left, -1 right. A ray shows the beam if it is still inside the rail where it passes the upper
    edge's height and already outside at the lower edge's, whatever way the road bends.
    """
    rail = rail_offset(paved)
    top, bottom, foot = side * place.top_d, side * place.bottom_d, side * place.d
    blur = F(1.0) / (F(0.6) * math.sqrt(place.column_d * place.column_d + place.row_d * place.row_d))
    inside = limit((rail - top) * blur + F(0.5))
    outside = limit((bottom - rail) * blur + F(0.5))
    height = limit((bottom - rail) / max(bottom - top, F(1e-4)))
    t = (rail - bottom) / max(foot - bottom, F(1e-4))
    s = place.bottom_s + (place.s - place.bottom_s) * t
    footprint = max(F(0.7) * footprint_along(place) * (F(1.0) - t), F(0.0)) + F(0.05)
    post = (F(1.0) - outside) * repeated_cover(s, footprint, F(0.14), F(RAIL_POST_DISTANCE))
    return inside * outside, height, limit(post) if foot > rail else F(0.0)


@pixel_scalar
def rail_at(view, trim, place, side):
    """(opacity, radiance, its factor for red and blue, inverse share of the ground's depth) of a guard rail.

    ``side`` is +1 left, -1 right.
    """
    there = trim.rail_left if side > F(0.0) else trim.rail_right
    paved = place.paved_left if side > F(0.0) else place.paved_right
    beam, height, post = rail_cover(place, side, paved)
    there = there if side * place.d > paved else F(0.0)
    beam, post = beam * there, post * there * (F(1.0) - beam)
    # Two waves of sheet steel: bright where they face the sky.
    ridge = abs(F(2.0) * height - F(1.0))
    wave = F(0.42) + F(0.5) * ridge * (F(1.6) - height * F(0.4)) - F(0.3) * (height * (F(1.0) - height))
    steel = wave * (F(0.31) * view.light_g + F(0.28) * view.ambient)
    dark = F(0.16) * view.light_g
    share = beam + post
    light = (steel * beam + dark * post) / max(share, F(1e-4))
    low = F(RAIL_BOTTOM) + height * F(RAIL_TOP - RAIL_BOTTOM) if beam > post else F(0.3)
    return share, light, wave * beam / max(share, F(1e-4)), F(1.0) / (F(1.0) - low / view.height)
