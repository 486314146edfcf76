"""Drivers that plan from the truth: what expert, reference and human model share besides the plan itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import allocate, to_device, to_host
from drive_sim.drivers.driver import Actions
from drive_sim.drivers.planning.situation import Manner, empty_actors, empty_plan

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation
    from drive_sim.world.simulator import Simulator


class Intention(NamedTuple):
    """What a planning driver means to do in B worlds; NumPy arrays. Station k lies at s + k * spacing."""

    s: Any
    """(B) arc length where its path begins [m]."""
    spacing: Any
    """(B) between stations [m]."""
    offset: Any
    """(B, K) lateral offset d of its path [m]."""
    acceleration: Any
    """(B) wanted now [m/s²]."""
    speed: Any
    """(B, K) largest speed from which bends and limits ahead can be driven in comfort [m/s]."""
    time: Any
    """(B, K) from now until the station is reached [s]."""


class PlanningDriver:
    """Base of the drivers that read the simulator's state: bound to it, told of new episodes, asked for actions.

    A driver of its own says how to `_equip` itself for a simulator, to `_begin` episodes and to `_decide`.
    """

    name: str
    privileged = True
    sensors: tuple[str, ...] = ()
    controller: str

    def __init__(self) -> None:
        self._simulator: Simulator | None = None

    def bind(self, simulator: Simulator) -> None:
        """Drive the cars of ``simulator`` from now on."""
        if self._simulator is simulator:
            return
        self._simulator = simulator
        batch, slots, device = simulator.batch_size, simulator.world.actors.kind.shape[1], simulator.device
        self.plan, self.actors = empty_plan(batch, slots, device), empty_actors(batch, slots, device)
        self._out = allocate(device, (batch, 2), np.float32)
        self._equip(simulator, batch, slots)
        self.reset(simulator, None, batch)

    def reset(self, simulator: Any, mask: NDArray[np.bool_] | None = None, batch_size: int = 1) -> None:
        """New episodes begin in the worlds of ``mask``."""
        if self._simulator is None or simulator is not self._simulator:
            self.bind(simulator)
        assert self._simulator is not None
        chosen = np.ones(batch_size, np.uint8) if mask is None else np.asarray(mask, np.uint8)
        self._begin(self._simulator, (to_device(self._simulator.device, chosen),))

    def act(self, observation: Observation) -> Actions:
        """Action (B, 2) from the truth; the observation is not looked at."""
        if self._simulator is None:
            raise ValueError(f"{self.name} is privileged: bind(simulator) before it drives")
        self._decide(self._simulator)
        return np.array(to_host(self._out))

    def intention(self) -> Intention:
        """Copies of the plan that its last action follows."""
        return Intention(*(np.array(to_host(getattr(self.plan, name))) for name in Intention._fields))

    def _equip(self, simulator: Simulator, batch: int, slots: int) -> None:
        """Make the arrays of ``batch`` worlds with ``slots`` other road users."""
        raise NotImplementedError

    def _begin(self, simulator: Simulator, masks: tuple[Any]) -> None:
        """Forget what was in the worlds where the mask (uint8 (B)) says that a new episode begins."""
        raise NotImplementedError

    def _decide(self, simulator: Simulator) -> None:
        """Put the actions into ``_out`` (B, 2)."""
        raise NotImplementedError


def same_manner(manner: Manner, batch: int, device: str) -> Manner:
    """``manner``, given in numbers, for every one of ``batch`` worlds."""
    return Manner(*(to_device(device, np.full(batch, value)) for value in manner))
