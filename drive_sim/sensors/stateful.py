"""Sensors whose reading depends on their last one: when their memory begins anew, and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from drive_sim.compute.kernel import Kernel, Repeated, allocate, duplicate, to_device, to_host
from drive_sim.world.roads.pool import assign

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator


class RememberingSensor:
    """One sensor of B cars; a class of its own says what it remembers (`blank`).

    Parameters
    ----------
    read
        Kernel of one world, ``read(i, seeds, state, memory, model, out)``, ``out[0]`` being float32 (B, width).
    model
        The sensor's numbers for it.
    width
        Numbers in a reading.
    """

    memory: Any
    """A lasting tuple of arrays with a leading axis B; its ``step``, int64 (B), is that of the last reading, -1 where
    an episode begins."""

    def __init__(self, read: Kernel, model: Any, width: int, device: str) -> None:
        self.device, self.model = device, model
        self._read, self._width = Repeated(read), width
        self._seeds: tuple[Any] = (None,)
        self.reset(0)

    def blank(self, batch: int, step: Any) -> Any:
        """The memory of B sensors that have just been switched on, with the given ``step``."""
        raise NotImplementedError

    def reset(self, batch: int, mask: Any = None) -> None:
        """Begin a new episode where the mask says so (bool (B); None: everywhere)."""
        if mask is None or self.memory.step.shape[0] != batch:
            self.memory = self.blank(batch, to_device(self.device, np.full(batch, -1, np.int64)))
            self._out = (allocate(self.device, (batch, self._width), np.float32),)
            return
        step = np.array(to_host(self.memory.step))
        step[np.asarray(mask, bool)] = -1
        # In place: a record of its arrays has been made for compiled code.
        assign(self.memory.step, 0, step)

    def sense(self, simulator: Simulator) -> Any:
        """One reading of every world."""
        if self._seeds[0] is not simulator.world.seed:
            self._seeds = (simulator.world.seed,)
            if self._out[0].shape[0] != simulator.batch_size:
                self.reset(simulator.batch_size)
        self._read(self.device, simulator.batch_size, self._seeds, simulator.state, self.memory, self.model, self._out)
        return duplicate(self._out[0])
