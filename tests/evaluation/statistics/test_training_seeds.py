"""Several training runs on the same roads: what both spreads do to the interval, and which training is the worst."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from drive_sim.evaluation.logs.episode_log import EpisodeFacts
from drive_sim.evaluation.metrics import METRICS, Ratio
from drive_sim.evaluation.metrics.metric import NOTHING
from drive_sim.evaluation.statistics.estimates import EpisodeScore, estimate_all
from drive_sim.evaluation.statistics.intervals import ClusterBootstrap, Interval, count_interval, rate_interval
from drive_sim.evaluation.statistics.training_seeds import (
    AcrossTrainingRuns,
    across_training_runs,
    over_roads,
    square_and_add,
    t_half_width,
    worst_of,
)

SECONDS = 30.0
"""Of each episode."""


@pytest.fixture
def driven(make_log: Callable[..., Any]) -> Callable[..., list[EpisodeScore]]:
    """Scores of a training, one drive a road, that says something of one metric only."""
    facts: EpisodeFacts = make_log(1).facts

    def make(metric: str, ratios: Sequence[Ratio], first: int = 0) -> list[EpisodeScore]:
        silent = dict.fromkeys(METRICS, NOTHING)
        return [
            EpisodeScore(
                facts=EpisodeFacts(**{**vars(facts), "road": f"road {number}", "number": first + number}),
                ratios=silent | {metric: ratio},
                outcome="time out",
                duration=SECONDS,
                distance=100.0,
                interventions=0,
            )
            for number, ratio in enumerate(ratios)
        ]

    return make


@pytest.fixture
def autonomy(driven: Callable[..., list[EpisodeScore]]) -> Callable[..., AcrossTrainingRuns]:
    """Autonomy over training runs, given each one's interventions road by road."""

    def make(*training_runs: Sequence[int]) -> AcrossTrainingRuns:
        scores = [driven("autonomy", [Ratio(count, SECONDS) for count in counts]) for counts in training_runs]
        return across_training_runs(scores)["autonomy"]

    return make


def test_training_runs_that_fail_on_as_many_roads_leave_what_roads_leave(autonomy: Callable) -> None:
    """No spread between training runs: the interval is the roads' own, here of interventions on 10 of 40 roads."""
    counts = [1] * 10 + [0] * 30
    found = autonomy(*[counts] * 5)
    pooled = count_interval(counts * 5, [SECONDS] * 200, [f"road {k}" for k in range(40)] * 5, 5)
    assert found.estimate == pytest.approx(1 - 6 * 10 / 1200)
    assert (found.low, found.high) == pytest.approx((1 - 6 * pooled.high, 1 - 6 * pooled.low))
    assert found.spread == 0.0


def test_training_runs_that_differ_widen_the_interval_by_students_t(autonomy: Callable) -> None:
    """2, 4, 6, 8, 10 interventions in 1,200 s: s = 3.162, t(4) · s / √5 = 2.776 · 1.414 = 3.926, each 6/1200."""
    assert t_half_width(np.array([2.0, 4.0, 6.0, 8.0, 10.0])) == pytest.approx(3.926, abs=0.001)
    found = autonomy(*([1] * count + [0] * (40 - count) for count in (2, 4, 6, 8, 10)))
    assert found.estimate == pytest.approx(1 - 6 * 6 / 1200)
    assert min(found.high - found.estimate, found.estimate - found.low) > 3.926 * 6 / 1200


def test_the_interval_is_wider_than_any_single_run_where_training_runs_lie_apart(
    driven: Callable[..., list[EpisodeScore]],
) -> None:
    """Each knows its own lateral error to millimetres, and they lie decimetres apart."""
    random = np.random.default_rng(1)
    scores = [
        driven("lateral_error_mean", [Ratio(error * SECONDS, SECONDS) for error in random.normal(mean, 0.01, 50)])
        for mean in (0.1, 0.3, 0.2, 0.5, 0.4)
    ]
    found = across_training_runs(scores)["lateral_error_mean"]
    single = estimate_all(scores[0])["lateral_error_mean"]
    assert found.high - found.low > 20 * (single.high - single.low)
    assert found.low < 0.3 < found.high
    assert found.iqm == pytest.approx(0.3, abs=0.01)
    assert found.worst == pytest.approx(0.5, abs=0.01)
    assert found.spread == pytest.approx(0.158, abs=0.01)


def test_the_mean_counts_each_training_the_same_however_many_encounters_it_had(
    driven: Callable[..., list[EpisodeScore]],
) -> None:
    """9 of 10 passed and 1 of 2: 70 % on average, not 10 of 12."""
    most = driven("collision_free_passes", [Ratio(1.0, 1.0)] * 9 + [Ratio(0.0, 1.0)])
    few = driven("collision_free_passes", [Ratio(1.0, 1.0), Ratio(0.0, 1.0), *[NOTHING] * 8])
    found = across_training_runs([most, few])["collision_free_passes"]
    assert found.estimate == pytest.approx(0.7)
    assert 0.0 <= found.low < 0.5 and found.high == 1.0  # t(1) = 12.7: two training runs say next to nothing


