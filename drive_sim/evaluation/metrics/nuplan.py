"""nuPlan's closed-loop score and its pieces, after motional/nuplan-devkit.

What differs here: the expert whose progress is the baseline is the route itself; collisions are told apart in the
road frame, not by polygons; the drivable area is judged by the car's reference point, not by its corners with 0.3 m
of tolerance; the time to collision is the simulator's (nearest actor in the ego's path).
"""

from __future__ import annotations

import math

import numpy as np

from drive_sim.evaluation.logs.episode_log import EpisodeLog, Floats
from drive_sim.evaluation.metrics.comfort import is_comfortable
from drive_sim.evaluation.metrics.encounters import longitudinal_distance
from drive_sim.evaluation.metrics.lane import in_oncoming_lane
from drive_sim.evaluation.metrics.metric import MetricMaker, metric
from drive_sim.world.state import (
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
    EVENT_LANE_DEPARTURE,
    EVENT_OFF_ROAD,
)

SOURCE = "nuPlan closed-loop metrics (motional/nuplan-devkit)"
STOPPED_SPEED = 0.05
"""[m/s]"""
REAR = math.radians(30.0)
"""An actor within this angle of straight to the rear ran into the ego."""
DIRECTION_HORIZON, DIRECTION_COMPLIANCE, DIRECTION_VIOLATION = 1.0, 2.0, 6.0
"""[s], [m], [m]"""
LEAST_PROGRESS, PROGRESS_FLOOR = 0.2, 2.0
"""[1], [m]"""
LEAST_TTC = 0.95
"""[s]"""
OVERSPEED = 2.23
"""[m/s]"""
WEIGHTS = {"progress": 5.0, "ttc": 5.0, "speed_limit": 4.0, "comfort": 2.0}


def _piece(formula: str) -> MetricMaker:
    return metric("1", formula=formula, source=SOURCE, aggregation="mean", better="higher", bounds=(0.0, 1.0))


def at_fault_collisions(log: EpisodeLog) -> dict[int, int]:
    """Distinct collisions that the ego is to blame for, by EVENT_COLLISION_* kind.

    At fault: with anything that stood still, or by the front, or sideways while not wholly inside the lane. Not at
    fault: while the ego itself stood still, or struck from the rear.
    """
    counts = {}
    for kind in (EVENT_COLLISION_VEHICLE, EVENT_COLLISION_PEDESTRIAN, EVENT_COLLISION_STATIC):
        now = log.has(kind)
        before = np.concatenate([[False], now[:-1] & ~log.lane_resets[:-1]])
        counts[kind] = sum(_at_fault(log, int(step)) for step in np.flatnonzero(now & ~before))
    return counts


def _at_fault(log: EpisodeLog, step: int) -> bool:
    # As they were before the step: in it the ego may have been stopped by the impact, or reset to its lane.
    before = max(step - 1, 0)
    if log.speed[before] <= STOPPED_SPEED:
        return False
    slot = int(log.hit_actor[step])
    if slot < 0 or log.actor_speed[before, slot] <= STOPPED_SPEED:
        return True
    longitudinal = float(longitudinal_distance(log, slot)[before])
    lateral = float(log.actor_d[before, slot] - log.d[before])
    if longitudinal < 0.0 and abs(math.atan2(lateral, -longitudinal)) < REAR:
        return False
    if longitudinal >= 0.5 * log.facts.vehicle_length:
        return True
    return bool(log.has(EVENT_LANE_DEPARTURE | EVENT_OFF_ROAD)[before])


@_piece("1; 0 after an at-fault collision with a vehicle, pedestrian or cyclist; 0.5 after one with a fixed thing")
def nuplan_no_at_fault_collision(log: EpisodeLog) -> float:
    """Product over kinds of max(0, 1 − collisions / (allowed + 1)), fixed things being allowed once [1]."""
    faults = at_fault_collisions(log)
    clean = not faults[EVENT_COLLISION_VEHICLE] and not faults[EVENT_COLLISION_PEDESTRIAN]
    return float(clean) * max(0.0, 1.0 - faults[EVENT_COLLISION_STATIC] / 2.0)


