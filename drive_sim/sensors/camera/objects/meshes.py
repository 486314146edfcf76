"""Meshes of what stands on the ground, as data: polygons with a material and three colours, in fractions of its size.

A mesh's corners are (x / length, y / width, z / height) about the middle of its footprint, x forward. A billboard is
one image that always turns to the camera. Polygons of a group tile the same piece of the image; groups are laid in
order, or from far to near where the mesh says so.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import to_device
from drive_sim.sensors.camera.objects.materials import (
    CONE,
    END,
    GLASS,
    PERSON,
    PLAIN,
    POST,
    RIDER,
    ROOF,
    SIDE,
    SIGN,
    TREE,
    WALL,
)
from drive_sim.sensors.camera.semantics import (
    SEMANTIC_CYCLIST,
    SEMANTIC_OBJECT,
    SEMANTIC_PEDESTRIAN,
    SEMANTIC_SCENERY,
    SEMANTIC_VEHICLE,
)

(
    CAR,
    LORRY,
    BUS,
    MOTORCYCLE,
    CYCLIST,
    PEDESTRIAN,
    TRAFFIC_CONE,
    DEBRIS,
    TREE_MESH,
    DELINEATOR,
    ROUND_SIGN,
    HOUSE,
) = range(12)
ACTOR_MESH = (CAR, CAR, LORRY, BUS, MOTORCYCLE, CYCLIST, PEDESTRIAN, TRAFFIC_CONE, DEBRIS)
"""Shape of each ACTOR_* class."""

# How a colour of the palette comes about.
MODE_OWN, MODE_PAINT, MODE_FRONT, MODE_REAR, MODE_SHINE, MODE_WINDOW, MODE_FOIL, MODE_FOIL_PAINT = range(8)
_PALETTE = {  # mode, then a reflectance, or a factor on the object's colour, or on the light that it sends
    "paint": (MODE_PAINT, 1.0, 1.0, 1.0),
    "shaded paint": (MODE_PAINT, 0.7, 0.7, 0.7),
    "sunny paint": (MODE_PAINT, 2.1, 2.0, 1.8),
    "glass": (MODE_OWN, 0.03, 0.034, 0.038),
    "rubber": (MODE_OWN, 0.022, 0.022, 0.024),
    "metal": (MODE_OWN, 0.35, 0.35, 0.36),
    "white": (MODE_OWN, 0.85, 0.85, 0.85),
    "black": (MODE_OWN, 0.05, 0.05, 0.05),
    "skin": (MODE_OWN, 0.5, 0.33, 0.25),
    "trousers": (MODE_OWN, 0.05, 0.055, 0.08),
    "helmet": (MODE_OWN, 0.09, 0.09, 0.11),
    "bark": (MODE_OWN, 0.03, 0.035, 0.018),
    "tile seam": (MODE_OWN, 0.1, 0.06, 0.05),
    "pane": (MODE_OWN, 0.05, 0.055, 0.07),
    "front lamp": (MODE_FRONT, 1.0, 0.98, 0.9),
    "rear lamp": (MODE_REAR, 1.0, 0.1, 0.07),
    "shine": (MODE_SHINE, 0.7, 0.7, 0.7),
    "lit window": (MODE_WINDOW, 1.0, 0.75, 0.4),
    "foil": (MODE_FOIL, 0.8, 0.8, 0.8),
    "foil paint": (MODE_FOIL_PAINT, 1.0, 1.0, 1.0),
}
_INDEX = {name: number for number, name in enumerate(_PALETTE)}


@lasting
class Meshes(NamedTuple):
    """All meshes; S meshes, Q polygons, M colours."""

    start: Any  # int32 (S + 1): mesh s owns polygons start[s] .. start[s + 1] - 1
    billboard: Any  # uint8 (S): turns with the camera
    sorted: Any  # uint8 (S): groups are listed from rear to front and laid from far to near
    semantic: Any  # uint8 (S)
    corners: Any  # float32 (Q, 4, 3) fractions of length, width, height; counter-clockwise seen from outside
    normal: Any  # float32 (Q, 3) of the surface, in the object's frame (for a cube of the object's size)
    material: Any  # float32 (Q)
    parameters: Any  # float32 (Q, 3)
    group: Any  # int32 (Q) within the mesh
    colours: Any  # int32 (Q, 3) of the palette: main, dark, bright
    palette: Any  # float32 (M, 4) mode, r, g, b


MeshPolygon = tuple[Any, ...]
_Colours = tuple[str, str, str]


def _box(
    base: tuple[float, float, float, float],
    top: tuple[float, float, float, float, float],
    materials: dict[str, tuple[float, tuple[float, float, float], _Colours]],
    group: int,
) -> list[MeshPolygon]:
    """Polygons of a box that narrows upwards.

    ``base`` is (rear x, front x, half width, z), ``top`` (rear x, front x, half width, rear z, front z), as fractions;
    ``materials`` gives front, rear, side and top a material, its parameters and colours.
    """
    x0, x1, w, z = base
    x2, x3, t, zr, zf = top
    polygons = {
        "front": ((x1, -w, z), (x1, w, z), (x3, t, zf), (x3, -t, zf)),
        "rear": ((x0, w, z), (x0, -w, z), (x2, -t, zr), (x2, t, zr)),
        "left": ((x1, w, z), (x0, w, z), (x2, t, zr), (x3, t, zf)),
        "right": ((x0, -w, z), (x1, -w, z), (x3, -t, zf), (x2, -t, zr)),
        "top": ((x2, -t, zr), (x3, -t, zf), (x3, t, zf), (x2, t, zr)),
    }
    normals = {"front": (1, 0, 0), "rear": (-1, 0, 0), "left": (0, 1, 0), "right": (0, -1, 0), "top": (0, 0, 1)}
    result = []
    for name, corners in polygons.items():
        material, parameters, paint = materials["side" if name in ("left", "right") else name]
        result.append((corners, normals[name], material, parameters, group, paint))
    return result


def _billboard(material: float, parameters: tuple[float, float, float], paint: _Colours) -> list[MeshPolygon]:
    corners = ((0, 0.5, 0), (0, -0.5, 0), (0, -0.5, 1), (0, 0.5, 1))
    return [(corners, (-0.75, 0, 0.66), material, parameters, 0, paint)]


_NONE = (0.0, 0.0, 0.0)


def _car() -> list[MeshPolygon]:
    dark, sill, belt = "rubber", 0.3, 0.6
    body = {
        "front": (END, (sill, 0.66, 0.11), ("paint", dark, "front lamp")),
        "rear": (END, (sill, 0.76, -0.13), ("paint", dark, "rear lamp")),
        "side": (SIDE, (sill, 0.35, 0.31), ("paint", dark, "metal")),
        "top": (PLAIN, _NONE, ("paint", dark, dark)),
    }
    cabin = {
        "front": (GLASS, (0.05, 0.1, 1.0), ("paint", "glass", "shine")),
        "rear": (GLASS, (0.08, 0.15, 1.0), ("paint", "glass", "shine")),
        "side": (GLASS, (0.06, 0.14, 2.0), ("paint", "glass", "shine")),
        "top": (PLAIN, _NONE, ("paint", dark, dark)),
    }
    return _box((-0.5, 0.5, 0.5, 0.0), (-0.49, 0.485, 0.485, belt, 0.82 * belt), body, 0) + _box(
        (-0.44, 0.22, 0.47, 0.96 * belt), (-0.31, 0.04, 0.38, 1.0, 1.0), cabin, 1
    )


def _lorry() -> list[MeshPolygon]:
    box = {
        "front": (PLAIN, _NONE, ("paint", "paint", "paint")),
        "rear": (END, (0.26, 0.25, -0.035), ("paint", "rubber", "rear lamp")),
        "side": (SIDE, (0.3, 0.15, 0.3), ("paint", "rubber", "metal")),
        "top": (PLAIN, _NONE, ("paint", "paint", "paint")),
    }
    bonnet = {
        "front": (END, (0.28, 0.48, 0.09), ("shaded paint", "rubber", "front lamp")),
        "rear": (PLAIN, _NONE, ("shaded paint", "rubber", "rubber")),
        "side": (SIDE, (0.3, 0.36, 0.0), ("shaded paint", "rubber", "metal")),
        "top": (PLAIN, _NONE, ("shaded paint", "rubber", "rubber")),
    }
    cab = {
        "front": (GLASS, (0.05, 0.12, 1.0), ("shaded paint", "glass", "shine")),
        "rear": (PLAIN, _NONE, ("shaded paint", "rubber", "rubber")),
        "side": (GLASS, (0.2, 0.2, 1.0), ("shaded paint", "glass", "shine")),
        "top": (PLAIN, _NONE, ("shaded paint", "rubber", "rubber")),
    }
    return (
        _box((-0.5, 0.22, 0.5, 0.0), (-0.5, 0.22, 0.5, 1.0, 1.0), box, 0)
        + _box((0.26, 0.5, 0.485, 0.0), (0.26, 0.5, 0.485, 0.44, 0.44), bonnet, 1)
        + _box((0.26, 0.5, 0.485, 0.44), (0.26, 0.485, 0.47, 0.84, 0.82), cab, 2)
    )


def _bus() -> list[MeshPolygon]:
    skirt = {
        "front": (END, (0.2, 0.5, 0.11), ("paint", "rubber", "front lamp")),
        "rear": (END, (0.2, 0.6, -0.11), ("paint", "rubber", "rear lamp")),
        "side": (SIDE, (0.22, 0.4, 0.3), ("paint", "rubber", "metal")),
        "top": (PLAIN, _NONE, ("paint", "paint", "paint")),
    }
    panes = {
        "front": (GLASS, (0.05, 0.08, 1.0), ("paint", "glass", "shine")),
        "rear": (GLASS, (0.12, 0.3, 1.0), ("paint", "glass", "shine")),
        "side": (GLASS, (0.02, 0.2, 7.0), ("paint", "glass", "shine")),
        "top": (PLAIN, _NONE, ("paint", "paint", "paint")),
    }
    return _box((-0.5, 0.5, 0.5, 0.0), (-0.5, 0.5, 0.5, 0.4, 0.4), skirt, 0) + _box(
        (-0.5, 0.5, 0.5, 0.4), (-0.5, 0.49, 0.485, 1.0, 1.0), panes, 1
    )


def _debris() -> list[MeshPolygon]:
    lump = {
        part: (PLAIN, _NONE, ("paint" if part != "side" else "shaded paint", "paint", "paint"))
        for part in ("front", "rear", "side", "top")
    }
    return _box((-0.5, 0.5, 0.5, 0.0), (-0.4, 0.35, 0.4, 1.0, 0.75), lump, 0)


def _house() -> list[MeshPolygon]:
    walls = dict.fromkeys(("front", "rear", "side", "top"), (WALL, (0.0, 2.0, 0.0), ("paint", "pane", "lit window")))
    walls["top"] = (PLAIN, _NONE, ("paint", "pane", "pane"))
    roof = {
        "front": (PLAIN, _NONE, ("shaded paint", "pane", "pane")),
        "rear": (PLAIN, _NONE, ("shaded paint", "pane", "pane")),
        "side": (ROOF, _NONE, ("tile seam", "black", "black")),
        "top": (PLAIN, _NONE, ("tile seam", "black", "black")),
    }
    return _box((-0.5, 0.5, 0.5, 0.0), (-0.5, 0.5, 0.5, 0.58, 0.58), walls, 0) + _box(
        (-0.52, 0.52, 0.55, 0.58), (-0.52, 0.52, 0.005, 1.0, 1.0), roof, 1
    )


def _shapes() -> list[tuple[int, bool, bool, int, list[MeshPolygon]]]:
    """(mesh, billboard, sorted, class, polygons) of every mesh."""
    person, trousers = ("paint", "trousers", "skin"), "trousers"
    return [
        (CAR, False, False, SEMANTIC_VEHICLE, _car()),
        (LORRY, False, True, SEMANTIC_VEHICLE, _lorry()),
        (BUS, False, False, SEMANTIC_VEHICLE, _bus()),
        (MOTORCYCLE, True, False, SEMANTIC_VEHICLE, _billboard(RIDER, (0.0, 0.0, 1.0), ("paint", "rubber", "helmet"))),
        (CYCLIST, True, False, SEMANTIC_CYCLIST, _billboard(RIDER, _NONE, ("paint", trousers, "skin"))),
        (PEDESTRIAN, True, False, SEMANTIC_PEDESTRIAN, _billboard(PERSON, _NONE, person)),
        (TRAFFIC_CONE, True, False, SEMANTIC_OBJECT, _billboard(CONE, _NONE, ("paint", "black", "white"))),
        (DEBRIS, False, False, SEMANTIC_OBJECT, _debris()),
        (TREE_MESH, True, False, SEMANTIC_SCENERY, _billboard(TREE, _NONE, ("paint", "bark", "sunny paint"))),
        (DELINEATOR, True, False, SEMANTIC_SCENERY, _billboard(POST, _NONE, ("white", "black", "foil"))),
        (ROUND_SIGN, True, False, SEMANTIC_SCENERY, _billboard(SIGN, _NONE, ("foil paint", "metal", "foil"))),
        (HOUSE, False, False, SEMANTIC_SCENERY, _house()),
    ]


@lru_cache(maxsize=1)
def _tables() -> Meshes:
    meshes = sorted(_shapes())
    polygons = [polygon for mesh in meshes for polygon in mesh[4]]
    sizes = [len(mesh[4]) for mesh in meshes]
    return Meshes(
        start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        billboard=np.array([mesh[1] for mesh in meshes], np.uint8),
        sorted=np.array([mesh[2] for mesh in meshes], np.uint8),
        semantic=np.array([mesh[3] for mesh in meshes], np.uint8),
        corners=np.array([polygon[0] for polygon in polygons], np.float32),
        normal=np.array([polygon[1] for polygon in polygons], np.float32),
        material=np.array([polygon[2] for polygon in polygons], np.float32),
        parameters=np.array([polygon[3] for polygon in polygons], np.float32),
        group=np.array([polygon[4] for polygon in polygons], np.int32),
        colours=np.array([[_INDEX[name] for name in polygon[5]] for polygon in polygons], np.int32),
        palette=np.array(list(_PALETTE.values()), np.float32),
    )


@lru_cache(maxsize=4)
def meshes_on(device: str) -> Meshes:
    """The meshes as arrays on ``device``."""
    return Meshes(*(to_device(device, array) for array in _tables()))
