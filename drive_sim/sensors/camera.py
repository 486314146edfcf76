"""Cameras on the car: `CameraRig.render` draws what every world's cameras see.

One pass per pixel: the ray's ground point is found in the road's frame and shaded (`camera_ground`), the faces of
what stands on the ground are laid over it from far to near (`camera_faces`, `camera_boxes`), and exposure and noise
make grey levels of it. The CPU walks frame by frame and row by row with everything hoisted that rows and frames
have in common; CUDA takes a thread a pixel; both call the same scalar functions.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from drive_sim.kernel import allocate, fast_scalar, kernel, to_device
from drive_sim.sensors.camera_boxes import collect_faces
from drive_sim.sensors.camera_faces import (
    ALPHA,
    COLOUR,
    FACE_SIZE,
    FIRST_COLUMN,
    FIRST_ROW,
    LAST_COLUMN,
    LAST_ROW,
    MAX_EDGES,
    SEMANTIC,
    face_cover,
    face_inverse_depth,
)
from drive_sim.sensors.camera_ground import shade_background
from drive_sim.sensors.camera_model import SKY_DEPTH, CameraConfig
from drive_sim.sensors.camera_view import VIEW_SIZE, Camera, frame_view, load_view
from drive_sim.world.road import Roads
from drive_sim.world.state import State, World

__all__ = ["LAYERS", "CameraConfig", "CameraFrames", "CameraRig"]

F = np.float32
LAYERS = ("rgb", "semantic", "depth")
MAX_FACES = 320
MAX_OBJECTS = 96


class CameraFrames(NamedTuple):
    """Pictures of C cameras in B worlds. Layers that were not asked for have a batch of 0."""

    rgb: Any  # uint8 (B, C, H, W, 3)
    semantic: Any  # uint8 (B, C, H, W) SEMANTIC_*
    depth: Any  # float32 (B, C, H, W) [m] along the optical axis; SKY_DEPTH for the sky


class _Scratch(NamedTuple):
    """Working memory: a slot for each frame that is drawn at the same time."""

    views: Any  # float32 (slots, VIEW_SIZE)
    origins: Any  # float64 (slots, 2) the camera's place in the world [m]
    faces: Any  # float32 (slots, MAX_FACES, FACE_SIZE)
    face_count: Any  # int32 (slots)
    work: Any  # float64 (slots, MAX_EDGES, 3)
    order: Any  # float64 (slots, MAX_OBJECTS, 2)
    light: Any  # float32 (slots, W, 3) radiance of one row
    nearness: Any  # float32 (slots, W) inverse depth of one row [1/m]
    kinds: Any  # uint8 (slots, W) classes of one row


@fast_scalar
def _prepare(slot, scratch, camera, c, size, roads, world, state, i):
    """View and faces of camera ``c`` in world ``i``."""
    frame_view(scratch.views, scratch.origins, slot, camera, c, size, world, state, i)
    view = load_view(scratch.views, slot)
    scratch.face_count[slot] = collect_faces(
        view,
        scratch.origins[slot, 0],
        scratch.origins[slot, 1],
        size,
        scratch.faces[slot],
        scratch.work[slot],
        scratch.order[slot],
        world,
        state,
        i,
    )


@fast_scalar
def _blend(face, column, row, light, nearness, kinds):
    """Lay a face over pixel ``column`` of the row's buffers."""
    cover = min(face_cover(face, column, row), F(1.0)) * face[ALPHA]
    if cover <= F(0.0):
        return
    near = face_inverse_depth(face, column, row)
    if near < nearness[column] * F(0.98):
        return
    for k in range(3):
        light[column, k] += (face[COLOUR + k] - light[column, k]) * cover
    if cover >= F(0.5):
        nearness[column] = near
        kinds[column] = np.uint8(face[SEMANTIC])


@fast_scalar
def _grey(value, exposure):
    """Grey level of a linear radiance: a gamma of 2, near sRGB's."""
    return min(math.sqrt(max(value * exposure, F(0.0))) * F(255.0) + F(0.5), F(255.0))


