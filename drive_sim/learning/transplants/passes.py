"""Each obstacle and road user that a person got past: their path and speed there, and what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.planning.situation import road_extent
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.events import FAILURES
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.state import ACTOR_NAMES, TRIGGER_TIME

Floats = NDArray[np.float64]

BEFORE, BEYOND = 70.0, 40.0
"""Of a standing obstacle, the stretch of the profile before its near and beyond its far end [m]."""
LEAST_BEFORE, LEAST_BEYOND = 25.0, 10.0
"""With less than this, because another obstacle is so near, it is no pass of its own [m]."""
ROW = 14.0
"""Obstacles that stand no further apart along the road are passed as one [m]."""
CLOSE = 2.0
"""What is passed at more clearance than this is no obstacle [m]."""
LEAST_SPEED = 1.0
"""A person who was slower than this beside a standing obstacle waited for something else [m/s]."""
SIGHT = 60.0
"""A moving actor in the ego's lane concerns it from this far ahead [m]."""
LEAD_TIME = 4.0
"""Of a moving actor, the profile begins so long before it concerns the ego, and goes on so long after [s]."""
AROUND = 120.0
"""Actors this near belong to the scene of a moving one [m]."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One encounter as a person drove it; n samples, one every ``period`` [s]."""

    kind: str
    """Class of the actor; of several, the nearest one's."""
    side: str
    """``left`` or ``right``: where it was when it was passed."""
    standing: bool
    """Whether everything in the way stood."""
    episode: SourceEpisode
    x: Floats
    """(n) [m] along the road from the near end of what stands, or from where the ego was when a moving one was
    nearest."""
    offset: Floats
    """(n) [m] left of the middle of the lane."""
    speed: Floats
    """(n) [m/s]"""
    actors: tuple[ActorSpec, ...]
    """As they are when the profile begins: ``start_s`` is counted as ``x``, offsets from the middle of the lane."""
    extent: float = 0.0
    """From the near to the far end of what stands [m]."""
    edge: float = 0.0
    """Offset of the side of what stands that the ego passes [m], from the middle of the lane."""
    gap: float = 0.0
    """Lateral clearance there [m]."""

    @property
    def sign(self) -> float:
        """+1 where the ego passes on the left of it, else -1."""
        return 1.0 if self.side == "right" else -1.0

    @property
    def peak(self) -> float:
        """Offset of the ego beside what stands [m]."""
        return self.edge + self.sign * (self.gap + 0.5 * BMW_320I.width)


def find_passes(episodes: Sequence[SourceEpisode]) -> list[Pass]:
    """Every pass of the episodes that is whole and without a failure."""
    found: list[Pass] = []
    for episode in episodes:
        found += _standing(episode)
        found += _moving(episode)
    return found


def _standing(episode: SourceEpisode) -> list[Pass]:
    state = episode.state
    slots = [n for n in range(len(episode.world.actors)) if _stands(episode, n)]
    slots.sort(key=lambda n: float(state.actor_s[0, n]))
    rows: list[list[int]] = []
    for n in slots:
        if rows and state.actor_s[0, n] - state.actor_s[0, rows[-1][-1]] < ROW:
            rows[-1].append(n)
        else:
            rows.append([n])
    passes = [_pass_of_row(episode, row) for row in rows]
    return [one for one in passes if one is not None]


def _stands(episode: SourceEpisode, n: int) -> bool:
    state = episode.state
    return bool(np.all(state.actor_speed[:, n] == 0.0) and np.ptp(state.actor_d[:, n]) == 0.0)


def _box(episode: SourceEpisode, n: int) -> tuple[float, float]:
    """Half of what actor ``n`` covers along and across the road [m]."""
    actor = episode.world.actors[n]
    # Compiled for use inside of kernels only: here the Python function is called.
    along, across = road_extent.py_func(actor.length, actor.width, actor.yaw_offset)
    return float(along), float(across)


def _pass_of_row(episode: SourceEpisode, row: list[int]) -> Pass | None:
    """The pass of the standing actors ``row``; None if it was none, or not a clean one."""
    state, s = episode.state, np.maximum.accumulate(episode.unwrapped_s)
    centre = episode.world.road.lane_centre(episode.world.lane)
    near = min(float(state.actor_s[0, n]) - _box(episode, n)[0] for n in row)
    far = max(float(state.actor_s[0, n]) + _box(episode, n)[0] for n in row)
    beside = [
        np.flatnonzero(np.abs(s - state.actor_s[0, n]) < _box(episode, n)[0] + 0.5 * BMW_320I.length) for n in row
    ]
    if not all(len(steps) for steps in beside):
        return None
    sides = [
        float(np.sign((state.actor_d[0, n] - state.d[steps]).mean())) for n, steps in zip(row, beside, strict=True)
    ]
    if len(set(sides)) > 1:
        return None  # a slalom: no one side to keep clear of
    clearances, edges = [], []
    for n, steps in zip(row, beside, strict=True):
        across = _box(episode, n)[1]
        clearances.append(float(np.abs(state.actor_d[0, n] - state.d[steps]).min()) - across - 0.5 * BMW_320I.width)
        edges.append(float(state.actor_d[0, n]) - centre - sides[0] * across)
    nearest = int(np.argmin(clearances))
    gap = clearances[nearest]
    low, high = _clean_stretch(episode, row, s, near, far)
    steps = np.flatnonzero((s >= low) & (s <= high))
    if gap > CLOSE or near - low < LEAST_BEFORE or high - far < LEAST_BEYOND or len(steps) < 2:
        return None
    if np.any(episode.events[steps] & FAILURES) or state.speed[steps].min() < LEAST_SPEED:
        return None
    actors = tuple(_moved(episode, n, near, centre, 0) for n in row)
    return Pass(
        ACTOR_NAMES[actors[nearest].kind], "left" if sides[0] > 0.0 else "right", True, episode, s[steps] - near,
        state.d[steps] - centre, np.asarray(state.speed[steps], np.float64), actors, far - near, edges[nearest], gap,
    )  # fmt: skip


