"""The rollout log: an observer of the closed loop that keeps what every metric is computed from.

`RolloutLog` is an observer of `drive_sim.rollout.run`. It keeps one row for each step of each world that was still
driving, so that frozen worlds cost nothing and are scored once, and hands out one `EpisodeLog` a world. Everything
in an `EpisodeLog` is a pure function of seeds; wall-clock times are kept apart, in a `TimingLog`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import to_host
from drive_sim.evaluation.logs.episode_log import EpisodeFacts, EpisodeLog, Floats, episode_facts

if TYPE_CHECKING:
    from drive_sim.rollout import Step
    from drive_sim.sensors.suite import Observation
    from drive_sim.world.simulator import Simulator


PARTS = ("physics", "sensors", "driver", "scoring")
"""Parts of the work that are timed: `Step.physics_time`, `sensing_time` and `decision_time`, and the log's own."""


@dataclass(frozen=True, eq=False)
class TimingLog:
    """Wall-clock side of one rollout; never the same twice."""

    decision_time: Floats
    """(S) [s] the driver took in each step of the loop, for all worlds together."""
    driven: NDArray[np.int64]
    """(S) worlds that were driving in that step."""
    wall_time: float
    """[s] from reset to finish."""
    control_period: float
    """[s]"""
    parts: dict[str, float] = field(default_factory=dict)
    """[s] by part of the work, `PARTS`; scoring goes on when the rollout is over."""
    energy: float = math.nan
    """[J] that the GPU took meanwhile; NaN where it was not measured."""
    distance: float = math.nan
    """[km] path length driven by all worlds together, where the energy was measured."""

    def with_more_scoring(self, seconds: float) -> TimingLog:
        """The same, with time spent on the log after the rollout."""
        return replace(self, parts=self.parts | {"scoring": self.parts["scoring"] + seconds})


# Columns as stored: 4 bytes hold everything but positions, which need millimetres over kilometres.
_EGO_COLUMNS: dict[str, Any] = {
    "time": np.float64,
    "x": np.float64,
    "y": np.float64,
    "yaw": np.float32,
    "speed": np.float32,
    "s": np.float64,
    "d": np.float32,
    "heading_error": np.float32,
    "curvature": np.float32,
    "progress": np.float64,
    "odometer": np.float64,
    "steering": np.float32,
    "yaw_rate": np.float32,
    "acceleration_x": np.float32,
    "acceleration_y": np.float32,
    "stalled_for": np.float32,
    "gap": np.float32,
    "time_to_collision": np.float32,
    "action": np.float32,
    "events": np.uint32,
    "interventions": np.int32,
    "invalid_commands": np.int32,
    "hit_actor": np.int32,
}
_ACTOR_COLUMNS: dict[str, Any] = {
    "actor_s": np.float64,
    "actor_d": np.float32,
    "actor_speed": np.float32,
    "actor_phase": np.uint8,
}
_BLOCK = 1 << 15
"""Rows allocated at a time."""


class _Table:
    """Columns that grow by blocks, so that growing copies nothing."""

    def __init__(self, columns: dict[str, tuple[Any, tuple[int, ...]]]) -> None:
        self._columns = columns
        self._blocks: dict[str, list[NDArray[Any]]] = {name: [] for name in columns}
        self._used: list[int] = []

    def append(self, count: int, values: dict[str, NDArray[Any]]) -> None:
        """Add ``count`` rows."""
        if not self._used or self._used[-1] + count > len(self._blocks["world"][-1]):
            for name, (dtype, shape) in self._columns.items():
                self._blocks[name].append(np.empty((max(_BLOCK, count), *shape), dtype))
            self._used.append(0)
        start = self._used[-1]
        for name, blocks in self._blocks.items():
            blocks[-1][start : start + count] = values[name]
        self._used[-1] = start + count

    def take_out(self) -> dict[str, NDArray[Any]]:
        """All columns with rows ordered by world, then by time; empties the table column by column to save memory."""
        joined: dict[str, NDArray[Any]] = {}
        order: NDArray[np.int64] | None = None
        for name, (dtype, shape) in self._columns.items():
            parts = [block[:used] for block, used in zip(self._blocks[name], self._used, strict=True)]
            column = np.concatenate(parts) if parts else np.empty((0, *shape), dtype)
            self._blocks[name] = []
            if order is None:  # "world" comes first
                order = np.argsort(column, kind="stable")
            joined[name] = column[order]
        return joined


