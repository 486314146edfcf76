"""Cameras on the car: `CameraRig.render` draws what every world's cameras see.

One pass per pixel: the ray's ground point is found in the road's frame (`camera_field`) and shaded
(`camera_ground`, `camera_sky`), the faces of what stands on the ground are laid over it from far to near
(`camera_scene`, `camera_faces`, `camera_looks`), and exposure and noise make grey levels of it (`camera_pixels`).
The CPU walks frame by frame and band by band (`camera_bands`), in loops over what has the same scalar functions in
common; CUDA takes a thread a pixel; both call the same scalar functions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from drive_sim.bundle import lasting
from drive_sim.errors import InputError
from drive_sim.kernel import Repeated, kernel, to_device
from drive_sim.sensors.camera_bands import band_at, bands_in, copy_truth, draw_band, expose_band
from drive_sim.sensors.camera_faces import (
    FIRST_COLUMN,
    FIRST_ROW,
    LAST_COLUMN,
    LAST_ROW,
    in_row,
    sheet_of,
)
from drive_sim.sensors.camera_field import (
    KNOT_DISTANCE,
    STEP,
    between,
    course_of,
    ground_knot,
    hermite,
    joinable,
    place_of,
)
from drive_sim.sensors.camera_ground import has_rails, row_levels, trim_of
from drive_sim.sensors.camera_lens import Lens, pinhole_of
from drive_sim.sensors.camera_memory import (
    LAYERS,
    CameraFrames,
    allocate_frames,
    camera_arrays,
    one_camera,
    working_memory,
)
from drive_sim.sensors.camera_model import KINDS, MOST_INSTANCES, SEMANTIC_SKY, SKY_DEPTH, CameraConfig
from drive_sim.sensors.camera_pixels import (
    face_at,
    grey_level,
    ground_pixel,
    lay_single,
    lay_tile,
    noise_start,
    sky_pixel,
)
from drive_sim.sensors.camera_scene import collect_faces
from drive_sim.sensors.camera_shapes import shapes_on
from drive_sim.sensors.camera_sky import cloud_level
from drive_sim.sensors.camera_textures import NOISE_SIZE, NOISE_UNIT, textures_on
from drive_sim.sensors.camera_view import Camera, Scratch, frame_scalar, load_view, pixel_scalar, store_view
from drive_sim.world.road import Roads
from drive_sim.world.road_frame import nearest_element
from drive_sim.world.state import State, World

__all__ = ["LAYERS", "CameraConfig", "CameraFrames", "CameraRig"]

F = np.float32
_PROCESSORS = os.cpu_count() or 1  # asking takes two microseconds
_FEW = 4
"""Up to so many frames are drawn into memory that is kept, and copied."""


@lasting
class Scene(NamedTuple):
    """Everything that a picture is made of: as one argument, because each costs a launch more than a microsecond."""

    scratch: Any
    camera: Any
    textures: Any
    shapes: Any
    roads: Any
    world: Any
    state: Any


@frame_scalar
def _prepare(slot, scene, c, size, i):
    """View and faces of camera ``c`` in world ``i``."""
    scratch, roads, world, state = scene.scratch, scene.roads, scene.world, scene.state
    road = world.road[i]
    element = nearest_element(roads, road, state.x[i], state.y[i])
    heading = roads.heading[roads.element_start[road] + element] if element >= 0 else state.yaw[i]
    store_view(scratch.views, scratch.origins, slot, scene.camera, c, size, world, state, heading, i)
    view = load_view(scratch.views, slot)
    scratch.face_count[slot] = collect_faces(view, size, scratch, slot, scene.shapes, roads, world, state, i)


@kernel(grain=1, fastmath=True)
def _draw_frames(slot, slots, worlds, frames, layers, scene):
    """CPU: draw one of ``slots`` parts of the frames, band by band."""
    scratch, textures, roads, world, state = scene.scratch, scene.textures, scene.roads, scene.world, scene.state
    rgb, depth = frames[0], frames[2]
    cameras, rows, columns = scene.camera.x.shape[0], depth.shape[2], depth.shape[3]
    total = worlds[0].shape[0] * cameras
    for frame in range(slot * total // slots, (slot + 1) * total // slots):
        i, c = worlds[0][frame // cameras], frame % cameras
        _prepare(slot, scene, c, (rows, columns), i)
        for number in range(bands_in(rows)):
            band = band_at(scratch, number, rows, columns)
            draw_band(scratch, slot, roads, world.road[i], textures, band)
            if layers[0]:
                seed, step, camera = world.seed[i], state.step[i], scene.camera.number[c]
                expose_band(scratch, slot, textures, band, seed, step, camera, rgb, i, c)
            copy_truth(scratch, slot, band, frames, layers, i, c, F(SKY_DEPTH))


@kernel(grain=1 << 30, fastmath=True)
def _prepare_frames(frame, worlds, size, scene):
    """CUDA: view and faces of one frame."""
    cameras = scene.camera.x.shape[0]
    _prepare(frame, scene, frame % cameras, size, worlds[0][frame // cameras])


@pixel_scalar
def _background_at(view, roads, road, textures, scratch, slot, row, column):
    """(r, g, b, inverse depth, class) of ground or sky in a pixel, as `draw_band` draws it."""
    course, trim = course_of(roads, road, scratch, slot), trim_of(roads, road)
    rails = has_rails(trim)
    first = column - column % KNOT_DISTANCE
    t = F(column - first) * STEP
    left = ground_knot(view, roads, course, F(first), F(row), rails)
    right = ground_knot(view, roads, course, F(first + KNOT_DISTANCE), F(row), rails)
    joined = joinable(course, left, right)
    p, q, n = left.place, right.place, F(KNOT_DISTANCE)
    along_s = hermite(p.s, p.column_s, q.s, q.column_s, n)
    along_d = hermite(p.d, p.column_d, q.d, q.column_d, n)
    place = between(left, right, along_s, along_d, t)
    sky = left.element == -2
    if not joined or left.element < 0:
        knot = ground_knot(view, roads, course, F(column), F(row), rails)
        place, sky = place_of(view, knot, F(column), F(row)), knot.element == -2
    if sky:
        red, green, blue = sky_pixel(view, textures, cloud_level(view, textures), F(column), F(row))
        return red, green, blue, F(0.0), F(SEMANTIC_SKY)
    levels = row_levels(view, textures, F(row))
    return ground_pixel(view, roads, road, trim, textures, levels, F(column), F(row), place)


@kernel(grain=1 << 30, fastmath=True)
def _draw_pixels(item, worlds, frames, layers, scene):
    """CUDA: draw one pixel."""
    scratch, textures, roads, world, state = scene.scratch, scene.textures, scene.roads, scene.world, scene.state
    rgb, semantic, depth, instance = frames
    cameras, rows, columns = scene.camera.x.shape[0], depth.shape[2], depth.shape[3]
    frame, rest = item // (rows * columns), item % (rows * columns)
    row, column = rest // columns, rest % columns
    i, c = worlds[0][frame // cameras], frame % cameras
    view = load_view(scratch.views, frame)
    red, green, blue, near, kind = _background_at(view, roads, world.road[i], textures, scratch, frame, row, column)
    tile = (F(-1.0), F(0.0), F(0.0), F(0.0), F(0.0))
    x, y = F(column), F(row)
    faces = scratch.faces
    for f in range(scratch.face_count[frame]):
        if faces[frame, f, FIRST_ROW] > y or faces[frame, f, LAST_ROW] < y:
            continue
        if faces[frame, f, FIRST_COLUMN] > x or faces[frame, f, LAST_COLUMN] < x:
            continue
        sheet = in_row(sheet_of(faces, frame, f), y)
        found = face_at(sheet, textures, x, near, kind)
        if found[0] <= F(0.0):
            continue
        if sheet.group < F(0.0):
            red, green, blue, near, kind = lay_single(sheet, found, red, green, blue, near, kind)
        else:
            red, green, blue, near, kind, tile = lay_tile(sheet, found, red, green, blue, near, kind, tile)
    if layers[0]:
        start = (noise_start(world.seed[i], state.step[i], scene.camera.number[c], row) + column) & (NOISE_SIZE - 1)
        for k in range(3):
            grain = F(textures.noise[start + k * NOISE_SIZE]) * view.noise * F(1.0 / NOISE_UNIT)
            light = red if k == 0 else (green if k == 1 else blue)
            rgb[i, c, row, 3 * column + k] = np.uint8(grey_level(light, view.exposure, grain))
    if layers[1]:
        semantic[i, c, row, column] = np.uint8(int(kind) & (KINDS - 1))
    if layers[2]:
        depth[i, c, row, column] = F(1.0) / near if near > F(0.0) else F(SKY_DEPTH)
    if layers[3]:
        instance[i, c, row, column] = np.uint8(int(kind) // KINDS)


class CameraGroup:
    """Cameras of a rig that are drawn together: of one size, and through lenses of one margin or none.

    Parameters
    ----------
    configs
        The cameras.
    pinholes
        What is drawn of each, `pinhole_of`; all of one size.
    numbers
        Their places in the rig.
    """

    def __init__(self, configs: Sequence[CameraConfig], pinholes: Sequence[CameraConfig], numbers: Sequence[int]):
        self.configs, self.pinholes, self.numbers = tuple(configs), tuple(pinholes), tuple(numbers)
        self._size = (pinholes[0].height, pinholes[0].width)
        self._lens = Lens(configs, pinholes) if configs[0].distorted else None
        self._wide: dict[tuple[Any, ...], CameraFrames] = {}
        self._cameras: dict[str, Camera] = {}
        self._scratch: dict[tuple[str, int], Scratch] = {}
        self._last_scene: Scene | None = None
        self._kept: dict[tuple[Any, ...], tuple[CameraFrames, Any, tuple[bool, ...]]] = {}
        self._draw_again = Repeated(_draw_frames)

    def allocate(self, device: str, batch: int, layers: Sequence[str]) -> CameraFrames:
        """Frames for ``batch`` worlds."""
        first = self.configs[0]
        return allocate_frames(device, batch, layers, len(self.configs), first.height, first.width)

    def pictures(
        self, device: str, roads: Roads, world: World, state: State, layers: Sequence[str], worlds: tuple[Any]
    ) -> CameraFrames:
        """Frames of the worlds with the numbers ``worlds``, new ones; of other worlds they show nothing."""
        batch = state.x.shape[0]
        if device != "cpu" or self._lens is not None or batch * len(self.configs) > _FEW or worlds[0].shape[0] < batch:
            frames = self.allocate(device, batch, layers)
            if worlds[0].shape[0]:
                self.draw(device, roads, world, state, layers, frames, worlds)
            return frames
        # A few pictures are copied faster than a kernel is started on arrays that it has not seen before.
        key = (batch, *layers)
        if key not in self._kept:
            frames = self.allocate(device, batch, layers)
            self._kept = {key: (frames, self._flat(frames), tuple(layer in layers for layer in LAYERS))}
        frames, out, wanted = self._kept[key]
        slots = self._slots(batch * len(self.configs))
        self._draw_again(device, slots, slots, worlds, out, wanted, self._scene(device, slots, roads, world, state))
        return CameraFrames(*(layer.copy() if drawn else layer for layer, drawn in zip(frames, wanted, strict=True)))

    def draw(
        self,
        device: str,
        roads: Roads,
        world: World,
        state: State,
        layers: Sequence[str],
        frames: CameraFrames,
        worlds: tuple[Any],
    ) -> None:
        """Draw the worlds with the numbers ``worlds`` into ``frames``."""
        wanted = tuple(layer in layers for layer in LAYERS)
        if self._lens is None:
            self._draw(device, roads, world, state, wanted, frames, worlds)
            return
        key = (device, state.x.shape[0], wanted)
        if key not in self._wide:
            self._wide = {key: allocate_frames(device, key[1], layers, len(self.configs), *self._size)}
        wide = self._wide[key]
        self._draw(device, roads, world, state, wanted, wide, worlds)
        self._lens.resample(device, worlds, wide, frames, wanted)

    def _draw(
        self,
        device: str,
        roads: Roads,
        world: World,
        state: State,
        wanted: tuple[bool, ...],
        frames: CameraFrames,
        worlds: tuple[Any],
    ) -> None:
        height, width = self._size
        total = worlds[0].shape[0] * len(self.configs)
        out = self._flat(frames)
        if device == "cpu":
            slots = self._slots(total)
            _draw_frames(device, slots, slots, worlds, out, wanted, self._scene(device, slots, roads, world, state))
        else:
            scene = self._scene(device, total, roads, world, state)
            _prepare_frames(device, total, worlds, self._size, scene)
            _draw_pixels(device, total * height * width, worlds, out, wanted, scene)

    def _flat(self, frames: CameraFrames) -> tuple[Any, ...]:
        """Frames as the kernels take them: the three colours of a row's pixels one after the other."""
        return (frames.rgb.reshape((*frames.rgb.shape[:3], 3 * self._size[1])), *frames[1:])

    @staticmethod
    def _slots(total: int) -> int:
        """Parts in which a CPU draws ``total`` frames."""
        return min(total, 4 * _PROCESSORS)

    def _scene(self, device: str, slots: int, roads: Roads, world: World, state: State) -> Scene:
        given = (self._working_memory(device, slots), roads, world, state)
        last = self._last_scene
        # The same from step to step, as a rule.
        if last is None or any(a is not b for a, b in zip((last.scratch, *last[4:]), given, strict=True)):
            last = Scene(given[0], self._camera(device), textures_on(device), shapes_on(device), *given[1:])
            self._last_scene = last
        return last

    def _camera(self, device: str) -> Camera:
        if device not in self._cameras:
            self._cameras[device] = camera_arrays(device, self.pinholes, self.numbers)
        return self._cameras[device]

    def _working_memory(self, device: str, slots: int) -> Scratch:
        if (device, slots) not in self._scratch:
            self._scratch = {(device, slots): working_memory(device, slots, self._size[1])}
        return self._scratch[device, slots]


