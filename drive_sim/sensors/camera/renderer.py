"""Cameras that are rendered together: their arrays, kept from frame to frame, and the kernels called on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drive_sim.compute.kernel import Repeated, to_host
from drive_sim.compute.threads import usable_cores
from drive_sim.sensors.camera.buffers import LAYERS, CameraFrames, allocate_frames, camera_arrays, working_memory
from drive_sim.sensors.camera.frame_setup import Camera, Scratch
from drive_sim.sensors.camera.kernels import Scene, prepare_frames, render_frames, render_pixels
from drive_sim.sensors.camera.objects.meshes import meshes_on
from drive_sim.sensors.camera.optics.configuration import CameraConfig
from drive_sim.sensors.camera.optics.lens import Lens
from drive_sim.sensors.camera.shading.textures import textures_on
from drive_sim.world.roads.road import Roads
from drive_sim.world.state import State, World

_FEW = 4
"""Up to so many frames are rendered into memory that is kept, and copied."""


class CameraGroup:
    """Cameras of a rig that are rendered together: of one size, and through lenses of one margin or none.

    Parameters
    ----------
    configs
        The cameras.
    pinholes
        What is rendered of each, `pinhole_of`; all of one size.
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
        self._left_out = 0
        self._last_scene: Scene | None = None
        self._kept: dict[tuple[Any, ...], tuple[CameraFrames, Any, tuple[bool, ...]]] = {}
        self._render_again = Repeated(render_frames)

    def __reduce__(self) -> tuple[Any, ...]:
        # The arrays that are kept hold views of each other, which copies and pickles would tear apart: a copy makes
        # its own.
        return CameraGroup, (self.configs, self.pinholes, self.numbers)

    @property
    def left_out(self) -> int:
        """Objects that images had no room for, over all images so far."""
        return self._left_out + sum(int(to_host(scratch.left_out).sum()) for scratch in self._scratch.values())

    def allocate(self, device: str, batch: int, layers: Sequence[str]) -> CameraFrames:
        """Frames for ``batch`` worlds."""
        first = self.configs[0]
        return allocate_frames(device, batch, layers, len(self.configs), first.height, first.width)

    def images(
        self, device: str, roads: Roads, world: World, state: State, layers: Sequence[str], worlds: tuple[Any]
    ) -> CameraFrames:
        """Frames of the worlds with the numbers ``worlds``, new ones; of other worlds they show nothing."""
        batch = state.x.shape[0]
        if device != "cpu" or self._lens is not None or batch * len(self.configs) > _FEW or worlds[0].shape[0] < batch:
            frames = self.allocate(device, batch, layers)
            if worlds[0].shape[0]:
                self.render(device, roads, world, state, layers, frames, worlds)
            return frames
        # A few images are copied faster than a kernel is started on arrays that it has not seen before.
        key = (batch, *layers)
        if key not in self._kept:
            frames = self.allocate(device, batch, layers)
            self._kept = {key: (frames, self._flat(frames), tuple(layer in layers for layer in LAYERS))}
        frames, out, wanted = self._kept[key]
        slots = self._slots(batch * len(self.configs))
        self._render_again(device, slots, slots, worlds, out, wanted, self._scene(device, slots, roads, world, state))
        return CameraFrames(*(layer.copy() if drawn else layer for layer, drawn in zip(frames, wanted, strict=True)))

    def render(
        self,
        device: str,
        roads: Roads,
        world: World,
        state: State,
        layers: Sequence[str],
        frames: CameraFrames,
        worlds: tuple[Any],
    ) -> None:
        """Render the worlds with the numbers ``worlds`` into ``frames``."""
        wanted = tuple(layer in layers for layer in LAYERS)
        if self._lens is None:
            self._render(device, roads, world, state, wanted, frames, worlds)
            return
        key = (device, state.x.shape[0], wanted)
        if key not in self._wide:
            self._wide = {key: allocate_frames(device, key[1], layers, len(self.configs), *self._size)}
        wide = self._wide[key]
        self._render(device, roads, world, state, wanted, wide, worlds)
        self._lens.resample(device, worlds, wide, frames, wanted)

    def _render(
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
            render_frames(device, slots, slots, worlds, out, wanted, self._scene(device, slots, roads, world, state))
        else:
            scene = self._scene(device, total, roads, world, state)
            prepare_frames(device, total, worlds, self._size, scene)
            render_pixels(device, total * height * width, worlds, out, wanted, scene)

    def _flat(self, frames: CameraFrames) -> tuple[Any, ...]:
        """Frames as the kernels take them: the three colours of a row's pixels one after the other."""
        return (frames.rgb.reshape((*frames.rgb.shape[:3], 3 * self._size[1])), *frames[1:])

    @staticmethod
    def _slots(total: int) -> int:
        """Parts in which a CPU renders ``total`` frames."""
        return min(total, 4 * usable_cores())

    def _scene(self, device: str, slots: int, roads: Roads, world: World, state: State) -> Scene:
        given = (self._working_memory(device, slots), roads, world, state)
        last = self._last_scene
        # The same from step to step, as a rule.
        if last is None or any(a is not b for a, b in zip((last.scratch, *last[4:]), given, strict=True)):
            last = Scene(given[0], self._camera(device), textures_on(device), meshes_on(device), *given[1:])
            self._last_scene = last
        return last

    def _camera(self, device: str) -> Camera:
        if device not in self._cameras:
            self._cameras[device] = camera_arrays(device, self.pinholes, self.numbers)
        return self._cameras[device]

    def _working_memory(self, device: str, slots: int) -> Scratch:
        if (device, slots) not in self._scratch:
            self._left_out = self.left_out
            self._scratch = {(device, slots): working_memory(device, slots, self._size[1])}
        return self._scratch[device, slots]
