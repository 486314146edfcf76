"""The route as a whole: how far, how cleanly, whether the car arrived."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.metrics.encounters import Encounter, encounter_steps, find_encounters
from drive_sim.evaluation.metrics.lane import in_oncoming_lane
from drive_sim.evaluation.metrics.metric import metric
from drive_sim.world.state import (
    ACTOR_BUS,
    ACTOR_CAR,
    ACTOR_LORRY,
    ACTOR_MOTORCYCLE,
    EVENT_COLLISION,
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
    EVENT_WRONG_WAY,
    MOTION_LANE,
    PHASE_GONE,
)

CARLA_VERSION = "CARLA leaderboard 2.1"
PENALTY_PEDESTRIAN, PENALTY_VEHICLE, PENALTY_STATIC = 1.0, 0.7, 0.6
PENALTY_TIMEOUT, PENALTY_MINIMUM_SPEED = 0.4, 0.4
SPEED_CHECKPOINTS = 4
"""Parts of the route on which the mean speed is held against the traffic's."""
RETURN_TIME = 5.0
"""After an encounter the oncoming lane is still allowed for this long, to get back [s]."""
MOTOR_VEHICLES = (ACTOR_CAR, ACTOR_LORRY, ACTOR_BUS, ACTOR_MOTORCYCLE)


def route_share(log: EpisodeLog) -> float:
    """Share of the route driven, in 0..1."""
    if log.events[-1] & EVENT_FINISH:
        return 1.0
    return float(np.clip(log.progress[-1] / log.facts.route_length, 0.0, 1.0))


def penalty(log: EpisodeLog) -> float:
    """Factor P that infractions leave of the route's score [1], after the CARLA leaderboard 2.1.

    Collisions count once each; a timeout is an obstacle that was not passed when time ran out; the minimum speed is
    checked on every quarter of the route. Red lights, stop signs and emergency vehicles do not exist here.
    """
    encounters = find_encounters(log)
    costs = (
        PENALTY_PEDESTRIAN * log.count(EVENT_COLLISION_PEDESTRIAN)
        + PENALTY_VEHICLE * log.count(EVENT_COLLISION_VEHICLE)
        + PENALTY_STATIC * log.count(EVENT_COLLISION_STATIC)
        + PENALTY_TIMEOUT * _timeouts(log, encounters)
        + PENALTY_MINIMUM_SPEED * sum(1.0 - share for share in _speed_shares(log))
    )
    return (1.0 - off_lane_share(log, encounters)) / (1.0 + costs)


@metric(
    "1",
    formula="progress / route length",
    source=CARLA_VERSION,
    aggregation="mean",
    better="higher",
    bounds=(0.0, 1.0),
)
def route_completion(log: EpisodeLog) -> float:
    """Share of the route driven [1]."""
    return route_share(log)


@metric(
    "1",
    formula="arrived in time and no collision",
    source="NoCrash (Codevilla et al. 2019), any collision failing the episode",
    aggregation="rate",
    better="higher",
    bounds=(0.0, 1.0),
)
def success(log: EpisodeLog) -> float:
    """Whether the route was finished in time with no collision at all, of any kind [1]."""
    return float(bool(log.events[-1] & EVENT_FINISH) and not log.has(EVENT_COLLISION).any())


@metric(
    "1",
    formula="Π (1 − off-lane share) · 1 / (1 + Σ c); c: pedestrian 1.0, vehicle 0.7, static 0.6, timeout 0.4, "
    "minimum speed 0.4 · (1 − share of the traffic's speed)",
    source=CARLA_VERSION,
    aggregation="mean",
    better="higher",
    bounds=(0.0, 1.0),
)
def infraction_penalty(log: EpisodeLog) -> float:
    """Factor P that infractions leave of the route's score [1]; `penalty` says how."""
    return penalty(log)


@metric(
    "1",
    formula="mean over episodes of R · P; R route completion, P infraction penalty",
    source=CARLA_VERSION + " (there in percent)",
    aggregation="mean",
    better="higher",
    bounds=(0.0, 1.0),
)
def driving_score(log: EpisodeLog) -> float:
    """Route completion times infraction penalty [1], after the CARLA leaderboard 2.1."""
    return route_share(log) * penalty(log)


def off_lane_share(log: EpisodeLog, encounters: tuple[Encounter, ...]) -> float:
    """Share of the path driven off the road, the wrong way, or in the oncoming lane with no encounter to excuse it."""
    dodging = encounter_steps(log, encounters, RETURN_TIME)
    outside = log.has(EVENT_OFF_ROAD | EVENT_WRONG_WAY) | (in_oncoming_lane(log) & ~dodging)
    path = np.diff(log.odometer, prepend=0.0)
    total = float(path.sum())
    return float(path[outside].sum()) / total if total > 0.0 else 0.0


def _timeouts(log: EpisodeLog, encounters: tuple[Encounter, ...]) -> int:
    """Encounters not passed because time ran out."""
    if not log.events[-1] & EVENT_TIME_OUT:
        return 0
    return sum(encounter.outcome == "no progress" for encounter in encounters)


def _speed_shares(log: EpisodeLog) -> list[float]:
    """Mean speed against that of background traffic, at most 1, on each quarter of the route driven to its end."""
    background = [
        slot
        for slot, spec in enumerate(log.facts.actors)
        if spec.motion == MOTION_LANE and spec.kind in MOTOR_VEHICLES and not spec.demands_reaction
    ]
    if not background:
        return []
    there = log.actor_phase[:, background] != PHASE_GONE
    traffic = np.divide(
        np.sum(log.actor_speed[:, background] * there, axis=1),
        there.sum(axis=1),
        out=np.full(log.steps, np.nan),
        where=there.any(axis=1),
    )
    quarter = log.facts.route_length / SPEED_CHECKPOINTS
    shares = []
    for checkpoint in range(SPEED_CHECKPOINTS):
        # The leaderboard ends the last part at 95 % of the route.
        goal = (checkpoint + 1) * quarter if checkpoint + 1 < SPEED_CHECKPOINTS else 0.95 * log.facts.route_length
        if log.progress.max() < goal:
            break
        # Only while there is traffic, as in the leaderboard.
        inside = _between(log, checkpoint * quarter, (checkpoint + 1) * quarter) & np.isfinite(traffic)
        reference = float(traffic[inside].mean()) if inside.any() else 0.0
        shares.append(min(1.0, float(log.speed[inside].mean()) / reference) if reference > 0.0 else 1.0)
    return shares


def _between(log: EpisodeLog, start: float, stop: float) -> NDArray[np.bool_]:
    """(T) steps with progress in [start, stop) [m]."""
    return (log.progress >= start) & (log.progress < stop)


ROUTE_METRICS = (route_completion, driving_score, infraction_penalty, success)
