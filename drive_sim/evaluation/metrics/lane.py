"""How well the car keeps its lane, and how long."""

from __future__ import annotations

import math

import numpy as np

from drive_sim.evaluation.logs.episode_log import EpisodeLog, Floats
from drive_sim.evaluation.metrics.metric import NOTHING, Ratio, metric
from drive_sim.world.events import FAILURES
from drive_sim.world.state import EVENT_LANE_DEPARTURE, EVENT_OFF_ROAD, EVENT_WRONG_WAY

INTERVENTION_COST = 6.0
"""Time that a person would need to take over, correct and hand back [s]."""


def intervention_count(log: EpisodeLog) -> int:
    """Lane resets, and one more if a failure ended the episode.

    With ``on_failure="reset_to_lane"`` that is every time the reference point was more than 1 m from the lane's centre,
    or the car collided, left the road, went the wrong way or stalled; with ``"terminate"`` there is at most one.
    """
    return int(log.interventions[-1]) + int(log.failed)


def in_oncoming_lane(log: EpisodeLog) -> np.ndarray:
    """(T) whether the reference point is on the oncoming traffic's side of a two-way road."""
    return (log.d > 0.0) & (log.facts.lanes_backward > 0)


def survived_steps(log: EpisodeLog) -> int:
    """Steps until the first failure or lane reset, that step included; all of them if there was none."""
    ends = np.flatnonzero(log.lane_resets | log.has(FAILURES))
    return int(ends[0]) + 1 if len(ends) else log.steps


@metric(
    "1",
    formula="1 − 6 s · interventions / elapsed s",
    source="Bojarski et al. 2016, End to End Learning for Self-Driving Cars",
    aggregation="count",
    better="higher",
    basis="s",
    of_ratio=lambda rate: 1.0 - INTERVENTION_COST * rate,
)
def autonomy(log: EpisodeLog) -> Ratio:
    """Share of time without a person's help [1]: 1 − 6 · interventions / elapsed (Bojarski et al. 2016).

    Over a suite 1 − 6 Σ interventions / Σ elapsed. Negative below one intervention in 6 s.
    """
    return Ratio(intervention_count(log), log.elapsed)


@metric(
    "km",
    formula="path length / interventions",
    source="after the disengagement reports of the California DMV",
    aggregation="count",
    better="higher",
    basis="km",
    of_ratio=lambda rate: 1.0 / rate if rate else math.inf,
)
def distance_per_intervention(log: EpisodeLog) -> Ratio:
    """Path length driven per intervention [km]; endless without one, and then only its lower bound says something."""
    return Ratio(intervention_count(log), log.distance / 1000.0)


@metric(
    "m",
    formula="Σ |e| Δt / Σ Δt, e = d − lane centre",
    source="mean absolute cross-track error",
    aggregation="ratio",
    better="lower",
    basis="s",
)
def lateral_error_mean(log: EpisodeLog) -> Ratio:
    """Mean over time of the reference point's distance from the lane's centre [m]."""
    return _time_mean(log, np.abs(log.lateral_error))


@metric(
    "m",
    formula="mean over episodes of the 95 % quantile over time of |e|",
    source="quantile by linear interpolation (Hyndman & Fan 1996, type 7)",
    aggregation="mean",
    better="lower",
)
def lateral_error_p95(log: EpisodeLog) -> float:
    """95 % quantile over the episode's steps of the distance from the lane's centre [m]; the suite's is their mean."""
    return float(np.quantile(np.abs(log.lateral_error), 0.95))


@metric(
    "m",
    formula="mean over episodes of max |e|",
    source="largest cross-track error",
    aggregation="mean",
    better="lower",
)
def lateral_error_max(log: EpisodeLog) -> float:
    """Largest distance from the lane's centre [m]; the suite's is the mean of its episodes'.

    Where the ego is reset to its lane at 1 m, poses beyond do not occur, and this stays near 1 m.
    """
    return float(np.max(np.abs(log.lateral_error)))


@metric(
    "m",
    formula="sqrt(Σ e² Δt / Σ Δt)",
    source="root mean square cross-track error",
    aggregation="ratio",
    better="lower",
    basis="s",
    of_ratio=math.sqrt,
)
def lateral_error_rmse(log: EpisodeLog) -> Ratio:
    """Root over the mean over time of the squared distance from the lane's centre [m]."""
    return _time_mean(log, log.lateral_error**2)


@metric(
    "rad",
    formula="Σ |ψ − ψ_road| Δt / Σ Δt",
    source="mean absolute heading error",
    aggregation="ratio",
    better="lower",
    basis="s",
)
def heading_error_mean(log: EpisodeLog) -> Ratio:
    """Mean over time of the angle between the car's axis and the road [rad]."""
    return _time_mean(log, np.abs(log.heading_error))


@metric(
    "1/km",
    formula="departures / path length; a departure: an unbroken time with a wheel past the lane's marking",
    source="after ISO 17361 (lane departure)",
    aggregation="count",
    better="lower",
    basis="km",
)
def lane_departures_per_km(log: EpisodeLog) -> Ratio:
    """Distinct lane departures per path length [1/km]: rising edges of "a wheel is past the marking"."""
    return Ratio(log.count(EVENT_LANE_DEPARTURE), log.distance / 1000.0)