class CameraRig:
    """Any number of cameras on one car, each with its own size, optics and mount.

    Raises
    ------
    InputError
        Without a camera, or with two of the same name.
    """

    def __init__(self, configs: Sequence[CameraConfig]) -> None:
        self.configs = tuple(configs)
        names = [config.name for config in self.configs]
        if not names:
            raise InputError("cameras", "", "a rig needs at least one camera", "describe one")
        for name in names:
            if names.count(name) > 1:
                raise InputError(
                    "cameras", "name", f"cameras must have different names, and {names.count(name)} are {name!r}",
                    "give each its own",
                )  # fmt: skip
        members: dict[tuple[int, ...], list[int]] = {}
        pinholes = [pinhole_of(config) for config in self.configs]
        for number, (config, pinhole) in enumerate(zip(self.configs, pinholes, strict=True)):
            size = (config.width, config.height, pinhole.width, pinhole.height)
            members.setdefault(size, []).append(number)
        self.groups = tuple(
            CameraGroup([self.configs[n] for n in numbers], [pinholes[n] for n in numbers], numbers)
            for numbers in members.values()
        )
        self._everyone: dict[tuple[str, int], tuple[Any]] = {}

    @classmethod
    def default(cls) -> CameraRig:
        """One camera, ``front``."""
        return cls((CameraConfig(),))

    @classmethod
    def described(cls, cameras: Sequence[CameraConfig | dict[str, Any]]) -> CameraRig:
        """The cameras of a list that may also hold dicts of `CameraConfig`'s fields."""
        return cls(
            [
                camera if isinstance(camera, CameraConfig) else CameraConfig.from_dict(camera, f"cameras[{number}]")
                for number, camera in enumerate(cameras)
            ]
        )

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
        """Draw all cameras of all worlds; for cameras of different sizes or lens margins see `render_each`.

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

        Raises
        ------
        InputError
            The cameras differ in size or margin.
        """
        _check(layers, state)
        frames = self.allocate(device, state.x.shape[0], layers) if frames is None else frames
        worlds = self._worlds(device, state.x.shape[0], rows)
        if worlds[0].shape[0]:
            self._only().draw(device, roads, world, state, layers, frames, worlds)
        return frames

    def render_each(
        self,
        device: str,
        roads: Roads,
        world: World,
        state: State,
        layers: Sequence[str] = ("rgb",),
        rows: Any = None,
    ) -> dict[str, CameraFrames]:
        """The frames of each camera by its name, in the rig's order; parameters as `render`, whatever the sizes.

        The arrays of these frames have no camera axis: ``rgb`` is uint8 (B, H, W, 3), the others (B, H, W).
        """
        _check(layers, state)
        worlds = self._worlds(device, state.x.shape[0], rows)
        seen: dict[str, CameraFrames] = {}
        for group in self.groups:
            frames = group.pictures(device, roads, world, state, layers, worlds)
            for c, config in enumerate(group.configs):
                seen[config.name] = CameraFrames(*(one_camera(device, layer, c) for layer in frames))
        return {config.name: seen[config.name] for config in self.configs}

    def allocate(self, device: str, batch: int, layers: Sequence[str] = ("rgb",)) -> CameraFrames:
        """Frames for ``batch`` worlds on ``device``, for `render` to draw into again and again."""
        return self._only().allocate(device, batch, layers)

    def _only(self) -> CameraGroup:
        if len(self.groups) > 1:
            raise InputError("cameras", "", "differ in size, or in how much their lenses bend", "call render_each")
        return self.groups[0]

    def _worlds(self, device: str, batch: int, rows: Any) -> tuple[Any]:
        if rows is not None:
            return (to_device(device, np.asarray(rows, np.int64)),)
        if (device, batch) not in self._everyone:
            self._everyone = {(device, batch): (to_device(device, np.arange(batch)),)}
        return self._everyone[device, batch]


def _check(layers: Sequence[str], state: State) -> None:
    unknown = [layer for layer in layers if layer not in LAYERS]
    if unknown:
        raise ValueError(f"unknown layers {unknown}; there are {', '.join(LAYERS)}")
    if "instance" in layers and state.actor_x.shape[1] > MOST_INSTANCES:
        raise ValueError(f"the instance layer can tell {MOST_INSTANCES} road users apart, not {state.actor_x.shape[1]}")
