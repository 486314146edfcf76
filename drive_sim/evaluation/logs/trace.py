"""What is kept of an episode for images once its log is let go: where it went, and the moment that matters most."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.world.events import FAILURES, gravest
from drive_sim.world.state import EVENT_NAMES, EVENT_OFF_CENTRE

Floats = NDArray[np.float64]

MOST_POINTS = 240
"""Of a trace: a map of a few centimetres shows no more."""
CLOSE_CALL = 2.0
"""Gaps [m] below this make the closest approach the moment to look at, where nothing failed."""


@dataclass(frozen=True)
class Moment:
    """The step of an episode to look at."""

    step: int
    time: float
    """[s] since the start."""
    driven: float
    """[m] of path by then."""
    what: str
    """In words."""
    failed: bool
    """Whether something went wrong in it, or it is merely the worst that happened."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Where an episode went: K points, spread evenly over its steps, and the steps at which something went wrong."""

    x: Floats
    """(K) [m] world."""
    y: Floats
    """(K) [m] world."""
    lateral_error: Floats
    """(K) [m] of largest magnitude between this point and the next, positive left of the lane's centre."""
    connected: NDArray[np.bool_]
    """(K) whether the car drove here from the point before, rather than being put here."""
    failures: Floats
    """(F, 2) [m] x, y of lane resets and of the failure that ended the episode."""
    moment: Moment


def trace_of(log: EpisodeLog) -> Trace:
    """The trace of an episode of at least one step."""
    stride = max(1, -(-log.steps // MOST_POINTS))
    at = np.arange(0, log.steps, stride)
    if at[-1] != log.steps - 1:
        at = np.append(at, log.steps - 1)
    # A peak between two points must not get lost.
    bounds = np.append(at, log.steps)
    worst = [_largest(log.lateral_error[a:b]) for a, b in pairwise(bounds)]
    reset_since = np.diff(log.interventions[at], prepend=log.interventions[at[0]])
    # Where the car was when it failed is one step before it was reset.
    failed = np.maximum(np.flatnonzero(log.lane_resets) - 1, 0)
    if log.failed:
        failed = np.append(failed, log.steps - 1)
    return Trace(
        x=log.x[at],
        y=log.y[at],
        lateral_error=np.array(worst),
        connected=reset_since == 0,
        failures=np.stack([log.x[failed], log.y[failed]], axis=1),
        moment=moment_of(log),
    )


def moment_of(log: EpisodeLog) -> Moment:
    """The first failure; else the closest call with another road user; else the largest lateral error."""
    failed = np.flatnonzero(log.lane_resets | log.has(FAILURES))
    if len(failed):
        step = int(failed[0])
        return _moment(log, step, _failure(int(log.events[step])), True)
    closest = int(np.argmin(log.gap))
    if log.gap[closest] < CLOSE_CALL:
        return _moment(log, closest, f"{log.gap[closest]:.2f} m to another road user", False)
    step = int(np.argmax(np.abs(log.lateral_error)))
    error = float(log.lateral_error[step])
    side = "left" if error > 0 else "right"
    return _moment(log, step, f"{abs(error):.2f} m {side} of the lane's centre", False)


def _moment(log: EpisodeLog, step: int, what: str, failed: bool) -> Moment:
    return Moment(step, float(log.time[step]), float(log.odometer[step]), what, failed)


def _failure(events: int) -> str:
    """The gravest event of a step in which the episode failed."""
    if events & FAILURES:
        return EVENT_NAMES[gravest(events)]
    return "more than 1 m off the lane's centre" if events & EVENT_OFF_CENTRE else "reset to lane"


def _largest(values: Floats) -> float:
    return float(values[np.argmax(np.abs(values))])