@kernel(grain=1, fastmath=True)
def _draw_frames(slot, slots, frames, layers, worlds, scratch, camera, roads, world, state):
    """CPU: draw every ``slots``-th part of the frames, row by row."""
    rgb, semantic, depth = frames
    with_rgb, with_semantic, with_depth = layers
    cameras, rows, columns = rgb.shape[1], rgb.shape[2], rgb.shape[3]
    light, nearness, kinds = scratch.light[slot], scratch.nearness[slot], scratch.kinds[slot]
    faces = scratch.faces[slot]
    total = worlds[0].shape[0] * cameras
    for frame in range(slot * total // slots, (slot + 1) * total // slots):
        i, c = int(worlds[0][frame // cameras]), frame % cameras
        _prepare(slot, scratch, camera, c, (rows, columns), roads, world, state, i)
        view = load_view(scratch.views, slot)
        origin_x, origin_y = scratch.origins[slot, 0], scratch.origins[slot, 1]
        road = world.road[i]
        for row in range(rows):
            for column in range(columns):
                red, green, blue, near, kind = shade_background(view, roads, road, origin_x, origin_y, column, row)
                light[column, 0], light[column, 1], light[column, 2] = red, green, blue
                nearness[column] = near
                kinds[column] = np.uint8(kind)
            for f in range(scratch.face_count[slot]):
                face = faces[f]
                if face[FIRST_ROW] <= row <= face[LAST_ROW]:
                    for column in range(int(face[FIRST_COLUMN]), int(face[LAST_COLUMN]) + 1):
                        _blend(face, column, row, light, nearness, kinds)
            if with_rgb:
                for column in range(columns):
                    for k in range(3):
                        rgb[i, c, row, column, k] = np.uint8(_grey(light[column, k], view.exposure))
            if with_semantic:
                for column in range(columns):
                    semantic[i, c, row, column] = kinds[column]
            if with_depth:
                for column in range(columns):
                    near = nearness[column]
                    depth[i, c, row, column] = F(1.0) / near if near > F(1e-6) else F(SKY_DEPTH)


class CameraRig:
    """Cameras on one car; all of a rig share width and height.

    Raises
    ------
    ValueError
        Without a camera, with cameras of different sizes, or with two of the same name.
    """

    def __init__(self, configs: Sequence[CameraConfig]) -> None:
        self.configs = tuple(configs)
        if not self.configs:
            raise ValueError("a rig needs at least one camera")
        if len({(config.width, config.height) for config in self.configs}) > 1:
            raise ValueError("all cameras of a rig must have the same width and height")
        if len({config.name for config in self.configs}) < len(self.configs):
            raise ValueError("the cameras of a rig must have different names")
        self.width, self.height = self.configs[0].width, self.configs[0].height
        self._cameras: dict[str, Camera] = {}
        self._scratch: dict[tuple[str, int], _Scratch] = {}

    @classmethod
    def default(cls) -> CameraRig:
        """One camera, ``front``."""
        return cls((CameraConfig(),))

    def render(
        self,
        device: str,
        roads: Roads,
        world: World,
        state: State,
        layers: Sequence[str] = ("rgb",),
        frames: CameraFrames | None = None,
        rows: Any = None,
    ) -> CameraFrames:
        """Draw all cameras of all worlds.

        Parameters
        ----------
        device
            "cpu" or "cuda", where the arrays are.
        layers
            Which of `LAYERS` to draw.
        frames
            Frames of an earlier call to draw into; new ones by default.
        rows
            Indices of the worlds to draw (B and order of the frames stay); all by default.
        """
        unknown = [layer for layer in layers if layer not in LAYERS]
        if unknown:
            raise ValueError(f"unknown layers {unknown}; there are {', '.join(LAYERS)}")
        batch, count = state.x.shape[0], len(self.configs)
        if frames is None:
            frames = self.allocate(device, batch, layers)
        worlds = to_device(device, np.arange(batch) if rows is None else np.asarray(rows, np.int64))
        camera = self._camera(device)
        total = worlds.shape[0] * count
        if not total:
            return frames
        wanted = tuple(layer in layers for layer in LAYERS)
        slots = min(total, 4 * (os.cpu_count() or 1))
        _draw_frames(
            device, slots, slots, frames, wanted, (worlds,), self._working_memory(device, slots),
            camera, roads, world, state,
        )  # fmt: skip
        return frames

    def allocate(self, device: str, batch: int, layers: Sequence[str] = ("rgb",)) -> CameraFrames:
        """Frames for ``batch`` worlds on ``device``, to be drawn into again and again."""
        shape = (len(self.configs), self.height, self.width)
        return CameraFrames(
            rgb=allocate(device, (batch if "rgb" in layers else 0, *shape, 3), np.uint8),
            semantic=allocate(device, (batch if "semantic" in layers else 0, *shape), np.uint8),
            depth=allocate(device, (batch if "depth" in layers else 0, *shape), np.float32),
        )

    def _camera(self, device: str) -> Camera:
        if device not in self._cameras:
            names = ("x", "y", "z", "yaw", "pitch", "roll", "focal_length")
            self._cameras[device] = Camera(
                *(to_device(device, np.array([getattr(c, name) for c in self.configs], float)) for name in names)
            )
        return self._cameras[device]

    def _working_memory(self, device: str, slots: int) -> _Scratch:
        if (device, slots) not in self._scratch:
            self._scratch[device, slots] = _Scratch(
                views=allocate(device, (slots, VIEW_SIZE), np.float32),
                origins=allocate(device, (slots, 2), np.float64),
                faces=allocate(device, (slots, MAX_FACES, FACE_SIZE), np.float32),
                face_count=allocate(device, (slots,), np.int32),
                work=allocate(device, (slots, MAX_EDGES, 3), np.float64),
                order=allocate(device, (slots, MAX_OBJECTS, 2), np.float64),
                light=allocate(device, (slots, self.width, 3), np.float32),
                nearness=allocate(device, (slots, self.width), np.float32),
                kinds=allocate(device, (slots, self.width), np.uint8),
            )
        return self._scratch[device, slots]
