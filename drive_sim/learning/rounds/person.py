"""What the person would have done where the network got to: back onto their own path, at their speed there.

It is known only where they drove, and as long as the situation is the one they met: not beyond the end of their path or
past a failure, not where they stood, not where an actor that moves is elsewhere than it was when they came by, and not
where the way back to their path leads through an actor.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.labels import LabelPath, label_reach, way_back
from drive_sim.learning.views.strata import actors_from
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.state import State

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
STANDING = 1.0
"""Where the person was slower than this, they waited for something [m/s]."""
MOST_AWAY = 2.0
"""Further from the person's path than this, nobody knows what they would have done [m]."""
MOST_TURNED = 0.7
"""Nor with the car turned further than this against the road [rad]."""
BACKWARD, FORWARD, FORWARD_TIME, SIDEWAYS = 15.0, 30.0, 4.0, 8.0
"""Actors matter that are no further behind, ahead [m] or ahead in time [s], and to either side [m]."""
ELSEWHERE, ELSEWHERE_SHARE = 2.0, 0.15
"""An actor is elsewhere when it is this much further along the road than where the person met it [m], and this share of
its distance ..."""
ELSEWHERE_SIDEWAYS, ELSEWHERE_SPEED = 0.5, 2.0
"""... or by this across it [m], or as much faster or slower [m/s]."""
SLOW = 2.0
"""A slower actor is where it is now when the car comes by [m/s]."""
CLEARANCE = 0.1
"""Kept from it on the way back [m]."""
ON_THE_PATH = 0.4
"""Nearer to the person's path than this, their way round is the car's [m]."""


class Labels(NamedTuple):
    """What should be answered in T visited states."""

    path: LabelPath
    """Where to drive."""
    s: Floats
    """(T) unwrapped arc length [m] along the path."""
    target_speed: Floats
    """(T) [m/s]"""
    known: Flags
    """(T) whether that is so: where not, nothing is to be learnt."""


def person_labels(recorded: SourceEpisode, state: State, s: Floats) -> Labels:
    """Labels of T visited ``state`` rows by the recorded episode; ``s`` (T) is their unwrapped arc length [m] in it."""
    path, driven = recorded.driven_path, np.maximum.accumulate(recorded.unwrapped_s)
    at = np.minimum(np.searchsorted(driven, s), len(driven) - 1)
    drivable = np.zeros(len(driven), bool)
    drivable[recorded.learnable()] = True
    drivable &= recorded.state.speed >= STANDING
    offset, _ = path.at(s)
    known = (
        drivable[at]
        & (s >= driven[0])
        & (s + label_reach(state.speed) <= recorded.stretch_end(at))
        & (state.element >= 0)
        & (np.abs(state.d - offset) < MOST_AWAY)
        & (np.abs(state.heading_error) < MOST_TURNED)
    )
    met = State(*(array[at] for array in recorded.state))
    way_is_free = (np.abs(state.d - offset) < ON_THE_PATH) | _way_is_free(recorded.world, path, s, state)
    known &= _same_situation(recorded.world, state, met) & way_is_free
    return Labels(path, s, recorded.target_speed[at], known)


def _along(world: Episode, distance: Floats) -> Floats:
    """Differences of arc length [m]; on a closed road the shorter way."""
    length = world.road.length
    return (distance + 0.5 * length) % length - 0.5 * length if world.road.closed else distance


def _same_situation(world: Episode, state: State, met: State) -> Flags:
    """Whether (T) every actor that matters is where, and as fast as, it was when the person came by (``met``)."""
    count = min(state.actor_x.shape[1], met.actor_x.shape[1], len(world.actors))
    relevant = _relevant(state)[:, :count] | _relevant(met)[:, :count]

    def difference(name: str) -> Floats:
        return np.asarray(getattr(state, name)[:, :count] - getattr(met, name)[:, :count])

    distance = np.abs(_along(world, state.actor_s - state.s[:, None])[:, :count])
    elsewhere = (
        (np.abs(_along(world, difference("actor_s"))) > ELSEWHERE + ELSEWHERE_SHARE * distance)
        | (np.abs(difference("actor_d")) > ELSEWHERE_SIDEWAYS)
        | (np.abs(difference("actor_speed")) > ELSEWHERE_SPEED)
        | (np.abs(difference("actor_lateral_speed")) > ELSEWHERE_SPEED)
    )
    return np.asarray(~(relevant & elsewhere).any(1))


def _relevant(state: State) -> Flags:
    """Which actors (T, N) matter to the ego."""
    forward, left = actors_from(state, state.yaw - state.heading_error)
    reach = np.maximum(FORWARD, FORWARD_TIME * state.speed)[:, None]
    return np.asarray((forward > -BACKWARD) & (forward < reach) & (np.abs(left) < SIDEWAYS))


def _way_is_free(world: Episode, path: LabelPath, s: Floats, state: State) -> Flags:
    """Whether (T) the way back onto the path passes every slow actor."""
    free = np.ones(len(s), bool)
    for number, actor in enumerate(world.actors):
        length = 0.5 * (actor.length + BMW_320I.length)
        gap = _along(world, state.actor_s[:, number] - state.s)
        beside = np.clip(gap[:, None] + length * np.array([-1.0, 0.0, 1.0]), 0.0, None)
        offset = way_back(path, s, state.d, state.heading_error, state.speed, beside)
        away = np.abs(offset - state.actor_d[:, number, None]).min(1)
        slow = np.hypot(state.actor_speed[:, number], state.actor_lateral_speed[:, number]) < SLOW
        near = (gap > -length) & (gap < np.maximum(FORWARD, FORWARD_TIME * state.speed))
        free &= ~(slow & near & (away < 0.5 * (actor.width + BMW_320I.width) + CLEARANCE))
    return free
