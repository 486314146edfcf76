"""Intervals against published formulas, scipy, paper and pencil, and a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from drive_sim.evaluation.statistics import intervals as statistics
from drive_sim.evaluation.statistics.intervals import ClusterBootstrap


def each_its_own(count):
    """Clusters of one episode each."""
    return [f"road {number}" for number in range(count)]


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (7, 10), (199, 200), (299, 299)])
def test_wilson_agrees_with_scipy(successes, trials):
    """To rounding, at the ends too."""
    ours = statistics.wilson(successes / trials, trials)
    theirs = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


def test_a_rate_over_independent_roads_is_wilsons():
    """Outcomes alternate, one on each road: roads differ as much as chance has them, the design effect is 1.

    Between roads: n/(n−1) · Σ(x − 0.5)² / n² = 0.25/(n−1), against p(1−p)/n = 0.25/n: 100/99, that is 1 % more.
    """
    outcomes = np.tile([0.0, 1.0], 50)
    found = statistics.rate_interval(outcomes, np.ones(100), each_its_own(100))
    plain = stats.binomtest(50, 100).proportion_ci(0.95, method="wilson")
    assert found.low == pytest.approx(plain.low, abs=0.003)
    assert found.high == pytest.approx(plain.high, abs=0.003)


def test_ten_roads_of_ten_like_episodes_are_worth_ten_episodes():
    """Five roads all good, five all bad: the design effect is 10 · 10/9 = 11.1, so 100 episodes tell as much as 9."""
    outcomes = np.repeat(np.tile([0.0, 1.0], 5), 10)
    roads = [f"road {number // 10}" for number in range(100)]
    assert statistics.design_effect(outcomes, np.ones(100), roads, 0.25 / 100) == pytest.approx(100 / 9)
    found = statistics.rate_interval(outcomes, np.ones(100), roads)
    assert found.low < stats.binomtest(4, 9).proportion_ci(0.95, method="wilson").low + 0.05
    assert found.high - found.low > 0.55


def test_rule_of_three():
    """No collision in 299 encounters shows < 1 %, none in 2,995 < 0.1 % (metrics.md)."""
    assert statistics.zero_events_bound(299) < 0.01 < statistics.zero_events_bound(298)
    assert statistics.zero_events_bound(2995) < 0.001 < statistics.zero_events_bound(2990)
    assert statistics.zero_events_bound(0) == 1.0


def test_no_event_in_a_time_leaves_three_over_the_time():
    """No intervention in 5 h: at most 3 / 18,000 s, which is 99.9 % autonomy (1 − 6 · 3 / 18,000 = 0.999)."""
    found = statistics.count_interval(np.zeros(10), np.full(10, 1800.0), each_its_own(10))
    assert found.low == 0.0
    assert 1 - 6 * found.high == pytest.approx(0.999, abs=2e-6)


def test_a_count_over_independent_roads_is_garwoods():
    """10 events on 10 of 20 roads of 1 km: they scatter less than chance, so 4.80 … 18.39 in 20 km (Garwood 1936)."""
    found = statistics.count_interval(np.tile([0.0, 1.0], 10), np.ones(20), each_its_own(20))
    assert (found.low * 20, found.high * 20) == (pytest.approx(4.795, abs=0.001), pytest.approx(18.390, abs=0.001))


def test_events_that_come_in_heaps_widen_the_interval():
    """10 events on one road of 20 say less than one on each of ten."""
    spread = statistics.count_interval(np.tile([0.0, 1.0], 10), np.ones(20), each_its_own(20))
    heap = statistics.count_interval(np.r_[10.0, np.zeros(19)], np.ones(20), each_its_own(20))
    assert heap.low < spread.low and heap.high > spread.high


def test_nothing_counted_says_nothing():
    """No encounter, no exposure: NaN."""
    assert math.isnan(statistics.rate_interval([0.0], [0.0], ["a"]).low)
    assert math.isnan(statistics.count_interval([0.0], [0.0], ["a"]).high)
    assert math.isnan(ClusterBootstrap(["a", "b"], 0).median([math.nan, math.nan]).interval().low)


def test_the_bootstrap_of_many_normal_roads_is_the_t_interval():
    """Mean ± t · s / sqrt(n) of 200 roads, to 5 % of its width."""
    values = np.random.default_rng(1).normal(3.0, 1.0, 200)
    found = ClusterBootstrap(each_its_own(200), seed=1, replicates=20000).ratio(values, np.ones(200)).interval()
    half = stats.t.ppf(0.975, 199) * values.std(ddof=1) / math.sqrt(200)
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_a_ratio_is_of_sums_not_of_ratios():
    """(1 + 10) / (1 + 100), not (1 + 0.1) / 2."""
    assert ClusterBootstrap(["a", "b"], 0).ratio([1.0, 10.0], [1.0, 100.0]).estimate == pytest.approx(11 / 101)


def test_episodes_of_one_road_go_together():
    """Twenty like episodes on each of ten roads: as wide as one episode on each, and far wider than if independent."""
    roads = np.random.default_rng(2).normal(0.0, 1.0, 10)
    repeated = np.repeat(roads, 20)
    names = [f"road {number // 20}" for number in range(200)]
    alone = ClusterBootstrap([f"road {number}" for number in range(10)], 5).ratio(roads, np.ones(10)).interval()
    clustered = ClusterBootstrap(names, 5).ratio(repeated, np.ones(200)).interval()
    independent = ClusterBootstrap(each_its_own(200), 5).ratio(repeated, np.ones(200)).interval()
    assert clustered == pytest.approx(alone)
    assert clustered.high - clustered.low > 3 * (independent.high - independent.low)


def test_the_median_of_a_resample_counts_roads_as_often_as_they_were_drawn():
    """Against numpy on the resample written out, for even and odd numbers."""
    random = np.random.default_rng(3)
    for count in (4, 5, 9):
        ordered, weights = np.sort(random.normal(size=count)), random.integers(0, 4, (50, count)).astype(float)
        found = statistics._weighted_median(ordered, weights)
        for row, median in zip(weights.astype(int), found, strict=True):
            assert (np.isnan(median) and not row.any()) or median == pytest.approx(np.median(np.repeat(ordered, row)))


def test_one_road_speaks_for_itself_only():
    """Its episodes are resampled; a single episode has no interval."""
    found = ClusterBootstrap(["a"] * 5, 0).ratio([1.0, 2.0, 3.0, 4.0, 5.0], np.ones(5)).interval()
    assert found.low < 3.0 < found.high
    assert math.isnan(ClusterBootstrap(["a"], 0).ratio([1.0], [1.0]).interval().low)


def test_the_same_seed_repeats_to_the_bit():
    """And another does not."""
    values = np.random.default_rng(4).normal(size=30)
    one, again, other = (
        ClusterBootstrap(each_its_own(30), seed).ratio(values, np.ones(30)).interval() for seed in (1, 1, 2)
    )
    assert one == again != other


def test_mcnemar_counts_only_what_the_drivers_do_differently():
    """5 against 0 of 20: two-sided 2 / 2^5 = 0.0625. 1 against 1: p = 1."""
    first = np.r_[np.ones(5), np.zeros(15)]
    assert statistics.mcnemar(first, np.zeros(20)) == pytest.approx(0.0625)
    assert statistics.mcnemar([1, 0, 1, 1], [0, 1, 1, 1]) == 1.0
    assert statistics.mcnemar([1, 1], [1, 1]) == 1.0


def test_the_p_value_agrees_with_the_interval():
    """The value at the interval's end has p = 5 %; inside more, outside less."""
    values = np.random.default_rng(5).gamma(2.0, 1.0, 40)
    found = ClusterBootstrap(each_its_own(40), 1, replicates=20000).ratio(values, np.ones(40))
    low, high = found.interval()
    assert found.p_value(low) == pytest.approx(0.05, abs=0.003)
    assert found.p_value(high) == pytest.approx(0.05, abs=0.003)
    assert found.p_value(values.mean()) > 0.8
    assert found.p_value(low - 0.2) < 0.03 and found.p_value(high + 0.2) < 0.03


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """40 roads of 2 to 6 episodes that resemble each other, 300 times over: each interval misses about 5 %.

    With 300 repeats the share within ± 3 standard errors of 95 % is 91.2 … 98.8 %. Intervals that ignored the roads
    would hold the truth in 60 to 80 %.
    """
    random = np.random.default_rng(7)
    roads, repeats, hits = 40, 300, dict.fromkeys(("mean", "skewed", "median", "rate", "count"), 0)
    for repeat in range(repeats):
        sizes = random.integers(2, 7, roads)
        index = np.repeat(np.arange(roads), sizes)
        count = len(index)
        names = [f"road {number}" for number in index]
        shared, own = random.normal(size=roads)[index], random.normal(size=count)
        bootstrap = ClusterBootstrap(names, repeat, replicates=1000)
        found = {
            "mean": (bootstrap.ratio(0.3 + 0.05 * shared + 0.05 * own, np.ones(count)).interval(), 0.3),
            "skewed": (bootstrap.ratio(np.exp(0.4 * (shared + own)), np.ones(count)).interval(), math.exp(0.16)),
            "median": (bootstrap.median(shared + own).interval(), 0.0),
        }
        chance = random.beta(0.9 * 4, 0.1 * 4, roads)[index]
        found["rate"] = (statistics.rate_interval(random.random(count) < chance, np.ones(count), names), 0.9)
        exposure = random.uniform(10.0, 30.0, count)
        events = random.poisson(exposure * 0.02 * random.gamma(2.0, 0.5, roads)[index])
        found["count"] = (statistics.count_interval(events, exposure, names), 0.02)
        for name, (interval, truth) in found.items():
            hits[name] += interval.low <= truth <= interval.high
    shares = {name: hit / repeats for name, hit in hits.items()}
    assert all(0.912 <= share <= 0.988 for share in shares.values()), shares
