"""How often the 95 % intervals of `drive_sim.evaluation.statistics.intervals` hold a known truth.

Episodes are drawn on roads that resemble themselves; every interval is made as a suite's would be, from the episodes
alone. Prints a table: for each kind of data and number of roads the share of repeats whose interval holds the truth
(and, of methods that were passed over, theirs). ``python scripts/interval_coverage.py --repeats 1000``

With ``--training-runs``, the same for the mean over several training runs that drove the same roads
(`drive_sim.evaluation.statistics.training_seeds`): the truth is the mean over all training runs there could be, and
over all roads.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from drive_sim.evaluation.metrics import METRICS, Metric
from drive_sim.evaluation.statistics.intervals import ClusterBootstrap, Interval, count_interval, rate_interval
from drive_sim.evaluation.statistics.training_seeds import over_roads, square_and_add, t_half_width

Values = NDArray[Any]
Drawn = tuple[str, float, dict[str, Interval]]
"""Kind of data, its truth, and the intervals of it by method."""

SIZES = ((5, 4), (10, 4), (20, 4), (50, 4), (200, 4), (500, 2))
"""(roads, episodes a road on average)"""
CROSSED = ((3, 50), (5, 50), (10, 50), (5, 200))
"""(training runs, roads that each drives once)"""
MEAN, COUNT, RATE = (METRICS[name] for name in ("lateral_error_mean", "autonomy", "collision_free_passes"))


def draw(random: np.random.Generator, roads: int, mean_size: int) -> tuple[Values, Values, Values]:
    """Road of each episode and two standard normal effects: the road's and the episode's own."""
    sizes = random.integers(max(1, mean_size // 2), mean_size + mean_size // 2 + 1, roads)
    index = np.repeat(np.arange(roads), sizes)
    return index, random.normal(size=roads)[index], random.normal(size=len(index))


def cases(random: np.random.Generator, roads: int, mean_size: int, seed: int, replicates: int) -> Iterator[Drawn]:
    """Each kind of data with its truth and the intervals made of it."""
    index, shared, own = draw(random, roads, mean_size)
    count, names = len(index), [f"road {number}" for number in index]
    bootstrap = ClusterBootstrap(names, seed, replicates)
    ones = np.ones(count)

    def mean(values: Values, weights: Values, truth: float) -> tuple[float, dict[str, Interval]]:
        resampled = bootstrap.ratio(values * weights, weights)
        percentile = Interval(*np.nanquantile(resampled.replicates, [0.025, 0.975]))
        return truth, {"ours": resampled.interval(), "percentile": percentile}

    yield "mean, normal (lateral error)", *mean(0.3 + 0.05 * shared + 0.08 * own, ones, 0.3)
    yield "mean, skewed (log-normal)", *mean(np.exp(0.4 * (shared + own)), ones, math.exp(0.16))
    failing = random.random(count) < random.beta(0.5, 4.5, roads)[index]
    yield "mean, bounded (driving score)", *mean(np.where(failing, 0.8 * random.random(count), 1.0), ones, 0.94)
    yield "ratio, unequal times", *mean(np.exp(0.3 * shared + 0.3 * own - 0.09), random.gamma(4.0, 5.0, count), 1.0)
    yield "median", 0.0, {"ours": bootstrap.median(shared + own).interval()}
    for rate in (0.8, 0.95):
        chance = random.beta(rate * 6, (1 - rate) * 6, roads)[index]
        passed = (random.random(count) < chance).astype(float)
        plain = stats.binomtest(int(passed.sum()), count).proportion_ci(0.95, method="wilson")
        yield f"rate {rate:g} (passes)", rate, {"ours": rate_interval(passed, ones, names), "plain Wilson": plain}
    exposure = random.uniform(10.0, 30.0, count)
    for expected in (5.0, 50.0):
        truth = expected / (20.0 * roads * mean_size)
        events = random.poisson(exposure * truth * random.gamma(2.0, 0.5, roads)[index])
        plain = count_interval(events, exposure, [f"{number}" for number in range(count)])
        found = {"ours": count_interval(events, exposure, names), "roads ignored": plain}
        yield f"count, {expected:g} expected (interventions)", truth, found


def crossed_cases(random: np.random.Generator, runs: int, roads: int, seed: int, replicates: int) -> Iterator[Drawn]:
    """Each kind of data of several training runs with its truth and the intervals made of it."""
    names = [f"road {number}" for number in range(roads)]
    bootstrap = ClusterBootstrap(names, seed, replicates)
    drawn = np.random.default_rng(seed).integers(0, runs, (replicates, runs))
    shape, ones = (runs, roads), np.ones((runs, roads))

    def intervals(metric: Metric, numerator: Values, denominator: Values) -> dict[str, Interval]:
        each = numerator.sum(axis=1) / denominator.sum(axis=1)
        fixed, half = over_roads(metric, numerator, denominator, names, bootstrap), t_half_width(each)
        resampled = [bootstrap.ratio(*pair).replicates for pair in zip(numerator, denominator, strict=True)]
        two_level = np.take_along_axis(np.array(resampled).T, drawn, axis=1).mean(axis=1)
        return {
            "ours": square_and_add(each.mean(), fixed, half),
            "two-level percentile": Interval(*np.nanquantile(two_level, [0.025, 0.975])),
            "t of training runs": Interval(each.mean() - half, each.mean() + half),
            "roads alone": fixed,
        }

    effects = random.normal(size=(runs, 1)), random.normal(size=(1, roads)), random.normal(size=shape)
    for what, scales in {
        "runs differ": (0.05, 0.1, 0.1),
        "roads differ": (0.0, 0.15, 0.1),
        "neither": (0.0, 0.0, 0.15),
    }.items():
        values = sum((scale * effect for scale, effect in zip(scales, effects, strict=True)), 0.5 * ones)
        yield f"mean, {what}", 0.5, intervals(MEAN, values, ones)
    skewed = np.exp(0.5 * effects[0] + 0.4 * effects[1] + 0.4 * effects[2])
    yield "mean, runs skewed", math.exp((0.25 + 0.16 + 0.16) / 2), intervals(MEAN, skewed, ones)
    hard = np.where(random.random((1, roads)) < 0.2, 5.0, 0.0)
    for expected in (0.5, 3.0, 30.0):
        for what, shape_of_training_runs in {"runs alike": math.inf, "runs differ": 2.0}.items():
            alike = math.isinf(shape_of_training_runs)
            skill = np.ones((runs, 1)) if alike else random.gamma(2.0, 0.5, (runs, 1))
            events = random.poisson(expected / roads * skill * hard * ones)
            yield f"count, {expected:g} each, {what}", expected / (30.0 * roads), intervals(COUNT, events, 30.0 * ones)
    for rate in (0.9, 0.99):
        skill = random.uniform(0.2, 1.8, (runs, 1))
        passed = (random.random(shape) >= (1.0 - rate) * skill * hard).astype(float)
        yield f"rate {rate:g}, runs differ", rate, intervals(RATE, passed, ones)
        # Every driver fails on the same roads.
        fated = np.broadcast_to(random.random((1, roads)) < rate, shape).astype(float)
        yield f"rate {rate:g}, same failures", rate, intervals(RATE, fated, ones)


def count_hits(drawn: Callable[[int], Iterator[Drawn]], repeats: int) -> None:
    """Print of each kind of data and method how often the interval held the truth, and how wide it was."""
    hits: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    for repeat in range(repeats):
        for name, truth, found in drawn(repeat):
            for method, interval in found.items():
                held = interval.low <= truth <= interval.high
                hits.setdefault((name, method), []).append((held, interval.high - interval.low))
    for (name, method), rows in hits.items():
        share, width = np.mean([row[0] for row in rows]), np.median([row[1] for row in rows])
        print(f"  {name:36} {method:20} {100 * share:5.1f} %   width {width:.3g}")


def main() -> None:
    """Parse, repeat, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--training-runs", action="store_true", help="of several training runs instead")
    arguments = parser.parse_args()
    draws, sizes = (crossed_cases, CROSSED) if arguments.training_runs else (cases, SIZES)
    for size in sizes:
        random = np.random.default_rng([arguments.seed, *size])
        what = "{} training runs on {} roads" if arguments.training_runs else "{} roads of about {} episodes"
        print(f"\n{what.format(*size)}, {arguments.repeats} repeats")
        count_hits(lambda repeat: draws(random, *size, repeat, arguments.replicates), arguments.repeats)  # noqa: B023


if __name__ == "__main__":
    main()
