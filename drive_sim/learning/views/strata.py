"""How often each recorded moment is drawn: strata by what happens, by the road's curvature and by speed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.labels import SPEED_AHEAD
from drive_sim.world.state import State

Floats = NDArray[np.float64]
SHARES = (0.45, 0.17, 0.38)
"""Of the views drawn: with no actor near, with one near, and in reaction to one."""
RARITY = 0.6
"""Within those, a stratum is drawn by its size to the power of 1 - `RARITY`."""
BENDS, SLOWS = 4, 3
"""Classes of curvature and of speed, of which rare ones are drawn more often."""
REACTION = 2.0
"""This long before a manoeuvre, what it answers is in the image [s]."""
TIME_TO_REACT = 1.0
"""A change point is a step whose next second is driven otherwise than its last one [s]: it holds what the driver saw
before reacting, whose reaction takes about as long."""
CHANGE = 1.0
"""Least change of the mean acceleration, along and across together [m/s²]: half of comfortable braking, and three times
what keeping to a lane takes."""
NEAR = 60.0
"""An actor this far ahead, near the ego's lane, makes a view one of the obstacle stratum [m]."""


def actors_from(state: State, heading: Floats) -> tuple[Floats, Floats]:
    """Where the actors are (n, N): forward and left [m] of the car, in a frame turned by ``heading`` [rad]."""
    dx, dy = state.actor_x - state.x[:, None], state.actor_y - state.y[:, None]
    cos, sin = np.cos(heading)[:, None], np.sin(heading)[:, None]
    return cos * dx + sin * dy, cos * dy - sin * dx


def stratum(episode: SourceEpisode) -> NDArray[np.int64]:
    """Which kind of moment each step is: reacting or an actor near, the road's curvature, the ego's speed."""
    state = episode.state
    bend = np.digitize(np.abs(state.curvature), [0.002, 0.01, 0.03])
    forward, left = actors_from(state, state.yaw)
    present = np.arange(forward.shape[1]) < len(episode.world.actors)
    near = (present & (forward > -5.0) & (forward < NEAR) & (np.abs(left) < 5.0)).any(1)
    aside = np.abs(state.d - episode.world.road.lane_centre(episode.world.lane)) > 0.5
    # The image that a reaction answers comes before it.
    window = round(REACTION / episode.period) + 1
    soon = maximum_filter1d((aside | episode.slowing).astype(np.uint8), window, origin=-(window // 2), mode="constant")
    slow = np.digitize(state.speed, [1.0, 8.0])
    return np.asarray((np.where(near, 1 + soon, 0) * BENDS + bend) * SLOWS + slow)


def change_points(episode: SourceEpisode) -> NDArray[np.bool_]:
    """Whether speed or curvature change at each step, see `TIME_TO_REACT` and `CHANGE`.

    Keyframes of Wen et al. 2021, "Keyframe-focused visual imitation learning": the steps whose action does not follow
    from the actions before. A network may do well on average by going on as it does, and badly in each of these.
    """
    state = episode.state
    if episode.reference is not None:
        # What a network drove into says nothing of when to change; how fast to drive there does.
        return np.asarray(np.abs(episode.reference.target_speed - state.speed) >= CHANGE * SPEED_AHEAD)
    window = round(TIME_TO_REACT / episode.period) + 1
    changes = [
        uniform_filter1d(acceleration, window, origin=-(window // 2), mode="nearest")
        - uniform_filter1d(acceleration, window, origin=(window - 1) // 2, mode="nearest")
        for acceleration in (state.acceleration_x, state.speed * state.yaw_rate)
    ]
    return np.asarray(np.hypot(*changes) >= CHANGE)


def weights(
    stratum: NDArray[np.int64],
    origin: NDArray[np.int64],
    shares: Mapping[int, float],
    changing: NDArray[np.bool_] | None = None,
    change_share: float = 0.0,
) -> Floats:
    """How likely each step (n) is, up to a factor.

    Each ``origin`` (n) has its share of ``shares``; within it, what happens has its share of `SHARES`, and within that,
    rare strata come more often than their size says. The recording, 0, has what those that are there leave. Of the
    views of each origin, ``change_share`` are of steps that are ``changing`` (n), every one as likely, beside those
    that the others show.
    """
    changing = np.zeros(len(stratum), np.bool_) if changing is None else changing
    present = np.unique(origin)
    if len(present) == 1:
        return _upweighted(_weights(stratum), changing, change_share)
    left = 1.0 - sum(shares[number] for number in present if number in shares)
    weight = np.zeros(len(stratum))
    for number in present:
        mine = origin == number
        own = _upweighted(_weights(stratum[mine]), changing[mine], change_share)
        weight[mine] = shares.get(number, left) * own / own.sum()
    return weight


def _weights(stratum: NDArray[np.int64]) -> Floats:
    """How likely each step (n) of one origin is, up to a factor."""
    counts = np.bincount(stratum)
    weight = counts[stratum].astype(np.float64) ** -RARITY
    happening = stratum // (BENDS * SLOWS)
    sums = np.bincount(happening, weight, minlength=len(SHARES))
    return np.asarray(weight * np.asarray(SHARES)[happening] / np.maximum(sums[happening], 1e-12))


def _upweighted(weight: Floats, changing: NDArray[np.bool_], share: float) -> Floats:
    """The weights (n) with a ``share`` of their sum taken from all steps and given to those that are changing."""
    if share <= 0.0 or not changing.any():
        return weight
    return (1.0 - share) * weight / weight.sum() + share * changing / changing.sum()