def test_driving_the_same_roads_again_without_an_event_shows_no_more_than_the_first_training_did(
    autonomy: Callable,
) -> None:
    """Not one intervention in five times 40 episodes: a road that all fail on is missed as likely as by one run."""
    once = count_interval([0.0] * 40, [SECONDS] * 40, [f"road {k}" for k in range(40)])
    found = autonomy(*[[0] * 40] * 5)
    assert found.estimate == found.high == 1.0
    assert found.low == pytest.approx(1 - 6 * once.high)


def test_the_more_events_the_more_a_repeat_says() -> None:
    """Never narrower with one event than with none; with many nearly as narrow as so many episodes on own roads."""
    roads = [f"road {k}" for k in range(40)] * 5
    highs = []
    for events in (0, 1, 20):
        counts = np.zeros(200)
        counts[np.arange(events) * 41 % 200] = 1.0
        highs.append(count_interval(counts, np.ones(200), roads, 5).high * 200 - events)
    assert highs[0] == pytest.approx(5 * 2.996, abs=0.01)
    assert highs[1] > 10.0
    alone = count_interval(counts, np.ones(200), roads).high * 200 - 20
    assert alone < highs[2] < 1.25 * alone
    passed = rate_interval(np.ones(200), np.ones(200), roads, 5)
    assert passed.low == pytest.approx(rate_interval(np.ones(40), np.ones(40), roads[:40]).low)


def test_a_share_stays_a_share_however_wide_the_interval(autonomy: Callable) -> None:
    found = autonomy([0] * 10, [3] * 10)
    assert found.high == 1.0 and found.low < 0.0


def test_the_interquartile_mean_takes_four_and_leaves_out_the_best_and_the_worst(autonomy: Callable) -> None:
    training_runs = [[count] + [0] * 9 for count in (0, 2, 3, 4, 30)]
    assert autonomy(*training_runs).iqm == pytest.approx(1 - 6 * 3 / 300)
    assert math.isnan(autonomy(*training_runs[:3]).iqm)


def test_the_worst_is_the_least_where_more_is_better_and_the_most_where_less_is() -> None:
    assert worst_of([0.99, 0.96, math.nan, 0.96], METRICS["autonomy"]) == 1
    assert worst_of([0.2, 0.1, math.nan, 0.3], METRICS["lateral_error_mean"]) == 3


def test_an_error_that_is_certain_adds_nothing_and_one_that_is_not_adds_in_squares() -> None:
    roads = Interval(0.2, 0.9)
    assert square_and_add(0.6, roads, 0.0) == pytest.approx(roads)
    assert square_and_add(0.6, roads, 0.3) == pytest.approx((0.6 - 0.5, 0.6 + 0.3 * math.sqrt(2)))


def test_a_metric_that_a_single_training_speaks_of_is_left_out(driven: Callable[..., list[EpisodeScore]]) -> None:
    spoken, silent = driven("min_ttc", [Ratio(2.0, 1.0)] * 3), driven("min_ttc", [NOTHING] * 3)
    assert not across_training_runs([spoken, silent])
    assert across_training_runs([spoken, spoken])["min_ttc"].training_runs == 2


def test_training_runs_that_drove_other_roads_are_not_taken_together(driven: Callable[..., list[EpisodeScore]]) -> None:
    with pytest.raises(ValueError, match="the same episodes"):
        across_training_runs([driven("autonomy", [NOTHING]), driven("autonomy", [NOTHING], first=1)])


@pytest.mark.slow
def test_of_training_runs_and_roads_that_were_never_drawn_the_interval_holds_the_mean(autonomy: Callable) -> None:
    """Five runs of unequal skill on 30 roads, a fifth of them hard: 95 in 100 intervals hold the truth, or more.

    An oracle draws 100 times; 88 and more are what chance leaves of 95 (binomial, p = 0.001).
    """
    random = np.random.default_rng(5)
    truth, held = 6 * 1.0 / SECONDS, 0
    for _ in range(100):
        hard = np.where(random.random(30) < 0.2, 5.0, 0.0)
        counts = random.poisson(random.gamma(4.0, 0.25, (5, 1)) * hard)
        found = autonomy(*counts.tolist())
        held += found.low <= 1 - truth <= found.high
    assert held >= int(stats.binom.ppf(0.001, 100, 0.95)) == 87


def test_the_interval_over_roads_lies_around_the_mean_in_which_training_runs_count_the_same() -> None:
    """90 of 100 encounters passed by one, 2 of 4 by the other: around 70 %, not around 92 of 104."""
    met = np.array([np.ones(100), np.r_[np.ones(4), np.zeros(96)]])
    passed = met * np.array([np.r_[np.zeros(10), np.ones(90)], np.r_[np.zeros(2), np.ones(98)]])
    roads = [f"road {k}" for k in range(100)]
    found = over_roads(METRICS["collision_free_passes"], passed, met, roads, ClusterBootstrap(roads, 0))
    assert found.low < 0.7 < found.high < 0.92
