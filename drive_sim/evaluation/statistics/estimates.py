"""From episodes to the numbers of a report: one estimate with its 95 % interval for each metric, and by group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from drive_sim.evaluation.logs.episode_log import EpisodeFacts, EpisodeLog
from drive_sim.evaluation.logs.rollout_log import TimingLog
from drive_sim.evaluation.metrics import METRICS, TIMING_METRICS, Metric, Ratio
from drive_sim.evaluation.metrics.lane import intervention_count
from drive_sim.evaluation.metrics.registry import attempted, measure
from drive_sim.evaluation.statistics.intervals import (
    UNKNOWN,
    ClusterBootstrap,
    Interval,
    count_interval,
    quantile_interval,
    rate_interval,
    wilson,
)

GROUPS = ("weather", "road_class", "scenario", "variant", "condition")
"""Facts by which results are split."""


@dataclass(frozen=True)
class Estimate:
    """A number and the 95 % interval it is known to."""

    estimate: float
    low: float
    high: float
    unit: str
    episodes: int
    """Episodes that had something to say."""
    basis: float
    """What the number rests on, in the units of `Metric.basis`: encounters, km, s, episodes."""

    def to_json(self) -> dict[str, Any]:
        """As in ``results.json``; null where there is no finite number."""
        return {
            "estimate": finite(self.estimate),
            "low": finite(self.low),
            "high": finite(self.high),
            "unit": self.unit,
            "episodes": self.episodes,
            "basis": finite(self.basis),
        }


def finite(value: float) -> float | None:
    """The value, or None where JSON has no word for it."""
    return float(value) if math.isfinite(value) else None


@dataclass(frozen=True, eq=False)
class EpisodeScore:
    """All metrics of one episode: what is kept of it when its log is let go."""

    facts: EpisodeFacts
    ratios: dict[str, Ratio]
    """By metric."""
    outcome: str
    duration: float
    """[s]"""
    distance: float
    """[m] path length."""
    interventions: int
    raised: dict[str, str] = field(default_factory=dict)
    """What metrics of other packages raised, by metric."""
    invalid_commands: int = 0
    """Commands that were not finite numbers."""

    def value(self, name: str) -> float:
        """The episode's own number of metric ``name``; NaN where it does not apply."""
        return METRICS[name].of(self.ratios[name])

    def to_json(self) -> dict[str, Any]:
        """The episode's row of ``results.json``."""
        facts = self.facts
        return {
            "scenario": facts.scenario,
            "split": facts.split,
            "number": facts.number,
            "road": facts.road,
            "road_class": facts.road_class,
            "weather": facts.weather,
            "variant": facts.variant,
            "condition": facts.condition,
            "seed": facts.seed,
            "outcome": self.outcome,
            "duration_s": self.duration,
            "distance_m": self.distance,
            "interventions": self.interventions,
            "invalid_commands": self.invalid_commands,
            "preventable": facts.preventable,
            **{name: finite(self.value(name)) for name in self.ratios},
        }


def score_episode(log: EpisodeLog) -> EpisodeScore:
    """Every metric of an episode. ValueError for an episode without a step."""
    if not log.steps:
        raise ValueError(f"{log.facts.scenario} number {log.facts.number} was not driven: no step was logged")
    ratios, raised = measure(log)
    return EpisodeScore(
        facts=log.facts,
        ratios=ratios,
        outcome=log.outcome,
        duration=log.elapsed,
        distance=log.distance,
        interventions=intervention_count(log),
        raised=raised,
        invalid_commands=int(log.invalid_commands[-1]),
    )


def as_scores(episodes: Iterable[EpisodeLog | EpisodeScore]) -> list[EpisodeScore]:
    """Scores of episodes, of which some may be scored already."""
    return [item if isinstance(item, EpisodeScore) else score_episode(item) for item in episodes]


def estimate_all(episodes: Sequence[EpisodeLog | EpisodeScore], seed: int = 0) -> dict[str, Estimate]:
    """Estimate and 95 % interval of every metric that applies to at least one episode.

    The same episodes and ``seed`` give the same numbers to the bit.
    """
    scores = as_scores(episodes)
    if not scores:
        return {}
    bootstrap = ClusterBootstrap([score.facts.cluster for score in scores], seed)
    found = {
        name: attempted(name, partial(estimate_metric, metric, scores, bootstrap))
        for name, metric in METRICS.usable().items()
    }
    return {name: estimate for name, estimate in found.items() if estimate is not None and estimate.episodes}


