"""What was driven, as episodes that views are drawn from, without a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.views.episodes import RECORDED, SourceEpisode
from drive_sim.rollout import Observer, StateBefore, Step
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import empty_state


class Captured(Observer):
    """Keeps the truth at each step, what the step led to, and the clearance; its episodes are there after the run."""

    def __init__(self) -> None:
        self._steps: list[tuple[StateBefore, NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]] = []

    def on_step(self, step: Step) -> None:
        """Keep the step."""
        state = step.simulator.state
        self._steps.append((step.state_before, np.array(state.events, np.int64), np.array(state.gap), step.active))

    def on_finish(self, simulator: Simulator) -> None:
        """One array (T, B, ...) for each thing that was kept."""
        states, events, gaps, active = zip(*self._steps, strict=True)
        self._steps.clear()
        self._worlds, self._period = list(simulator.episodes), simulator.control_period
        self._states = StateBefore(*(np.stack(rows) for rows in zip(*states, strict=True)))
        self._events, self._gaps, self._counts = np.stack(events), np.stack(gaps), np.stack(active).sum(0)

    def episode(self, number: int, origin: str = RECORDED) -> SourceEpisode:
        """The episode of world ``number``."""
        world, count = self._worlds[number], int(self._counts[number])
        slots = max(len(world.actors), 1)
        state = empty_state(count, slots)
        for name, rows in zip(StateBefore._fields, self._states, strict=True):
            column = rows[:count, number]
            getattr(state, name)[:] = column[:, :slots] if column.ndim > 1 else column
        return SourceEpisode(world, self._period, state, self._events[:count, number].copy(), origin)

    def clearance(self, number: int) -> float:
        """Least distance [m] between the car of world ``number`` and an actor after a step."""
        return float(self._gaps[: int(self._counts[number]), number].min())
