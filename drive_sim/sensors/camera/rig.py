"""Cameras on the car: `CameraRig.render` renders what every world's cameras see.

Cameras of a rig that are of one size are rendered together (`renderer`), by the kernels of `kernels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import to_device
from drive_sim.sensors.camera.buffers import LAYERS, CameraFrames, one_camera
from drive_sim.sensors.camera.optics.configuration import CameraConfig
from drive_sim.sensors.camera.optics.lens import pinhole_of
from drive_sim.sensors.camera.renderer import CameraGroup
from drive_sim.sensors.camera.semantics import MOST_INSTANCES
from drive_sim.world.roads.road import Roads
from drive_sim.world.state import State, World

__all__ = ["LAYERS", "CameraConfig", "CameraFrames", "CameraRig"]


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
        """Render all cameras of all worlds; for cameras of different sizes or lens margins see `render_each`.

        Parameters
        ----------
        device
            "cpu" or "cuda", where the arrays are.
        layers
            Which of `LAYERS` to render.
        frames
            Frames of an earlier call to render into; new ones by default.
        rows
            Indices of the worlds to render (B and order of the frames stay); all by default.

        Raises
        ------
        InputError
            The cameras differ in size or margin.
        """
        _check(layers, state)
        frames = self.allocate(device, state.x.shape[0], layers) if frames is None else frames
        worlds = self._worlds(device, state.x.shape[0], rows)
        if worlds[0].shape[0]:
            self._only().render(device, roads, world, state, layers, frames, worlds)
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
            frames = group.images(device, roads, world, state, layers, worlds)
            for c, config in enumerate(group.configs):
                seen[config.name] = CameraFrames(*(one_camera(device, layer, c) for layer in frames))
        return {config.name: seen[config.name] for config in self.configs}

    @property
    def left_out(self) -> int:
        """Objects that images had no room for, over all images so far: far scenery first, near road users last.

        An image holds `buffers.MAX_OBJECTS` objects and `buffers.MAX_POLYGONS` polygons. On a GPU, asking waits for it.
        """
        return sum(group.left_out for group in self.groups)

    def allocate(self, device: str, batch: int, layers: Sequence[str] = ("rgb",)) -> CameraFrames:
        """Frames for ``batch`` worlds on ``device``, for `render` to render into again and again."""
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
