"""Two drivers on the same episodes: which is better, on what, and how sure that is.

Pairing removes what both drivers share: the road, the weather and the others. Outcomes that are yes or no are
compared by McNemar's exact test, everything else by a bootstrap of whole roads in which both drivers keep their
episodes together. The p-values of several metrics are adjusted for their number (Holm 1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.metrics import METRICS, Metric, Ratio
from drive_sim.evaluation.statistics.estimates import EpisodeScore, as_scores, finite
from drive_sim.evaluation.statistics.intervals import LEVEL, ClusterBootstrap, Resampled, mcnemar

COMPARED = (
    "autonomy",
    "lateral_error_mean",
    "lane_departures_per_km",
    "steering_whiteness",
    "collision_free_passes",
    "collisions_per_km",
    "route_completion",
    "driving_score",
    "success",
    "nuplan_score",
    "comfortable",
)
"""Metrics that a comparison names unless asked for others: few, so that adjusting for their number costs little."""


@dataclass(frozen=True)
class Comparison:
    """One metric of driver A against driver B on the same episodes."""

    metric: str
    unit: str
    name_a: str
    name_b: str
    a: float
    b: float
    difference: float
    """a − b"""
    low: float
    """Of the 95 % interval of the difference."""
    high: float
    p_value: float
    p_adjusted: float
    """For the number of metrics compared (Holm)."""
    test: Literal["McNemar, exact", "paired bootstrap of roads"]
    episodes: int

    @property
    def winner(self) -> str | None:
        """Name of the driver shown to be better; None if neither is."""
        if not self.p_adjusted < 1.0 - LEVEL or self.difference == 0.0:
            return None
        a_wins = (self.difference > 0.0) == (METRICS[self.metric].better == "higher")
        return self.name_a if a_wins else self.name_b

    @property
    def sentence(self) -> str:
        """What a reader needs to know, in one sentence."""
        interval = f"difference {self.difference:+.3g}"
        if math.isfinite(self.low):
            interval += f", 95 % interval {self.low:+.3g} to {self.high:+.3g}"
        unit = "" if self.unit == "1" else f" {self.unit}"
        numbers = f"{self.a:.4g} against {self.b:.4g}{unit} ({interval}; {_p(self.p_adjusted)}, {self.test})"
        if self.winner is None:
            return f"On {self.metric} no difference can be shown with these {self.episodes} episodes: {numbers}."
        loser = self.name_b if self.winner == self.name_a else self.name_a
        return f"{self.winner} is better than {loser} on {self.metric}: {self.name_a} {numbers}."

    def to_json(self) -> dict[str, Any]:
        """For ``results.json``; null where there is no finite number."""
        names = ("a", "b", "difference", "low", "high", "p_value", "p_adjusted")
        return {
            "metric": self.metric,
            "unit": self.unit,
            **{name: finite(getattr(self, name)) for name in names},
            "test": self.test,
            "episodes": self.episodes,
            "better": self.winner,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class PairedOutcomes:
    """How the same episodes ended for two drivers, and McNemar's exact test of which gets through more of them."""

    both: int
    """Episodes that both got through."""
    only_a: int
    only_b: int
    neither: int
    p_value: float

    @property
    def count(self) -> int:
        """All episodes."""
        return self.both + self.only_a + self.only_b + self.neither


def pair_outcomes(first: Sequence[bool], second: Sequence[bool]) -> PairedOutcomes:
    """Count whether A and B got through each of the same episodes, given in the same order."""
    a, b = np.asarray(first, bool), np.asarray(second, bool)
    both, only_a, only_b, neither = (int(np.sum(episodes)) for episodes in (a & b, a & ~b, ~a & b, ~a & ~b))
    return PairedOutcomes(both, only_a, only_b, neither, mcnemar(a, b))


def compare(
    first: Sequence[EpisodeLog | EpisodeScore],
    second: Sequence[EpisodeLog | EpisodeScore],
    names: tuple[str, str] = ("A", "B"),
    metrics: Sequence[str] = COMPARED,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Compare two drivers on each of ``metrics`` that applies to both; ValueError if they drove different episodes."""
    a, b = as_scores(first), as_scores(second)
    if [score.facts.key for score in a] != [score.facts.key for score in b]:
        raise ValueError(f"{names[0]} and {names[1]} have to drive the same episodes, in the same order")
    if not a:
        raise ValueError("nothing to compare: no episodes")
    bootstrap = ClusterBootstrap([score.facts.cluster for score in a], seed)
    found = {name: _compare(METRICS[name], a, b, names, bootstrap) for name in metrics}
    known = {name: comparison for name, comparison in found.items() if comparison is not None}
    adjusted = holm([comparison.p_value for comparison in known.values()])
    return {
        name: replace(comparison, p_adjusted=p) for (name, comparison), p in zip(known.items(), adjusted, strict=True)
    }


def _compare(
    metric: Metric,
    a: Sequence[EpisodeScore],
    b: Sequence[EpisodeScore],
    names: tuple[str, str],
    bootstrap: ClusterBootstrap,
) -> Comparison | None:
    ratios = [(x.ratios[metric.name], y.ratios[metric.name]) for x, y in zip(a, b, strict=True)]
    both = np.array([x.denominator > 0 and y.denominator > 0 for x, y in ratios])
    if not both.any():
        return None
    sides = [_resample(metric, [pair[side] for pair in ratios], both, bootstrap) for side in (0, 1)]
    if not all(np.isfinite(side.estimate) for side in sides):
        return None
    difference = sides[0].minus(sides[1])
    test: Literal["McNemar, exact", "paired bootstrap of roads"] = "paired bootstrap of roads"
    p_value = difference.p_value()
    if metric.aggregation == "rate":
        # An episode is a success when every one of its trials is.
        outcomes = np.array([[x.numerator == x.denominator for x in pair] for pair in ratios])[both]
        test, p_value = "McNemar, exact", mcnemar(outcomes[:, 0], outcomes[:, 1])
    return Comparison(
        metric.name,
        metric.unit,
        *names,
        sides[0].estimate,
        sides[1].estimate,
        difference.estimate,
        *difference.interval(),
        p_value=p_value,
        p_adjusted=p_value,
        test=test,
        episodes=int(both.sum()),
    )


def _resample(metric: Metric, ratios: Sequence[Ratio], both: np.ndarray, bootstrap: ClusterBootstrap) -> Resampled:
    """One driver's metric over the episodes in which it applies to both."""
    if metric.aggregation == "median":
        return bootstrap.median(np.where(both, [metric.of(ratio) for ratio in ratios], math.nan))
    numerator = np.where(both, [ratio.numerator for ratio in ratios], 0.0)
    denominator = np.where(both, [ratio.denominator for ratio in ratios], 0.0)
    return bootstrap.ratio(numerator, denominator).mapped(np.vectorize(metric.of_ratio, otypes=[float]))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number by Holm's step-down method (1979); NaN stays out of it."""
    adjusted = list(p_values)
    ranked = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    largest = 0.0
    for rank, (p, index) in enumerate(ranked):
        largest = max(largest, min(1.0, p * (len(ranked) - rank)))
        adjusted[index] = largest
    return adjusted


def _p(value: float) -> str:
    """A p-value as readers expect it; none where there was only one road to compare on."""
    if math.isnan(value):
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
