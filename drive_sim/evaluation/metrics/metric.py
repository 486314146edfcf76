"""What a metric is: a function of one episode's log, with what a reader needs to know about its number beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from drive_sim.evaluation.logs.episode_log import EpisodeLog

Aggregation = Literal["mean", "ratio", "count", "rate", "median"]
"""How episodes become one number, and which interval goes with it.

mean
    of the episodes' values; bootstrap over roads.
ratio
    sum of numerators over sum of denominators, so that an episode weighs as much as it drove; bootstrap over roads.
count
    events per exposure (s, km): a ratio whose numerator counts rare things; Poisson interval, widened for roads.
rate
    successes per trial; Wilson interval, widened for roads.
median
    of the episodes' values; bootstrap over roads.
"""
Better = Literal["higher", "lower"]


class Ratio(NamedTuple):
    """One episode's share in an estimate: events or sums over what they are counted per. 0 / 0: nothing to say."""

    numerator: float
    denominator: float


NOTHING = Ratio(0.0, 0.0)
"""The metric does not apply to this episode: no encounters, no actors, too short."""


def identity(value: float) -> float:
    """The ratio itself."""
    return value


@dataclass(frozen=True)
class Metric:
    """A named number of an episode. Calling it gives the episode's `Ratio`; `value` gives the number itself."""

    name: str
    unit: str
    formula: str
    """For the report, beside the number."""
    source: str
    """Where the formula comes from."""
    aggregation: Aggregation
    better: Better
    basis: str
    """What denominators count: episodes, s, km, encounters, ..."""
    measure: Callable[[EpisodeLog], Ratio | float]
    of_ratio: Callable[[float], float] = identity
    """Monotone map from the ratio to the number reported."""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    """Values an episode can have; they say something where every episode sits on one of them."""
    __doc__: str = ""

    def __call__(self, log: EpisodeLog) -> Ratio:
        """What the episode adds to the estimate."""
        if not log.steps:
            return NOTHING
        result = self.measure(log)
        if isinstance(result, Ratio):
            return result
        return Ratio(float(result), 1.0) if math.isfinite(result) else NOTHING

    def value(self, log: EpisodeLog) -> float:
        """The episode's own number; NaN where the metric does not apply."""
        return self.of(self(log))

    def of(self, ratio: Ratio) -> float:
        """The number that a ratio stands for; NaN for 0 / 0."""
        return self.of_ratio(ratio.numerator / ratio.denominator) if ratio.denominator else math.nan


MetricMaker = Callable[[Callable[[EpisodeLog], Ratio | float]], Metric]
"""Decorator that makes a metric of a function."""


def metric(
    unit: str,
    *,
    formula: str,
    source: str,
    aggregation: Aggregation,
    better: Better,
    basis: str = "episodes",
    of_ratio: Callable[[float], float] = identity,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> MetricMaker:
    """Make a `Metric`, named as the function, of the function that follows."""

    def make(measure: Callable[[EpisodeLog], Ratio | float]) -> Metric:
        return Metric(
            measure.__name__,
            unit,
            formula,
            source,
            aggregation,
            better,
            basis,
            measure,
            of_ratio,
            bounds,
            measure.__doc__ or "",
        )

    return make
