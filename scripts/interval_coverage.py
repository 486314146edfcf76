"""How often the 95 % intervals of `drive_sim.evaluation.statistics` hold a known truth.

Episodes are drawn on roads that resemble themselves; every interval is made as a suite's would be, from the episodes
alone. Prints a table: for each kind of data and number of roads the share of repeats whose interval holds the truth
(and, of methods that were passed over, theirs). ``python scripts/interval_coverage.py --repeats 1000``
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from scipy import stats

from drive_sim.evaluation.statistics import ClusterBootstrap, Interval, count_interval, rate_interval

SIZES = ((5, 4), (10, 4), (20, 4), (50, 4), (200, 4), (500, 2))
"""(roads, episodes a road on average)"""


def draw(random: np.random.Generator, roads: int, mean_size: int):
    """Road of each episode and two standard normal effects: the road's and the episode's own."""
    sizes = random.integers(max(1, mean_size // 2), mean_size + mean_size // 2 + 1, roads)
    index = np.repeat(np.arange(roads), sizes)
    return index, random.normal(size=roads)[index], random.normal(size=len(index))


def cases(random: np.random.Generator, roads: int, mean_size: int, seed: int, replicates: int):
    """Each kind of data with its truth and the intervals made of it."""
    index, shared, own = draw(random, roads, mean_size)
    count, names = len(index), [f"road {number}" for number in index]
    bootstrap = ClusterBootstrap(names, seed, replicates)
    ones = np.ones(count)

    def mean(values, weights, truth):
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


def main() -> None:
    """Parse, repeat, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for roads, mean_size in SIZES:
        random = np.random.default_rng([arguments.seed, roads, mean_size])
        hits: dict[tuple[str, str], int] = {}
        for repeat in range(arguments.repeats):
            for name, truth, found in cases(random, roads, mean_size, repeat, arguments.replicates):
                for method, interval in found.items():
                    held = interval.low <= truth <= interval.high
                    hits[name, method] = hits.get((name, method), 0) + held
        print(f"\n{roads} roads of about {mean_size} episodes, {arguments.repeats} repeats")
        for (name, method), hit in hits.items():
            print(f"  {name:36} {method:14} {100 * hit / arguments.repeats:5.1f} %")


if __name__ == "__main__":
    main()
