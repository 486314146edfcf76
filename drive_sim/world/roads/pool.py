"""The roads of a running simulator: stacked once, with room to take in others as episodes are replaced."""

from __future__ import annotations

from typing import Any

import numpy as np

from drive_sim.compute.kernel import to_device
from drive_sim.world.roads.road import Road, Roads, stack_roads

_PER_ELEMENT = (
    "x", "y", "heading", "cos_heading", "sin_heading", "curvature", "paved_left", "paved_right", "compact",
)  # fmt: skip
_OFFSETS = ("element_start", "grid_start", "grid")


def assign(target: Any, start: int, values: np.ndarray[Any, Any]) -> None:
    """Copy a NumPy array into an array on any device, from row ``start`` on."""
    if isinstance(target, np.ndarray):
        target[start : start + len(values)] = values
    else:
        target[start : start + len(values)].copy_to_device(np.ascontiguousarray(values))


class RoadPool:
    """Distinct roads as `Roads` arrays on a device, some of their rows not used yet.

    Parameters
    ----------
    roads
        What is in it; each once. Their order is their index.
    device
        Where the arrays are.
    spare
        Room for others, as a share of what the roads take up.
    """

    def __init__(self, roads: list[Road], device: str, spare: float = 0.0) -> None:
        self._known = {id(road): index for index, road in enumerate(roads)}
        # Kept alive here: an id stays a road's own only as long as the road exists.
        self._roads = list(roads)
        stacked = stack_roads(roads)
        self._elements, self._cells = len(stacked.x), len(stacked.grid)
        if spare:
            stacked = Roads(*(_with_room(array, spare) for array in stacked))
        # On the CPU they are our own already: a pool of many roads is tens of megabytes, mostly of grids.
        self.roads = stacked if device == "cpu" else Roads(*(to_device(device, array) for array in stacked))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_known"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The roads of a copy are copies too, with other ids.
        self.__dict__.update(state)
        self._known = {id(road): index for index, road in enumerate(self._roads)}

    def find(self, road: Road) -> int | None:
        """Index of the road, if it is in the pool."""
        return self._known.get(id(road))

    def append(self, road: Road) -> int | None:
        """Take the road in and return its index; None when there is no room left."""
        index, alone = len(self._roads), stack_roads([road])
        elements, cells = self._elements + len(alone.x), self._cells + len(alone.grid)
        if index >= len(self.roads.length) or elements > len(self.roads.x) or cells > len(self.roads.grid):
            return None
        for name in Roads._fields:
            if name in _OFFSETS:
                continue
            assign(getattr(self.roads, name), self._elements if name in _PER_ELEMENT else index, getattr(alone, name))
        assign(self.roads.grid, self._cells, alone.grid)
        assign(self.roads.grid_start, index, np.array([self._cells], np.int64))
        assign(self.roads.element_start, index + 1, np.array([elements], np.int64))
        self._elements, self._cells = elements, cells
        self._roads.append(road)
        self._known[id(road)] = index
        return index


def _with_room(array: np.ndarray[Any, Any], spare: float) -> np.ndarray[Any, Any]:
    # Zeroed memory costs nothing until it is used.
    roomy = np.zeros((len(array) + int(np.ceil(len(array) * spare)), *array.shape[1:]), array.dtype)
    roomy[: len(array)] = array
    return roomy
