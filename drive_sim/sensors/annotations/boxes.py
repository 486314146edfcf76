"""Boxes of road users: in space, in the image whole (amodal), and around what of them is seen (modal)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import allocate, to_device, to_host
from drive_sim.sensors.camera.objects.polygons import NEAR_PLANE
from drive_sim.sensors.camera.optics.configuration import CameraConfig, rotation
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.world.roads.road import Roads
from drive_sim.world.scenarios.episode import map_arrays
from drive_sim.world.state import ACTOR_NAMES, ACTOR_NONE, State, World

Floats = NDArray[np.float64]
Rectangle = tuple[float, float, float, float]
_CORNERS = np.array([(x, y, z) for z in (0.0, 1.0) for x, y in ((0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.5, -0.5))])
_EDGES = np.array([(k, (k + 1) % 4) for k in range(4)] + [(k + 4, (k + 1) % 4 + 4) for k in range(4)]
                  + [(k, k + 4) for k in range(4)])  # fmt: skip
_PIECES = 24
"""Pieces that an edge is divided into where the lens bends it."""


@dataclass(frozen=True, eq=False)
class ActorBox:
    """One road user in the image.

    Rectangles are (left, top, right, bottom) [pixels], from the outer edge of their first pixel to that of their last.
    Riders, walkers and cones are rendered as upright images in the middle of their boxes: what is seen of them may
    reach beyond the amodal rectangle by a few pixels from near, and is smaller than it where their box stands askew.
    """

    slot: int
    """Actor slot; its value in the instance layer is one more."""
    kind: str
    """Class, out of `drive_sim.world.state.ACTOR_NAMES`."""
    corners: Floats
    """(8, 3) corners in the vehicle frame [m]: on the ground from front left by rear left, rear right to front right
    (of the road user), then above them in the same order."""
    pixels: Floats
    """(8, 2) the corners' columns and rows; nan for those behind the camera."""
    amodal: Rectangle
    """Around the whole projected box, as far as it is in the image."""
    modal: Rectangle | None
    """Around its visible pixels; None where nothing of it is seen."""
    visible_pixels: int
    """Pixels in which it is seen."""
    alone_pixels: int
    """Pixels in which it would be seen if nothing else stood on or beside the road, > 0."""
    truncation: float
    """Share of the projected box (of its part in front of the camera) that is outside the image, 0..1."""

    @property
    def visibility(self) -> float:
        """Share of what the image holds of it that is not occluded, 0..1."""
        return self.visible_pixels / self.alone_pixels


