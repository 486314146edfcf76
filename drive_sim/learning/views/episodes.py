"""A recorded episode as views are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.views.labels import (
    SPEED_AHEAD,
    SPEED_AHEAD_RISING,
    DrivenPath,
    LabelPath,
    label_reach,
    slowest_label,
    speed_label,
    usable,
)
from drive_sim.recording.dataset import Dataset
from drive_sim.world.events import FAILURES
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.state import State

Floats = NDArray[np.float64]
RECORDED, TRANSPLANTED, VISITED = ORIGINS = ("recorded", "transplanted", "visited")
"""Where an episode is from: as the person drove it, a manoeuvre of theirs on another road, what a network drove to."""

BESIDE = 5.0
"""An actor that is passed within this lateral distance is an encounter [m]."""
SLOWING = -0.8
"""With less acceleration than this the driver reacts to something [m/s²]."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What should be answered in an episode that was not driven as it should be: T steps."""

    path: LabelPath
    """Where to drive."""
    s: Floats
    """(T) unwrapped arc length [m] along the path."""
    target_speed: Floats
    """(T) how fast to drive [m/s]."""
    steps: NDArray[np.int64]
    """The steps that views are drawn from."""


@dataclass(frozen=True, eq=False)
class SourceEpisode:
    """One episode as views are drawn from it: T steps sampled every ``period`` [s]."""

    world: Episode
    period: float
    state: State
    """T rows: the truth at each step, when the driver looked."""
    events: NDArray[np.int64]
    """(T) bit mask EVENT_* of what each step led to."""
    origin: str = RECORDED
    """One of `ORIGINS`."""
    reference: Reference | None = None
    """What should be answered; None: what the driver did."""

    @property
    def unwrapped_s(self) -> Floats:
        """(T) arc length [m] that goes on growing when a closed road begins again."""
        if self.reference is not None:
            return self.reference.s
        road = self.world.road
        return np.unwrap(self.state.s, period=road.length) if road.closed else self.state.s

    @property
    def lane_offset(self) -> Floats:
        """(T) [m] left of the middle of the ego's lane."""
        return np.asarray(self.state.d - self.world.road.lane_centre(self.world.lane), np.float64)

    def free(self) -> NDArray[np.bool_]:
        """(T) steps at which no actor is near enough to leave the middle of the lane for."""
        state, count = self.state, len(self.world.actors)
        ahead = state.actor_s[:, :count] - state.s[:, None]
        beside = np.abs(state.actor_d[:, :count] - state.d[:, None])
        return np.asarray(~((ahead > -20.0) & (ahead < 60.0) & (beside < BESIDE)).any(1))

    @property
    def seconds(self) -> float:
        """Length [s]."""
        return len(self.events) * self.period

    @cached_property
    def driven_path(self) -> DrivenPath:
        """The path that was driven."""
        return DrivenPath.fit(self.world.road, self.unwrapped_s, self.state.d)

    @property
    def path(self) -> LabelPath:
        """The path that labels lead back onto."""
        return self.driven_path if self.reference is None else self.reference.path

    @property
    def target_speed(self) -> Floats:
        """(T) the label of the speed [m/s]."""
        return speed_label(self.state.speed, self.period) if self.reference is None else self.reference.target_speed

    @property
    def slowest(self) -> Floats:
        """(T) the auxiliary label of speed: the lowest of the next two seconds that is driven, or should be [m/s]."""
        return slowest_label(self.state.speed if self.reference is None else self.reference.target_speed, self.period)

    @property
    def slowing(self) -> NDArray[np.bool_]:
        """(T) whether the driver brakes, or should."""
        if self.reference is None:
            return np.asarray(self.state.acceleration_x < SLOWING)
        return np.asarray(self.reference.target_speed - self.state.speed < SLOWING * SPEED_AHEAD)

    def stretch_end(self, steps: NDArray[np.int64]) -> Floats:
        """Unwrapped arc length [m] at which the driven path ends that ``steps`` (n) lie on.

        After a failure the car stands elsewhere: the stretch of path ends there.
        """
        failed = np.flatnonzero(self.events & FAILURES)
        return np.append(self.unwrapped_s[failed], self.driven_path.end)[np.searchsorted(failed, steps)]

    def learnable(self) -> NDArray[np.int64]:
        """Steps that views are drawn from: their labels look neither at or past a failure nor past the path's end."""
        if self.reference is not None:
            return self.reference.steps
        ahead = round(SPEED_AHEAD_RISING / self.period)
        good = usable(self.events, FAILURES, before=ahead, after=round(1.0 / self.period))
        good[-ahead:] = False
        s = self.unwrapped_s
        return np.flatnonzero(good & (s + label_reach(self.state.speed) <= self.stretch_end(np.arange(len(s)))))

    def before(self, steps: NDArray[np.int64], back: int) -> NDArray[np.int64]:
        """Steps ``back`` before others, or the first one of the episode or since a failure, if later."""
        if not back:
            return steps
        starts = np.append(0, np.flatnonzero(self.events & FAILURES) + 1)
        begun = starts[np.searchsorted(starts, steps, side="right") - 1]
        return np.asarray(np.maximum(steps - back, begun))


def source_episodes(dataset: Dataset) -> list[SourceEpisode]:
    """The episodes of a dataset."""
    return [SourceEpisode(each.world, each.period, each.state(), each.columns["events"]) for each in dataset]
