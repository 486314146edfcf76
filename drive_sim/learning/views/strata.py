"""How often each recorded moment is drawn: strata by what happens, by the road's curvature and by speed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from drive_sim.learning.views.episodes import SourceEpisode
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


def weights(stratum: NDArray[np.int64], origin: NDArray[np.int64], shares: Sequence[float]) -> Floats:
    """How likely each step (n) is, up to a factor.

    Each origin has its share of ``shares``; within it, what happens has its share of `SHARES`, and within that, rare
    strata come more often than their size says. ``origin`` (n) counts as ``shares`` does; one without a step leaves its
    share to the first, which is the recording.
    """
    present = np.unique(origin)
    if len(present) == 1:
        return _weights(stratum)
    left = 1.0 - sum(shares[number] for number in present if number > 0)
    weight = np.zeros(len(stratum))
    for number in present:
        mine = origin == number
        own = _weights(stratum[mine])
        weight[mine] = (shares[number] if number > 0 else left) * own / own.sum()
    return weight


def _weights(stratum: NDArray[np.int64]) -> Floats:
    """How likely each step (n) of one origin is, up to a factor."""
    counts = np.bincount(stratum)
    weight = counts[stratum].astype(np.float64) ** -RARITY
    happening = stratum // (BENDS * SLOWS)
    sums = np.bincount(happening, weight, minlength=len(SHARES))
    return np.asarray(weight * np.asarray(SHARES)[happening] / np.maximum(sums[happening], 1e-12))