class Boxes:
    """Finds the road users in one camera's images.

    What would be seen of each alone is rendered, not estimated: the same renderer renders it without other road users,
    scenery and guard rails, so that visibility counts pixels of its true outline.
    """

    def __init__(self, camera: CameraConfig) -> None:
        self._camera = camera
        self._rig = CameraRig((camera,))
        self._pieces = _PIECES if camera.distorted else 1

    def of(
        self, device: str, roads: Roads, world: World, state: State, instance: NDArray[np.uint8]
    ) -> list[tuple[ActorBox, ...]]:
        """The boxes in each world's image; all but ``roads`` hold NumPy arrays, ``instance`` is (B, H, W)."""
        found: list[list[tuple[int, Floats, Floats, Rectangle, float]]] = []
        for k in range(len(instance)):
            shapes = []
            for slot in np.flatnonzero(world.actors.kind[k] != ACTOR_NONE).tolist():
                corners = _corners(world, state, k, slot)
                outline = self._outline(corners)
                if outline is not None:
                    shapes.append((slot, corners, self._pixels(corners), *outline))
            found.append(shapes)
        pairs = [(k, shape[0]) for k, shapes in enumerate(found) for shape in shapes]
        alone = iter(self._alone(device, roads, world, state, pairs))
        result = []
        for k, shapes in enumerate(found):
            boxes = []
            for slot, corners, pixels, amodal, truncation in shapes:
                whole, mine = next(alone), instance[k] == slot + 1
                if whole:
                    kind, visible = ACTOR_NAMES[world.actors.kind[k, slot]], int(np.count_nonzero(mine))
                    modal = _around(mine) if visible else None
                    boxes.append(ActorBox(slot, kind, corners, pixels, amodal, modal, visible, whole, truncation))
            result.append(tuple(boxes))
        return result

    def _pixels(self, corners: Floats) -> Floats:
        """(8, 2) columns and rows of corners; nan behind the camera."""
        ahead = self._camera.seen(corners)[:, :1] >= NEAR_PLANE
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(ahead, self._camera.project(corners)[:, :2], np.nan)

    def _outline(self, corners: Floats) -> tuple[Rectangle, float] | None:
        """Amodal rectangle and truncation of a box; None if it is not in the image."""
        a, b = corners[_EDGES[:, 0]], corners[_EDGES[:, 1]]
        depth_a, depth_b = self._camera.seen(a)[:, 0], self._camera.seen(b)[:, 0]
        edges = (depth_a >= NEAR_PLANE) | (depth_b >= NEAR_PLANE)
        if not edges.any():
            return None
        a, b, depth_a, depth_b = a[edges], b[edges], depth_a[edges], depth_b[edges]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = (NEAR_PLANE - depth_a) / (depth_b - depth_a)
        start, stop = np.where(depth_a < NEAR_PLANE, crossing, 0.0), np.where(depth_b < NEAR_PLANE, crossing, 1.0)
        share = start[:, None] + (stop - start)[:, None] * np.linspace(0.0, 1.0, self._pieces + 1)
        points = a[:, None] + (b - a)[:, None] * share[..., None]
        hull = cv2.convexHull(self._camera.project(points.reshape(-1, 3))[:, :2].astype(np.float32))
        right, bottom = self._camera.width - 0.5, self._camera.height - 0.5
        image = np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)], np.float32)
        whole = cv2.contourArea(hull)
        inside, shared = cv2.intersectConvexConvex(hull, image)
        if inside <= 0.0 or shared is None:
            return None
        low, high = shared.reshape(-1, 2).min(0), shared.reshape(-1, 2).max(0)
        # Areas are of single precision: a hair's breadth outside is none.
        truncation = 1.0 - inside / whole if inside < (1.0 - 1e-6) * whole else 0.0
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1])), truncation

    def _alone(self, device: str, roads: Roads, world: World, state: State, pairs: list[tuple[int, int]]) -> list[int]:
        """How many pixels the road user of each pair (world, slot) has in an image of its own."""
        if not pairs:
            return []
        rows, slots = np.array(pairs).T
        bare = map_arrays(world, lambda array: array[rows])
        others = np.arange(world.actors.kind.shape[1]) != slots[:, None]
        bare.actors.kind[others] = ACTOR_NONE
        bare.weather.scenery[:] = 0.0
        there, then = (
            map_arrays(whole, lambda array: to_device(device, array))
            for whole in (bare, map_arrays(state, lambda array: array[rows]))
        )
        railless: Any = allocate(device, roads.edge_left.shape, np.uint8)
        plain = roads._replace(edge_left=railless, edge_right=railless)
        seen = to_host(self._rig.render(device, plain, there, then, ("instance",)).instance)
        return [int(np.count_nonzero(image)) for image in seen]


def _corners(world: World, state: State, k: int, slot: int) -> Floats:
    """(8, 3) in the vehicle frame [m]."""
    size = [table[k, slot] for table in (world.actors.length, world.actors.width, world.actors.height)]
    yaw = state.actor_yaw[k, slot]
    turned = (_CORNERS * size) @ rotation(yaw, 0.0, 0.0).T
    from_car = [state.actor_x[k, slot] - state.x[k], state.actor_y[k, slot] - state.y[k], 0.0]
    return np.asarray((turned + from_car) @ rotation(state.yaw[k], state.pitch[k], state.roll[k]))


def _around(mask: NDArray[np.bool_]) -> Rectangle:
    """Rectangle around true pixels."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return float(columns[0] - 0.5), float(rows[0] - 0.5), float(columns[-1] + 0.5), float(rows[-1] + 0.5)
