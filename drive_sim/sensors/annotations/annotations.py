"""Labels of what the cameras see, true by construction: lane boundaries as lines in the image, and road users' boxes.

Frames. World: x, y on the ground [m]. Vehicle (ISO 8855): x forward, y left, z up, fixed to the body, so that it
pitches and rolls with it; origin in the middle of the car's box on the ground. Image: (column, row) [pixels], a
pixel's centre at whole numbers, so that the image spans -0.5 to W - 0.5 and -0.5 to H - 0.5. Lenses' distortion is
part of every position in the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import to_host
from drive_sim.sensors.annotations.boundaries import LONGEST_REACH, REACH, Boundaries, BoundaryLine
from drive_sim.sensors.annotations.boxes import ActorBox, Boxes
from drive_sim.sensors.camera.optics.configuration import CameraConfig
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.world.roads.road import Roads
from drive_sim.world.scenarios.episode import map_arrays
from drive_sim.world.state import State, World

__all__ = ["ActorBox", "Annotator", "BoundaryLine", "CameraAnnotations"]


@dataclass(frozen=True, eq=False)
class CameraAnnotations:
    """What one camera of one world sees."""

    camera: CameraConfig
    boundaries: tuple[BoundaryLine, ...]
    """Stretches of painted lane boundaries in the image, from the right of the road to its left."""
    boxes: tuple[ActorBox, ...]
    """Road users in the image by slot, also those that are occluded altogether."""
    semantic: NDArray[np.uint8]
    """(H, W) class of each pixel, an index of `semantics.SEMANTIC_NAMES`."""
    depth: NDArray[np.float32]
    """(H, W) [m] along the optical axis; `semantics.SKY_DEPTH` for the sky."""
    instance: NDArray[np.uint8]
    """(H, W) n + 1 where the road user of slot n is seen, else 0."""


class Annotator:
    """Annotates what a rig's cameras see. It holds no state of the worlds: the same worlds give the same labels.

    Parameters
    ----------
    rig
        The cameras.
    reach
        How far along the road, to the front and the rear, boundaries are followed [m].

    Raises
    ------
    InputError
        For a reach that is none.

    Example
    -------
    >>> annotator = Annotator(CameraRig.default())
    >>> seen = annotator.annotate("cpu", simulator.roads, simulator.world, simulator.state)[0]["front"]
    >>> [(box.kind, box.modal, box.visibility) for box in seen.boxes]
    >>> [line.pixels for line in seen.boundaries if line.ego_side == "left"]
    """

    def __init__(self, rig: CameraRig, reach: float = REACH) -> None:
        if not 0.0 < reach <= LONGEST_REACH:
            raise InputError("reach", "", f"{reach} is not within 0..{LONGEST_REACH:g} m", f"give {REACH:g}, say")
        self.rig = rig
        self._boundaries = Boundaries(reach)
        self._boxes = {config.name: Boxes(config) for config in rig.configs}

    def annotate(
        self, device: str, roads: Roads, world: World, state: State, rows: Any = None
    ) -> list[dict[str, CameraAnnotations]]:
        """Labels by camera name, for each of the worlds ``rows`` (default: all), in that order.

        Costs one image of each camera and world without colours, and one of every road user alone.

        Parameters
        ----------
        device
            "cpu" or "cuda", where the arrays are; labels are NumPy arrays.
        """
        chosen = np.arange(state.x.shape[0]) if rows is None else np.asarray(rows, np.int64)
        layers = ("semantic", "depth", "instance")
        images = self.rig.render_each(device, roads, world, state, layers, None if rows is None else chosen)
        world, state = (map_arrays(whole, lambda array: to_host(array)[chosen]) for whole in (world, state))
        lines = self._boundaries.trace(device, roads, world, state)
        result: list[dict[str, CameraAnnotations]] = [{} for _ in chosen]
        for config in self.rig.configs:
            frames = images[config.name]
            truth = [to_host(layer)[chosen] for layer in (frames.semantic, frames.depth, frames.instance)]
            boxes = self._boxes[config.name].of(device, roads, world, state, truth[2])
            for k, labels in enumerate(result):
                semantic, depth, instance = (layer[k] for layer in truth)
                seen = lines[k].seen_by(config, depth, instance)
                labels[config.name] = CameraAnnotations(config, seen, boxes[k], semantic, depth, instance)
        return result