def _clean_stretch(episode: SourceEpisode, row: list[int], s: Floats, near: float, far: float) -> tuple[float, float]:
    """Arc lengths [m] between which the person drove for this row alone: half way to whatever else is near."""
    low, high = max(near - BEFORE, float(s[0])), min(far + BEYOND, float(s[-1]))
    for n in range(len(episode.world.actors)):
        if n in row:
            continue
        met = s[_concerned(episode, n)] if not _stands(episode, n) else episode.state.actor_s[:1, n]
        for place in met:
            if place < near:
                low = max(low, 0.5 * (place + near))
            elif place > far:
                high = min(high, 0.5 * (place + far))
            else:
                return near, far
    return low, high


def _concerned(episode: SourceEpisode, n: int) -> NDArray[np.int64]:
    """Steps at which moving actor ``n`` is ahead in the ego's lane, or in the middle of its script there."""
    state, world, actor = episode.state, episode.world, episode.world.actors[n]
    ahead = state.actor_s[:, n] - state.s
    reach = 0.5 * (world.road.lane_width + actor.width)
    inside = np.abs(state.actor_d[:, n] - world.road.lane_centre(world.lane)) < reach
    return np.flatnonzero((ahead > -5.0) & (ahead < SIGHT) & inside)


def _moving(episode: SourceEpisode) -> list[Pass]:
    passes = []
    for n in range(len(episode.world.actors)):
        concerned = np.zeros(0, np.int64) if _stands(episode, n) else _concerned(episode, n)
        one = _pass_of_moving(episode, n, concerned) if len(concerned) else None
        if one is not None:
            passes.append(one)
    return passes


def _pass_of_moving(episode: SourceEpisode, n: int, concerned: NDArray[np.int64]) -> Pass | None:
    """The pass of moving actor ``n``, with the others around it; None if it is not whole."""
    state, s = episode.state, np.maximum.accumulate(episode.unwrapped_s)
    lead = round(LEAD_TIME / episode.period)
    acting = np.flatnonzero(state.actor_timer[:, n] > 0.0)
    begin = min([int(concerned[0]), *acting[:1].tolist()]) - lead
    begin, end = max(begin, 0), min(int(concerned[-1]) + lead, len(s) - 1)
    steps = np.arange(begin, end + 1)
    if state.actor_timer[begin, n] > 0.0 or np.any(episode.events[steps] & FAILURES):
        return None
    distance = np.hypot(state.actor_x[steps, n] - state.x[steps], state.actor_y[steps, n] - state.y[steps])
    anchor = float(s[steps[int(np.argmin(distance))]])
    centre = episode.world.road.lane_centre(episode.world.lane)
    around = [
        m
        for m in range(len(episode.world.actors))
        if m == n or np.abs(state.actor_s[steps, m] - state.s[steps]).min() < AROUND
    ]
    if any(state.actor_timer[begin, m] > 0.0 for m in around):
        return None  # a script that is under way cannot be begun again in the middle
    actors = tuple(_moved(episode, m, anchor, centre, begin) for m in around)
    beside = float(state.actor_d[steps[int(np.argmin(distance))], n] - state.d[steps[int(np.argmin(distance))]])
    return Pass(
        ACTOR_NAMES[episode.world.actors[n].kind], "left" if beside > 0.0 else "right", False, episode,
        s[steps] - anchor, state.d[steps] - centre, np.asarray(state.speed[steps], np.float64), actors,
    )  # fmt: skip


def _moved(episode: SourceEpisode, n: int, anchor: float, centre: float, step: int) -> ActorSpec:
    """Actor ``n`` as it is at ``step``, counted from ``anchor`` along the road and from the lane's ``centre``."""
    state, actor = episode.state, episode.world.actors[n]
    value = actor.trigger_value
    if actor.trigger == TRIGGER_TIME:
        value = max(value - step * episode.period, 0.0)
    return replace(
        actor,
        start_s=float(state.actor_s[step, n]) - anchor,
        start_d=float(state.actor_d[step, n]) - centre,
        start_speed=float(state.actor_speed[step, n]) if actor.start_speed > 0.0 else actor.start_speed,
        action_d=actor.action_d - centre,
        next_d=actor.next_d - centre,
        trigger_value=value,
    )