class RolloutLog:
    """Observer that logs a rollout of B worlds: ``run(simulator, driver, [log])``, then ``log.episode(b)``.

    A step of one world takes about 130 bytes, and 17 for each of its actors: 1,000 episodes of 1,200 steps with four
    actors are 240 MB. Score them and let the log go before the next rollout; each reset begins a new log.
    Worlds must not be replaced while the loop runs. ``condition`` names that of the suite.
    """

    def __init__(self, condition: str = "") -> None:
        self._condition = condition

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """Begin a new log."""
        vehicle = simulator.vehicle
        self.facts = [
            episode_facts(episode, simulator.control_period, vehicle.length, vehicle.width, self._condition)
            for episode in simulator.episodes
        ]
        self._control_period = float(simulator.control_period)
        self._actors = np.array([len(facts.actors) for facts in self.facts])
        slots = simulator.state.actor_s.shape[1]
        # Actors fill the slots from the first: an empty slot needs no row.
        self._present = np.arange(slots) < self._actors[:, None]
        self._ego = _Table(
            {"world": (np.int32, ())}
            | {name: (dtype, (2,) if name == "action" else ()) for name, dtype in _EGO_COLUMNS.items()}
        )
        self._actor_rows = _Table(
            {"world": (np.int32, ())} | {name: (dtype, ()) for name, dtype in _ACTOR_COLUMNS.items()}
        )
        self._columns: dict[str, NDArray[Any]] | None = None
        self._decision_time: list[float] = []
        self._driven: list[int] = []
        self._parts = dict.fromkeys(PARTS, 0.0)
        self._started = perf_counter()
        self._wall_time = 0.0

    def on_step(self, step: Step) -> None:
        """Add a row for each world that was driving."""
        started = perf_counter()
        state = step.simulator.state
        worlds = np.flatnonzero(step.active)
        self._decision_time.append(step.decision_time)
        self._driven.append(len(worlds))
        all_active = len(worlds) == len(step.active)
        values = {name: to_host(getattr(state, name)) for name in _EGO_COLUMNS if name != "invalid_commands"}
        values["invalid_commands"] = to_host(step.simulator.invalid_commands)
        if not all_active:
            values = {name: column[worlds] for name, column in values.items()}
        self._ego.append(len(worlds), values | {"world": worlds})
        present = self._present if all_active else self._present & step.active[:, None]
        rows = np.nonzero(present)[0]
        if len(rows):
            actors = {name: to_host(getattr(state, name))[present] for name in _ACTOR_COLUMNS}
            self._actor_rows.append(len(rows), actors | {"world": rows})
        times = (step.physics_time, step.sensing_time, step.decision_time, perf_counter() - started)
        for part, seconds in zip(PARTS, times, strict=True):
            self._parts[part] += seconds

    def on_finish(self, simulator: Simulator) -> None:
        """Stop the clock and sort the rows by world."""
        self._wall_time = perf_counter() - self._started
        self._columns = self._ego.take_out()
        self._columns |= {f"of_{name}": column for name, column in self._actor_rows.take_out().items()}

    def __len__(self) -> int:
        return len(self.facts)

    def episode(self, world: int) -> EpisodeLog:
        """What world ``world`` did; ValueError before the rollout has finished."""
        if self._columns is None:
            raise ValueError("the rollout has not finished: no episode to hand out yet")
        columns, count = self._columns, int(self._actors[world])
        first, last = np.searchsorted(columns["world"], [world, world + 1])
        arrays = {name: _wide(columns[name][first:last]) for name in _EGO_COLUMNS}
        first, last = np.searchsorted(columns["of_world"], [world, world + 1])
        steps = len(arrays["time"])
        for name in _ACTOR_COLUMNS:
            arrays[name] = _wide(columns[f"of_{name}"][first:last]).reshape(steps, count)
        return EpisodeLog(self.facts[world], **arrays)

    def episodes(self) -> Iterator[EpisodeLog]:
        """The episodes of all worlds in their order, made one at a time."""
        return (self.episode(world) for world in range(len(self)))

    @property
    def timing(self) -> TimingLog:
        """The wall-clock side of the rollout."""
        return TimingLog(
            np.array(self._decision_time),
            np.array(self._driven, np.int64),
            self._wall_time,
            self._control_period,
            dict(self._parts),
        )


def _wide(column: NDArray[Any]) -> NDArray[Any]:
    """The column in double precision, except commands, which are float32 by contract."""
    return column.astype(np.float64) if column.dtype == np.float32 and column.ndim == 1 else column


__all__ = ["EpisodeFacts", "EpisodeLog", "RolloutLog", "TimingLog"]
