"""One pixel: ground or sky, polygons laid over it, grey levels. What CUDA does in a thread."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.compute.randomness import STREAM_CAMERA, random_bits
from drive_sim.sensors.camera.frame_setup import frame_scalar, pixel_scalar
from drive_sim.sensors.camera.objects.materials import material_at
from drive_sim.sensors.camera.objects.scanlines import cover_at
from drive_sim.sensors.camera.pixel_blocks import choose
from drive_sim.sensors.camera.shading.ground import ground_base, has_kerbs
from drive_sim.sensors.camera.shading.guard_rails import RAIL_KIND, rail_at
from drive_sim.sensors.camera.shading.light import arriving, clearness, light_ground, mirror_sky, ray
from drive_sim.sensors.camera.shading.markings import footprint_along, is_yellow, lens_of, line_cover, paint
from drive_sim.sensors.camera.shading.sky import lay_land, shade_sky
from drive_sim.sensors.camera.shading.textures import NOISE_SIZE

F = np.float32


@pixel_scalar
def lay_rails(view, trim, place, clear, red, green, blue, inverse_depth, kind):
    """(r, g, b, inverse depth, class) of a pixel with the guard rails that its ray meets before the ground."""
    beam_light = F(0.5) * view.beam / (F(1.0) + F(0.002) / (inverse_depth * inverse_depth))
    for number in range(2):
        share, light, wave, closer = rail_at(view, trim, place, F(1.0) - F(2.0) * F(number))
        light += beam_light * wave
        r, g, b = arriving(view, clear, light * F(0.97), light, light * F(1.03))
        red += (r - red) * share
        green += (g - green) * share
        blue += (b - blue) * share
        inverse_depth, kind = (inverse_depth * closer, F(RAIL_KIND)) if share > F(0.5) else (inverse_depth, kind)
    return red, green, blue, inverse_depth, kind


@pixel_scalar
def ground_pixel(view, roads, road, trim, textures, levels, column, row, place, clear):
    """(r, g, b, inverse depth, class) of the ground in a pixel, as it arrives at the camera.

    ``clear`` is the share of light that the fog lets pass.
    """
    x, y, z = ray(view, column, row)
    inverse_depth = -z / view.height
    base = ground_base(view, trim, textures, levels, x / inverse_depth, y / inverse_depth, place, has_kerbs(trim))
    lens = lens_of(place.column_d, place.row_d)
    share, yellow = F(0.0), F(0.0)
    for k in range(roads.boundary_count[road]):
        offset, width = F(roads.boundary_offset[road, k]), F(roads.boundary_width[road, k])
        style = roads.boundary_style[road, k]
        part = line_cover(lens, place.d, place.s, footprint_along(place), offset, width, style)
        share += part
        yellow += part * is_yellow(roads, road, k)
    base = paint(view, base, share, yellow)
    red, green, blue = light_ground(view, x, y, z, base.red, base.green, base.blue)
    red, green, blue = mirror_sky(view, x, y, z, base.puddle, red, green, blue)
    red, green, blue = arriving(view, clear, red, green, blue)
    return lay_rails(view, trim, place, clear, red, green, blue, inverse_depth, base.kind)


@frame_scalar
def single_ground(view, roads, road, trim, textures, levels, column, row, place):
    """`ground_pixel` as a call of its own, in the air of the pixel itself."""
    x, y, z = ray(view, column, row)
    clear = clearness(view, x, y, z)
    return ground_pixel(view, roads, road, trim, textures, levels, column, row, place, clear)


@pixel_scalar
def sky_pixel(view, textures, clouds, column, row):
    """Radiance of sky and land in a pixel."""
    x, y, z = ray(view, column, row)
    red, green, blue = shade_sky(view, textures, clouds, x, y, z)
    return lay_land(view, textures, x, y, z, red, green, blue)


@frame_scalar
def single_sky(view, textures, clouds, column, row):
    """`sky_pixel` as a call of its own."""
    return sky_pixel(view, textures, clouds, column, row)


@pixel_scalar
def seen_share(alpha, inverse, inverse_depth, kind):
    """What is seen of a polygon's ``alpha`` in a pixel that shows ``kind`` at inverse depth ``inverse_depth`` so far.

    Polygons come from far to near and stand before the ground; only guard rails may hide them.
    """
    hidden = inverse <= F(0.0) or (kind == F(RAIL_KIND) and inverse < inverse_depth)
    return F(0.0) if hidden else alpha


@pixel_scalar
def polygon_at(scanline, textures, x, inverse_depth, kind):
    """(opacity, r, g, b, inverse depth) of a polygon in a pixel that shows ``kind`` at ``inverse_depth``."""
    cover = cover_at(scanline, x)
    if cover <= F(0.0):
        return F(0.0), F(0.0), F(0.0), F(0.0), F(0.0)
    alpha, red, green, blue, inverse = material_at(scanline, textures, x)
    return seen_share(alpha * cover, inverse, inverse_depth, kind), red, green, blue, inverse


@pixel_scalar
def lay_single(scanline, found, red, green, blue, inverse_depth, kind):
    """(r, g, b, inverse depth, class) of a pixel with a polygon laid over it; ``found`` is what `polygon_at` found."""
    alpha, r, g, b, inverse = found
    opaque = alpha >= F(0.5) and scanline.semantic >= F(0.0)
    inverse_depth, kind = (inverse, scanline.semantic) if opaque else (inverse_depth, kind)
    return red + (r - red) * alpha, green + (g - green) * alpha, blue + (b - blue) * alpha, inverse_depth, kind


@pixel_scalar
def lay_tile(scanline, found, red, green, blue, inverse_depth, kind, tile):
    """(r, g, b, inverse depth, class, tile) of a pixel with a polygon of a group laid over it.

    Polygons of one group share a pixel like tiles: each covers its part of what was there before the group, so that
    nothing shines through where two meet. ``tile`` is (the group, its cover so far, r, g, b before it).
    """
    alpha, r, g, b, inverse = found
    owner, tiled, back_r, back_g, back_b = tile
    fresh = scanline.group != owner
    tiled = choose(fresh, F(0.0), tiled)
    back_r, back_g, back_b = choose(fresh, red, back_r), choose(fresh, green, back_g), choose(fresh, blue, back_b)
    alpha = min(alpha, F(1.0) - tiled)
    closer = (tiled + alpha >= F(0.5)) & ((tiled < F(0.5)) | (alpha >= F(0.5)))
    inverse_depth, kind = inverse if closer else inverse_depth, scanline.semantic if closer else kind
    tile = (scanline.group, tiled + alpha, back_r, back_g, back_b)
    return (
        red + (r - back_r) * alpha,
        green + (g - back_g) * alpha,
        blue + (b - back_b) * alpha,
        inverse_depth,
        kind,
        tile,
    )


@pixel_scalar
def grey_level(value, exposure, noise):
    """Grey level of a linear radiance: a gamma of 2, near sRGB's, and read noise [grey levels]."""
    light = value * exposure
    # A CPU estimates inverse roots in a quarter of the time that a root takes.
    level = light * (F(1.0) / math.sqrt(max(light, F(1e-9)))) * F(255.0) + (noise + F(0.5))
    return min(max(level, F(0.0)), F(255.0))


@pixel_scalar
def noise_start(seed, step, camera, row):
    """Where in the table of noise a row begins."""
    return int(random_bits(seed, STREAM_CAMERA, step, 8192 * camera + row + 1) & np.uint64(NOISE_SIZE - 1))
