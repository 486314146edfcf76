"""Shapes of what stands on the ground, as data: faces with a look and materials, in fractions of the object's size.

A solid's corners are (x / length, y / width, z / height) about the middle of its footprint, x forward. An upright
shape is one image that always faces the camera, like a stage flat. Faces of a group tile the same piece of the
image; groups are drawn in order, or from far to near where the shape says so.
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
from drive_sim.sensors.camera.optics.configuration import (
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
    TREE_SHAPE,
    DELINEATOR,
    ROUND_SIGN,
    HOUSE,
) = range(12)
ACTOR_SHAPE = (CAR, CAR, LORRY, BUS, MOTORCYCLE, CYCLIST, PEDESTRIAN, TRAFFIC_CONE, DEBRIS)
"""Shape of each ACTOR_* class."""

# How a material's colour comes about.
MODE_OWN, MODE_PAINT, MODE_FRONT, MODE_REAR, MODE_SHINE, MODE_WINDOW, MODE_FOIL, MODE_FOIL_PAINT = range(8)
_MATERIALS = {  # mode, then a reflectance, or a factor on the object's colour, or on the light that it sends
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
_INDEX = {name: number for number, name in enumerate(_MATERIALS)}


@lasting
class Shapes(NamedTuple):
    """All shapes; S shapes, Q faces, M materials."""

    start: Any  # int32 (S + 1): shape s owns faces start[s] .. start[s + 1] - 1
    upright: Any  # uint8 (S): turns with the camera
    sorted: Any  # uint8 (S): groups are listed from rear to front and drawn from far to near
    semantic: Any  # uint8 (S)
    corners: Any  # float32 (Q, 4, 3) fractions of length, width, height; counter-clockwise seen from outside
    normal: Any  # float32 (Q, 3) of the surface, in the object's frame (for a cube of the object's size)
    look: Any  # float32 (Q)
    parameters: Any  # float32 (Q, 3)
    group: Any  # int32 (Q) within the shape
    coat: Any  # int32 (Q, 3) materials: main, dark, bright
    materials: Any  # float32 (M, 4) mode, r, g, b


Face = tuple[Any, ...]
_Paint = tuple[str, str, str]


def _solid(
    base: tuple[float, float, float, float],
    top: tuple[float, float, float, float, float],
    looks: dict[str, tuple[float, tuple[float, float, float], _Paint]],
    group: int,
) -> list[Face]:
    """Faces of a box that narrows upwards.

    ``base`` is (rear x, front x, half width, z), ``top`` (rear x, front x, half width, rear z, front z), as fractions;
    ``looks`` gives front, rear, side and top a look, its parameters and materials.
    """
    x0, x1, w, z = base
    x2, x3, t, zr, zf = top
    faces = {
        "front": ((x1, -w, z), (x1, w, z), (x3, t, zf), (x3, -t, zf)),
        "rear": ((x0, w, z), (x0, -w, z), (x2, -t, zr), (x2, t, zr)),
        "left": ((x1, w, z), (x0, w, z), (x2, t, zr), (x3, t, zf)),
        "right": ((x0, -w, z), (x1, -w, z), (x3, -t, zf), (x2, -t, zr)),
        "top": ((x2, -t, zr), (x3, -t, zf), (x3, t, zf), (x2, t, zr)),
    }
    normals = {"front": (1, 0, 0), "rear": (-1, 0, 0), "left": (0, 1, 0), "right": (0, -1, 0), "top": (0, 0, 1)}
    result = []
    for name, corners in faces.items():
        look, parameters, paint = looks["side" if name in ("left", "right") else name]
        result.append((corners, normals[name], look, parameters, group, paint))
    return result


def _flat(look: float, parameters: tuple[float, float, float], paint: _Paint) -> list[Face]:
    corners = ((0, 0.5, 0), (0, -0.5, 0), (0, -0.5, 1), (0, 0.5, 1))
    return [(corners, (-0.75, 0, 0.66), look, parameters, 0, paint)]


_NONE = (0.0, 0.0, 0.0)


def _car() -> list[Face]:
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
    return _solid((-0.5, 0.5, 0.5, 0.0), (-0.49, 0.485, 0.485, belt, 0.82 * belt), body, 0) + _solid(
        (-0.44, 0.22, 0.47, 0.96 * belt), (-0.31, 0.04, 0.38, 1.0, 1.0), cabin, 1
    )


def _lorry() -> list[Face]:
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
        _solid((-0.5, 0.22, 0.5, 0.0), (-0.5, 0.22, 0.5, 1.0, 1.0), box, 0)
        + _solid((0.26, 0.5, 0.485, 0.0), (0.26, 0.5, 0.485, 0.44, 0.44), bonnet, 1)
        + _solid((0.26, 0.5, 0.485, 0.44), (0.26, 0.485, 0.47, 0.84, 0.82), cab, 2)
    )


def _bus() -> list[Face]:
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
    return _solid((-0.5, 0.5, 0.5, 0.0), (-0.5, 0.5, 0.5, 0.4, 0.4), skirt, 0) + _solid(
        (-0.5, 0.5, 0.5, 0.4), (-0.5, 0.49, 0.485, 1.0, 1.0), panes, 1
    )


def _debris() -> list[Face]:
    lump = {
        part: (PLAIN, _NONE, ("paint" if part != "side" else "shaded paint", "paint", "paint"))
        for part in ("front", "rear", "side", "top")
    }
    return _solid((-0.5, 0.5, 0.5, 0.0), (-0.4, 0.35, 0.4, 1.0, 0.75), lump, 0)


def _house() -> list[Face]:
    walls = dict.fromkeys(("front", "rear", "side", "top"), (WALL, (0.0, 2.0, 0.0), ("paint", "pane", "lit window")))
    walls["top"] = (PLAIN, _NONE, ("paint", "pane", "pane"))
    roof = {
        "front": (PLAIN, _NONE, ("shaded paint", "pane", "pane")),
        "rear": (PLAIN, _NONE, ("shaded paint", "pane", "pane")),
        "side": (ROOF, _NONE, ("tile seam", "black", "black")),
        "top": (PLAIN, _NONE, ("tile seam", "black", "black")),
    }
    return _solid((-0.5, 0.5, 0.5, 0.0), (-0.5, 0.5, 0.5, 0.58, 0.58), walls, 0) + _solid(
        (-0.52, 0.52, 0.55, 0.58), (-0.52, 0.52, 0.005, 1.0, 1.0), roof, 1
    )


def _shapes() -> list[tuple[int, bool, bool, int, list[Face]]]:
    """(shape, upright, sorted, class, faces) of every shape."""
    person, trousers = ("paint", "trousers", "skin"), "trousers"
    return [
        (CAR, False, False, SEMANTIC_VEHICLE, _car()),
        (LORRY, False, True, SEMANTIC_VEHICLE, _lorry()),
        (BUS, False, False, SEMANTIC_VEHICLE, _bus()),
        (MOTORCYCLE, True, False, SEMANTIC_VEHICLE, _flat(RIDER, (0.0, 0.0, 1.0), ("paint", "rubber", "helmet"))),
        (CYCLIST, True, False, SEMANTIC_CYCLIST, _flat(RIDER, _NONE, ("paint", trousers, "skin"))),
        (PEDESTRIAN, True, False, SEMANTIC_PEDESTRIAN, _flat(PERSON, _NONE, person)),
        (TRAFFIC_CONE, True, False, SEMANTIC_OBJECT, _flat(CONE, _NONE, ("paint", "black", "white"))),
        (DEBRIS, False, False, SEMANTIC_OBJECT, _debris()),
        (TREE_SHAPE, True, False, SEMANTIC_SCENERY, _flat(TREE, _NONE, ("paint", "bark", "sunny paint"))),
        (DELINEATOR, True, False, SEMANTIC_SCENERY, _flat(POST, _NONE, ("white", "black", "foil"))),
        (ROUND_SIGN, True, False, SEMANTIC_SCENERY, _flat(SIGN, _NONE, ("foil paint", "metal", "foil"))),
        (HOUSE, False, False, SEMANTIC_SCENERY, _house()),
    ]


@lru_cache(maxsize=1)
def _tables() -> Shapes:
    shapes = sorted(_shapes())
    faces = [face for shape in shapes for face in shape[4]]
    sizes = [len(shape[4]) for shape in shapes]
    return Shapes(
        start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        upright=np.array([shape[1] for shape in shapes], np.uint8),
        sorted=np.array([shape[2] for shape in shapes], np.uint8),
        semantic=np.array([shape[3] for shape in shapes], np.uint8),
        corners=np.array([face[0] for face in faces], np.float32),
        normal=np.array([face[1] for face in faces], np.float32),
        look=np.array([face[2] for face in faces], np.float32),
        parameters=np.array([face[3] for face in faces], np.float32),
        group=np.array([face[4] for face in faces], np.int32),
        coat=np.array([[_INDEX[name] for name in face[5]] for face in faces], np.int32),
        materials=np.array(list(_MATERIALS.values()), np.float32),
    )


@lru_cache(maxsize=4)
def shapes_on(device: str) -> Shapes:
    """The shapes as arrays on ``device``."""
    return Shapes(*(to_device(device, array) for array in _tables()))