@metric(
    "1",
    formula="Σ Δt with all wheels inside the lane / Σ Δt",
    source="complement of the time in lane departure (ISO 17361)",
    aggregation="ratio",
    better="higher",
    basis="s",
    bounds=(0.0, 1.0),
)
def time_in_lane(log: EpisodeLog) -> Ratio:
    """Share of time with no wheel past the lane's marking [1]."""
    return _time_mean(log, ~log.has(EVENT_LANE_DEPARTURE | EVENT_OFF_ROAD))


@metric(
    "s",
    formula="mean over episodes of Σ Δt with the reference point off the paved surface",
    source="time in violation, as Duckietown AI-DO's major infractions",
    aggregation="mean",
    better="lower",
)
def off_road_time(log: EpisodeLog) -> float:
    """Time with the car's reference point off the paved surface [s] in an episode."""
    return float(np.sum(log.has(EVENT_OFF_ROAD)) * log.facts.control_period)


@metric(
    "s",
    formula="mean over episodes of the time until the first failure, or the end",
    source="survival time of Duckietown AI-DO, as a mean",
    aggregation="mean",
    better="higher",
)
def survival_time(log: EpisodeLog) -> float:
    """Time until the first collision, departure from the road, wrong way, stall or lane reset, or the end [s]."""
    return survived_steps(log) * log.facts.control_period


@metric(
    "m",
    formula="mean over episodes of progress along the lane's direction",
    source="distance along the lane, as Duckietown AI-DO's but over the whole episode",
    aggregation="mean",
    better="higher",
)
def distance_along_lane(log: EpisodeLog) -> float:
    """Distance made good along the road [m]: going in circles does not add to it."""
    return float(log.progress[-1])


@metric(
    "rad/s",
    formula="sqrt(mean((Δδ / Δt)²)), δ road-wheel angle",
    source="effective whiteness in the rally-estonia challenge (University of Tartu)",
    aggregation="ratio",
    better="lower",
    basis="steps",
    of_ratio=math.sqrt,
)
def steering_whiteness(log: EpisodeLog) -> Ratio:
    """Root mean square of the road-wheel angle's rate [rad/s], from step to step: how restless the steering is.

    Differences across a lane reset are left out.
    """
    rates = [np.diff(log.steering[part]) / log.facts.control_period for part in log.segments]
    squares = np.concatenate(rates) ** 2
    return Ratio(float(squares.sum()), len(squares)) if len(squares) else NOTHING


@metric(
    "s",
    formula="median over episodes of the time until the first failure, or the end",
    source="Duckietown AI Driving Olympics, lane following: survival_time_median",
    aggregation="median",
    better="higher",
)
def duckietown_survival_time(log: EpisodeLog) -> float:
    """Survival time [s]: the episode counts until the car leaves the road, crashes or is reset to its lane."""
    return survived_steps(log) * log.facts.control_period


@metric(
    "m",
    formula="median over episodes of the distance along the lane until the first failure",
    source="Duckietown AI Driving Olympics, lane following: driven_lanedir_consec_median",
    aggregation="median",
    better="higher",
)
def duckietown_distance(log: EpisodeLog) -> float:
    """Distance driven along the lane's direction while surviving, outside the oncoming lane [m]; never negative."""
    steps = survived_steps(log)
    # In the step that ended survival the ego may already have been reset to its lane, further on.
    steps -= int(log.lane_resets[steps - 1])
    advance = np.diff(log.progress[:steps], prepend=0.0)
    return max(0.0, float(np.sum(advance[~in_oncoming_lane(log)[:steps]])))


@metric(
    "m·s",
    formula="median over episodes of ∫ |e| dt until the first failure",
    source="Duckietown AI Driving Olympics, lane following: deviation-center-line_median",
    aggregation="median",
    better="lower",
)
def duckietown_lateral_deviation(log: EpisodeLog) -> float:
    """Distance from the lane's centre, integrated over the time survived [m·s]; small too in a short episode."""
    return float(np.sum(np.abs(log.lateral_error[: survived_steps(log)])) * log.facts.control_period)


@metric(
    "s",
    formula="median over episodes of the time off the road, in the oncoming lane or the wrong way",
    source="Duckietown AI Driving Olympics, lane following: in-drivable-lane_median",
    aggregation="median",
    better="lower",
)
def duckietown_major_infractions(log: EpisodeLog) -> float:
    """Time outside the drivable lanes while surviving [s]: off the road, in the oncoming lane, or the wrong way."""
    steps = survived_steps(log)
    outside = log.has(EVENT_OFF_ROAD | EVENT_WRONG_WAY) | in_oncoming_lane(log)
    return float(np.sum(outside[:steps]) * log.facts.control_period)


def _time_mean(log: EpisodeLog, values: Floats | np.ndarray) -> Ratio:
    """Time integral of per-step ``values`` over the time itself."""
    return Ratio(float(np.sum(values)) * log.facts.control_period, log.elapsed)


LANE_METRICS = (
    autonomy,
    distance_per_intervention,
    lateral_error_mean,
    lateral_error_p95,
    lateral_error_max,
    lateral_error_rmse,
    heading_error_mean,
    lane_departures_per_km,
    time_in_lane,
    off_road_time,
    survival_time,
    distance_along_lane,
    steering_whiteness,
    duckietown_survival_time,
    duckietown_distance,
    duckietown_lateral_deviation,
    duckietown_major_infractions,
)