@_piece("1 if the reference point never left the paved surface, else 0")
def nuplan_drivable_area(log: EpisodeLog) -> float:
    """Whether the car stayed on the road [1]."""
    return float(not log.has(EVENT_OFF_ROAD).any())


@_piece("1 if at most 2 m, 0.5 if at most 6 m were driven against the lane's direction within any 1 s, else 0")
def nuplan_direction(log: EpisodeLog) -> float:
    """Whether the car drove with its lane's direction [1]; the oncoming lane counts against it, whatever the reason."""
    advance = np.diff(log.progress, prepend=0.0)
    advance[log.lane_resets] = 0.0
    along_lane = np.where(in_oncoming_lane(log), -advance, advance)
    window = round(DIRECTION_HORIZON / log.facts.control_period) + 1
    against = -float(np.min(_moving_sum(along_lane, window)))
    if against < DIRECTION_COMPLIANCE:
        return 1.0
    return 0.5 if against < DIRECTION_VIOLATION else 0.0


@_piece("min(1, max(progress, 2 m) / max(route length, 2 m)); 0 if driven back by more than 2 m")
def nuplan_progress(log: EpisodeLog) -> float:
    """Progress along the route against the route's length [1], which stands for the expert's progress."""
    progress = float(log.progress[-1])
    if progress < -PROGRESS_FLOOR:
        return 0.0
    return min(1.0, max(progress, PROGRESS_FLOOR) / max(log.facts.route_length, PROGRESS_FLOOR))


@_piece("1 if nuplan_progress ≥ 0.2, else 0")
def nuplan_making_progress(log: EpisodeLog) -> float:
    """Whether the car made at least a fifth of the route [1]."""
    return float(nuplan_progress.value(log) >= LEAST_PROGRESS)


@_piece("1 if the smallest time to collision ≥ 0.95 s, else 0")
def nuplan_ttc(log: EpisodeLog) -> float:
    """Whether there was always 0.95 s to a collision [1]."""
    return float(np.min(log.time_to_collision) >= LEAST_TTC)


@_piece("max(0, 1 − Σ overspeed Δt / (2.23 m/s · Σ Δt))")
def nuplan_speed_limit(log: EpisodeLog) -> float:
    """Compliance with the speed limit [1]: mean excess against 2.23 m/s."""
    excess = np.maximum(log.speed - log.facts.speed_limit, 0.0)
    return max(0.0, 1.0 - float(excess.mean()) / OVERSPEED)


@_piece("1 if all comfort bounds hold at every step, else 0")
def nuplan_comfort(log: EpisodeLog) -> float:
    """Whether the episode was comfortable throughout [1]."""
    return is_comfortable(log)


@_piece(
    "no_at_fault_collision · drivable_area · direction · making_progress · "
    "(5 progress + 5 ttc + 4 speed_limit + 2 comfort) / 16"
)
def nuplan_score(log: EpisodeLog) -> float:
    """nuPlan's closed-loop score [1]: product of the conditions times the weighted mean of the rest."""
    conditions = (nuplan_no_at_fault_collision, nuplan_drivable_area, nuplan_direction, nuplan_making_progress)
    weighted = {
        "progress": nuplan_progress.value(log),
        "ttc": nuplan_ttc.value(log),
        "speed_limit": nuplan_speed_limit.value(log),
        # Too short an episode to judge comfort loses nothing by it.
        "comfort": float(is_comfortable(log) != 0.0),
    }
    mean = sum(WEIGHTS[name] * value for name, value in weighted.items()) / sum(WEIGHTS.values())
    return math.prod(condition.value(log) for condition in conditions) * mean


def _moving_sum(values: Floats, window: int) -> Floats:
    """Sums over the last ``window`` entries, fewer at the start."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return total[1:] - total[np.maximum(np.arange(len(values)) + 1 - window, 0)]


NUPLAN_METRICS = (
    nuplan_score,
    nuplan_no_at_fault_collision,
    nuplan_drivable_area,
    nuplan_direction,
    nuplan_making_progress,
    nuplan_progress,
    nuplan_ttc,
    nuplan_speed_limit,
    nuplan_comfort,
)
