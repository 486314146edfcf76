"""Interaction with actors: passes, collisions, clearances."""

from __future__ import annotations

import numpy as np

from drive_sim.evaluation.logs.episode_log import FAR, EpisodeLog
from drive_sim.evaluation.metrics.encounters import find_encounters
from drive_sim.evaluation.metrics.metric import NOTHING, Ratio, metric
from drive_sim.world.state import (
    EVENT_COLLISION,
    EVENT_COLLISION_PEDESTRIAN,
    EVENT_COLLISION_STATIC,
    EVENT_COLLISION_VEHICLE,
)

CRITICAL_TTC = 1.5
"""Time to collision [s] below which a conflict is critical (Van der Horst 1990)."""


@metric(
    "1",
    formula="encounters passed without contact and with progress / encounters that demand a reaction and are avoidable",
    source="this project; begin, end and pass as defined in drive_sim/evaluation/metrics/encounters.py",
    aggregation="rate",
    better="higher",
    basis="encounters",
    bounds=(0.0, 1.0),
)
def collision_free_passes(log: EpisodeLog) -> Ratio:
    """Passes over encounters [1]: the ego got past, or followed with progress, without contact and unaided."""
    counted = [encounter for encounter in find_encounters(log) if encounter.counted]
    return Ratio(sum(encounter.passed for encounter in counted), len(counted))


UN_R157 = "UN Regulation No. 157, Annex 4, Appendix 3: what a careful and competent human driver would not have hit"


def _hit_road_user(log: EpisodeLog, preventable: bool) -> Ratio:
    """Whether an actor was hit in an episode on which the reference driver's verdict is ``preventable``; 0 if not."""
    if log.facts.preventable is None:
        return NOTHING
    hit = bool(np.any(log.hit_actor >= 0))
    return Ratio(float(hit and log.facts.preventable is preventable), 1.0)


@metric(
    "1",
    formula="episodes with a collision in which the reference driver had none / episodes that demand a reaction",
    source=UN_R157,
    aggregation="rate",
    better="lower",
    bounds=(0.0, 1.0),
)
def preventable_collisions(log: EpisodeLog) -> Ratio:
    """Share of episodes in which a road user was hit although the reference driver hit none [1]."""
    return _hit_road_user(log, preventable=True)


@metric(
    "1",
    formula="episodes with a collision in which the reference driver had one too / episodes that demand one",
    source=UN_R157,
    aggregation="rate",
    better="lower",
    bounds=(0.0, 1.0),
)
def unavoidable_collisions(log: EpisodeLog) -> Ratio:
    """Share of episodes in which a road user was hit, as the reference driver hit one too [1]."""
    return _hit_road_user(log, preventable=False)


def _collisions(log: EpisodeLog, mask: int) -> Ratio:
    return Ratio(log.count(mask), log.distance / 1000.0)


@metric(
    "1/km",
    formula="collisions / path length; a collision: an unbroken time in contact",
    source="collision rate per distance, as in the CARLA leaderboard's infractions per km",
    aggregation="count",
    better="lower",
    basis="km",
)
def collisions_per_km(log: EpisodeLog) -> Ratio:
    """Distinct collisions of any kind per path length driven [1/km]."""
    return _collisions(log, EVENT_COLLISION)


@metric(
    "1/km",
    formula="collisions with cars, lorries, buses and motorcycles / path length",
    source="as collisions_per_km",
    aggregation="count",
    better="lower",
    basis="km",
)
def collisions_per_km_vehicle(log: EpisodeLog) -> Ratio:
    """Distinct collisions with motor vehicles per path length driven [1/km]."""
    return _collisions(log, EVENT_COLLISION_VEHICLE)


@metric(
    "1/km",
    formula="collisions with pedestrians and cyclists / path length",
    source="as collisions_per_km",
    aggregation="count",
    better="lower",
    basis="km",
)
def collisions_per_km_pedestrian(log: EpisodeLog) -> Ratio:
    """Distinct collisions with pedestrians and cyclists per path length driven [1/km]."""
    return _collisions(log, EVENT_COLLISION_PEDESTRIAN)


@metric(
    "1/km",
    formula="collisions with cones, debris and guard rails / path length",
    source="as collisions_per_km",
    aggregation="count",
    better="lower",
    basis="km",
)
def collisions_per_km_static(log: EpisodeLog) -> Ratio:
    """Distinct collisions with fixed things per path length driven [1/km]."""
    return _collisions(log, EVENT_COLLISION_STATIC)


@metric(
    "m",
    formula="median over episodes of the smallest distance between the ego's box and another's",
    source="minimum distance between oriented boxes",
    aggregation="median",
    better="higher",
)
def min_clearance(log: EpisodeLog) -> float:
    """Smallest distance to any actor in the episode [m]; 0 when it was touched, NaN when none came near."""
    if np.any(log.hit_actor >= 0):
        return 0.0
    smallest = float(np.min(log.gap))
    return smallest if smallest < FAR else float("nan")


@metric(
    "s",
    formula="median over episodes of the smallest time to collision",
    source="Hayward 1972, near-miss determination: gap / closing speed with the nearest actor in the ego's path",
    aggregation="median",
    better="higher",
)
def min_ttc(log: EpisodeLog) -> float:
    """Smallest time to collision in the episode [s]; NaN when no actor was in the ego's path."""
    smallest = float(np.min(log.time_to_collision))
    return smallest if smallest < FAR else float("nan")


@metric(
    "1",
    formula="Σ Δt with time to collision < 1.5 s / Σ Δt, over episodes with other road users",
    source="time exposed time-to-collision (Minderhoud & Bovy 2001) at 1.5 s (Van der Horst 1990), per time driven",
    aggregation="ratio",
    better="lower",
    basis="s",
    bounds=(0.0, 1.0),
)
def time_under_critical_ttc(log: EpisodeLog) -> Ratio:
    """Share of time with less than 1.5 s to a collision [1]; undefined where there is no other road user."""
    if not log.facts.actors:
        return NOTHING
    under = np.sum(log.time_to_collision < CRITICAL_TTC) * log.facts.control_period
    return Ratio(float(under), log.elapsed)


OBSTACLE_METRICS = (
    collision_free_passes,
    preventable_collisions,
    unavoidable_collisions,
    collisions_per_km,
    collisions_per_km_vehicle,
    collisions_per_km_pedestrian,
    collisions_per_km_static,
    min_clearance,
    min_ttc,
    time_under_critical_ttc,
)
