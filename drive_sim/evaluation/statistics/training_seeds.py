"""Several training runs of one recipe on the same episodes: their mean, its interval, and the worst of them.

Two seeds of one recipe can drive further apart than two methods (Henderson et al. 2018; CILRS: up to 42 points), and
five runs are few, so that point estimates mislead (Agarwal et al. 2021, "Deep RL at the edge of the statistical
precipice", and its library rliable, whose practice this follows: several seeds, intervals, interquartile means).

The design is crossed: K training runs drive the same roads. With m_k the metric of run k over all episodes, the
estimate is the mean of the m_k, and its error has two independent parts:

* another K training runs would have other m_k: t(K−1) · s / √K, with s the standard deviation of the m_k;
* other roads would be other roads to all training runs at once: the interval of the mean with these runs held fixed,
  made as for a single driver (`statistics`).

They are squared and added on either side of the estimate (Howe 1974; Zou & Donner 2008, "MOVER"), which keeps the
second part's asymmetry. What is particular to one run on one road is in both parts, so that the interval is rather
too wide than too narrow. It covers the mean over all runs with the same settings and recordings, over all roads
that the suite draws from; not what another recording would give.

Why not rliable's percentile bootstrap, on two levels (training runs are drawn, then roads): five drawn from five vary
(K − 1)/K of what they should, its quantiles are a normal's where four degrees of freedom ask for t's, and where no
run failed it is certain. Over 1,000 repeats (``scripts/interval_coverage.py --training-runs``), of fourteen kinds of
data with 5 training runs on 50 roads each this interval holds the truth in 91 to 100 %: least where the runs' own
skill is skewed and where all fail on the same few roads, most where hardly anything fails. The two-level bootstrap
holds it in 38 to 100 %, Student's t of the training runs alone in 0 to 94 %, the roads alone in 40 to 100 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from drive_sim.evaluation.metrics import METRICS, Metric, Ratio
from drive_sim.evaluation.metrics.registry import attempted
from drive_sim.evaluation.statistics.estimates import EpisodeScore, finite, on_a_bound
from drive_sim.evaluation.statistics.intervals import (
    LEVEL,
    ClusterBootstrap,
    Floats,
    Interval,
    Resampled,
    count_interval,
    rate_interval,
)

ENOUGH = 5
"""TrainingRuns below which little can be said of others."""
TRIMMED = 0.25
"""Of the training runs, cut off at either end for the interquartile mean."""
LEAST_FOR_IQM = 4
"""TrainingRuns of which that cuts off any."""


@dataclass(frozen=True)
class AcrossTrainingRuns:
    """One metric of several training runs."""

    estimate: float
    """Mean over training runs, each weighing the same."""
    low: float
    """Of the 95 % interval over training runs and roads."""
    high: float
    iqm: float
    """Interquartile mean of the training runs' values; NaN for fewer than four, of which nothing would be cut off."""
    spread: float
    """Standard deviation of the training runs' values."""
    worst: float
    """The worst run's value in this metric."""
    unit: str
    training_runs: int
    """That had something to say."""

    def to_json(self) -> dict[str, Any]:
        """As in ``results.json``; null where there is no finite number."""
        numbers = ("estimate", "low", "high", "iqm", "spread", "worst")
        return {name: finite(getattr(self, name)) for name in numbers} | {
            "unit": self.unit,
            "training_runs": self.training_runs,
        }


def across_training_runs(
    training_runs: Sequence[Sequence[EpisodeScore]], seed: int = 0
) -> dict[str, AcrossTrainingRuns]:
    """Every metric that at least two training runs say something of; each drove the same episodes in the same order.

    ValueError if they did not.
    """
    keys = {tuple(score.facts.key for score in scores) for scores in training_runs}
    if len(keys) != 1:
        raise ValueError("training runs have to drive the same episodes, in the same order")
    bootstrap = ClusterBootstrap([score.facts.cluster for score in training_runs[0]], seed)
    found = {
        name: attempted(name, partial(_across, metric, training_runs, bootstrap))
        for name, metric in METRICS.usable().items()
    }
    return {name: across for name, across in found.items() if across is not None}