def estimate_groups(episodes: Sequence[EpisodeLog | EpisodeScore], seed: int = 0) -> list[dict[str, Any]]:
    """``groups`` of ``results.json``: the metrics of all episodes that share a weather, road class or scenario.

    A fact that is the same in all episodes makes no groups, and episodes that say nothing of it are in none.
    """
    scores = as_scores(episodes)
    groups = []
    for fact in GROUPS:
        values = sorted({getattr(score.facts, fact) for score in scores} - {""})
        for value in values if len(values) > 1 else ():
            members = [score for score in scores if getattr(score.facts, fact) == value]
            metrics = {name: found.to_json() for name, found in estimate_all(members, seed).items()}
            groups.append({"by": fact, "value": value, "metrics": metrics})
    return groups


def estimate_metric(metric: Metric, scores: Sequence[EpisodeScore], bootstrap: ClusterBootstrap) -> Estimate:
    """One metric over episodes, with the interval that its aggregation calls for."""
    ratios = [score.ratios[metric.name] for score in scores]
    numerator = np.array([ratio.numerator for ratio in ratios], float)
    denominator = np.array([ratio.denominator for ratio in ratios], float)
    clusters = [score.facts.cluster for score in scores]
    used, total = int(np.sum(denominator > 0)), float(denominator.sum())
    if not used:
        return Estimate(math.nan, *UNKNOWN, metric.unit, 0, 0.0)
    if metric.aggregation == "median":
        resampled = bootstrap.median([metric.of(ratio) for ratio in ratios])
        return Estimate(resampled.estimate, *resampled.interval(), metric.unit, used, total)
    if metric.aggregation == "rate":
        interval = rate_interval(numerator, denominator, clusters)
    elif metric.aggregation == "count":
        interval = count_interval(numerator, denominator, clusters)
    else:
        interval = on_a_bound(numerator, denominator, metric) or bootstrap.ratio(numerator, denominator).interval()
    estimate = metric.of(Ratio(float(numerator.sum()), total))
    low, high = sorted(metric.of_ratio(min(max(bound, metric.bounds[0]), metric.bounds[1])) for bound in interval)
    return Estimate(estimate, low, high, metric.unit, used, total)


def estimate_timing(
    timings: Sequence[TimingLog], energy: float | None = None, distance: float = math.nan
) -> dict[str, Estimate]:
    """Latency, pace and energy over one or several rollouts of one driver: readings that never repeat exactly.

    ``energy`` [J] and ``distance`` [km] are those of all rollouts together, None where no energy was measured.
    """
    if not timings or len({timing.control_period for timing in timings}) > 1:
        raise ValueError("timings of at least one rollout, all at one control rate, are needed")
    joined = TimingLog(
        np.concatenate([timing.decision_time for timing in timings]),
        np.concatenate([timing.driven for timing in timings]),
        sum(timing.wall_time for timing in timings),
        timings[0].control_period,
        energy=math.nan if energy is None else energy,
        distance=distance,
    )
    decisions, estimates = len(joined.decision_time), {}
    for name, metric in TIMING_METRICS.items():
        interval = UNKNOWN
        if metric.quantile is not None:
            interval = Interval(*(1000.0 * bound for bound in quantile_interval(joined.decision_time, metric.quantile)))
        elif name == "deadline_misses" and decisions:
            interval = wilson(metric(joined), decisions)
        estimates[name] = Estimate(metric(joined), *interval, metric.unit, 0, decisions)
    return estimates


def on_a_bound(numerator: np.ndarray, denominator: np.ndarray, metric: Metric) -> Interval | None:
    """Interval of a bounded metric all of whose episodes sit on one bound, where resampling would claim certainty.

    An episode off the bound loses the metric's whole range at most, so the rate of such episodes bounds the mean.
    Numerators and denominators are those of n episodes, (n) or, driven by several drivers, (K, n): which counts once.
    """
    low, high = metric.bounds
    if not math.isfinite(low) or not math.isfinite(high):
        return None
    used = denominator > 0
    episodes = int(np.atleast_2d(used).any(axis=0).sum())
    off = (high - low) * (1.0 - wilson(1.0, episodes).low)
    if np.all(numerator[used] == high * denominator[used]):
        return Interval(high - off, high)
    if np.all(numerator[used] == low * denominator[used]):
        return Interval(low, low + off)
    return None