def square_and_add(estimate: float, interval: Interval, half_width: float) -> Interval:
    """An interval widened by an independent error with a symmetric interval of ± ``half_width`` (Zou & Donner 2008)."""
    return Interval(
        estimate - math.hypot(max(estimate - interval.low, 0.0), half_width),
        estimate + math.hypot(max(interval.high - estimate, 0.0), half_width),
    )


def t_half_width(values: Floats) -> float:
    """Half the width of Student's 95 % interval of the mean of K values: t(K−1) · s / √K."""
    count = len(values)
    return float(stats.t.ppf(0.5 + LEVEL / 2, count - 1) * np.std(values, ddof=1) / math.sqrt(count))


def worst_of(values: Sequence[float], metric: Metric) -> int:
    """Index of the worst value; NaN is never it, and of equals it is the first."""
    known = np.where(np.isnan(values), math.inf if metric.better == "higher" else -math.inf, values)
    return int(np.argmin(known) if metric.better == "higher" else np.argmax(known))


def _across(
    metric: Metric, training_runs: Sequence[Sequence[EpisodeScore]], bootstrap: ClusterBootstrap
) -> AcrossTrainingRuns | None:
    ratios = [[score.ratios[metric.name] for score in scores] for scores in training_runs]
    ratios = [row for row in ratios if any(ratio.denominator > 0 for ratio in row)]
    if len(ratios) < 2:
        return None
    if metric.aggregation == "median":
        own = [bootstrap.median([metric.of(ratio) for ratio in row]) for row in ratios]
        values = np.array([one.estimate for one in own])
        low, high = square_and_add(float(values.mean()), Resampled.mean_of(own).interval(), t_half_width(values))
        return _told(metric, float(values.mean()), (low, high), values)
    numerator = np.array([[ratio.numerator for ratio in row] for row in ratios], float)
    denominator = np.array([[ratio.denominator for ratio in row] for row in ratios], float)
    clusters = [score.facts.cluster for score in training_runs[0]]
    each = numerator.sum(axis=1) / denominator.sum(axis=1)
    interval = square_and_add(
        float(each.mean()), over_roads(metric, numerator, denominator, clusters, bootstrap), t_half_width(each)
    )
    # What no episode falls below, no mean does.
    least = 0.0 if np.all(numerator >= 0.0) else -math.inf
    low, high = (min(max(bound, least, metric.bounds[0]), metric.bounds[1]) for bound in interval)
    values = np.array([metric.of(Ratio(float(value), 1.0)) for value in each])
    bounds = sorted(metric.of_ratio(bound) for bound in (low, high))
    return _told(metric, metric.of_ratio(float(each.mean())), (bounds[0], bounds[1]), values)


def over_roads(
    metric: Metric, numerator: Floats, denominator: Floats, clusters: Sequence[str], bootstrap: ClusterBootstrap
) -> Interval:
    """Interval over roads of the mean of K runs' ratios, (K, n) numerators over denominators, as they are."""
    count = len(numerator)
    if metric.aggregation in ("rate", "count"):
        totals = denominator.sum(axis=1, keepdims=True)
        same = totals.mean() / totals  # weights with which all training runs count the same
        make = rate_interval if metric.aggregation == "rate" else count_interval
        return make((numerator * same).ravel(), (denominator * same).ravel(), list(clusters) * count, count)
    own = [bootstrap.ratio(*pair) for pair in zip(numerator, denominator, strict=True)]
    return on_a_bound(numerator, denominator, metric) or Resampled.mean_of(own).interval()


def _told(metric: Metric, estimate: float, interval: tuple[float, float], values: Floats) -> AcrossTrainingRuns:
    """The row: ``values`` are the training runs' own."""
    finite_values = bool(np.all(np.isfinite(values)))
    return AcrossTrainingRuns(
        estimate,
        *interval,
        iqm=float(stats.trim_mean(values, TRIMMED)) if finite_values and len(values) >= LEAST_FOR_IQM else math.nan,
        spread=float(np.std(values, ddof=1)) if finite_values else math.nan,
        worst=float(values[worst_of(values.tolist(), metric)]),
        unit=metric.unit,
        training_runs=len(values),
    )
