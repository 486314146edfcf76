"""Two drivers on the same episodes: what is said of them, and with what right."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.evaluation.statistics.comparison import compare, holm
from drive_sim.evaluation.statistics.intervals import ClusterBootstrap
from drive_sim.world.state import EVENT_COLLISION_VEHICLE, EVENT_FINISH


def driven(make_log, lateral_errors, crashes=()):
    """One episode on each road, at the given lateral error [m]; those named crash in their last step."""
    return [
        make_log(
            100,
            d=error,
            facts={"road": f"road {number}", "number": number},
            events={99: EVENT_COLLISION_VEHICLE if number in crashes else EVENT_FINISH},
        )
        for number, error in enumerate(lateral_errors)
    ]


@pytest.mark.slow
def test_a_small_but_steady_advantage_shows_where_pairing_removes_the_road(make_log):
    """Roads differ by 0.1 m, the drivers by 0.02 m on each: unpaired it would drown."""
    roads = np.random.default_rng(1).uniform(0.1, 0.5, 30)
    noise = np.random.default_rng(2).normal(0.0, 0.01, 30)
    found = compare(driven(make_log, roads), driven(make_log, roads + 0.02 + noise), ("new", "old"))[
        "lateral_error_mean"
    ]
    assert found.difference == pytest.approx(-0.02 - noise.mean())
    assert found.low < found.difference < found.high < 0.0
    assert found.winner == "new" and found.p_value < 0.01
    assert found.sentence.startswith("new is better than old on lateral_error_mean: new ")
    assert "paired bootstrap" in found.sentence


@pytest.mark.slow
def test_better_means_lower_where_lower_is_better(make_log):
    """The other way round the other driver wins."""
    roads = np.linspace(0.1, 0.5, 30)
    found = compare(driven(make_log, roads + 0.05), driven(make_log, roads), ("A", "B"))["lateral_error_mean"]
    assert found.winner == "B"


@pytest.mark.slow
def test_noise_is_called_no_difference(make_log):
    """Two drivers that scatter about the same error."""
    random = np.random.default_rng(3)
    a, b = (driven(make_log, random.uniform(0.1, 0.5, 40)) for _ in range(2))
    found = compare(a, b)["lateral_error_mean"]
    assert found.winner is None
    assert found.sentence.startswith("On lateral_error_mean no difference can be shown with these 40 episodes: ")


@pytest.mark.slow
def test_outcomes_are_compared_by_mcnemar(make_log):
    """A arrives in ten episodes in which B crashes, and never the other way round: p = 2 / 2^10 = 0.00195."""
    a, b = driven(make_log, np.zeros(40)), driven(make_log, np.zeros(40), crashes=range(10))
    found = compare(a, b, metrics=("success",))["success"]
    assert found.test == "McNemar, exact"
    assert found.p_value == pytest.approx(2 / 2**10)
    assert (found.a, found.b, found.winner) == (1.0, 0.75, "A")


@pytest.mark.slow
def test_one_crash_fewer_proves_nothing(make_log):
    """One discordant pair: p = 1."""
    a, b = driven(make_log, np.zeros(40)), driven(make_log, np.zeros(40), crashes=[3])
    found = compare(a, b, metrics=("success",))["success"]
    assert found.p_value == 1.0 and found.winner is None


def test_a_driver_is_no_better_than_itself(make_log):
    """No difference, no doubt about it, no winner on any metric."""
    logs = driven(make_log, np.linspace(0.0, 0.4, 10), crashes=[2])
    for found in compare(logs, logs).values():
        assert found.difference == 0.0 and found.p_value == 1.0 and found.winner is None


def test_drivers_of_different_episodes_are_not_compared(make_log):
    """Another order is another pairing."""
    logs = driven(make_log, np.zeros(4))
    with pytest.raises(ValueError, match="same episodes"):
        compare(logs, logs[::-1])


def test_holm_pays_for_the_number_of_questions():
    """0.01 · 3, then max(0.03, 0.02 · 2), then max(0.04, 0.5 · 1); order kept, NaN left alone."""
    assert holm([0.02, 0.5, 0.01]) == pytest.approx([0.04, 0.5, 0.03])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert np.isnan(holm([float("nan"), 0.01])[0]) and holm([float("nan"), 0.01])[1] == 0.01


@pytest.mark.slow
def test_equal_drivers_are_told_apart_as_rarely_as_the_level_says():
    """400 pairs of equal drivers, 20 roads of three episodes: about 5 % are called different, within 3 standard errors.

    Three standard errors of 5 % over 400 are 3.3 %.
    """
    random = np.random.default_rng(11)
    roads = [f"road {number // 3}" for number in range(60)]
    wrong = 0
    for repeat in range(400):
        shared = np.repeat(random.uniform(0.1, 0.5, 20), 3)
        bootstrap = ClusterBootstrap(roads, repeat, replicates=1000)
        a, b = (bootstrap.ratio(shared * random.gamma(4.0, 0.25, 60), np.ones(60)) for _ in range(2))
        wrong += a.minus(b).p_value() < 0.05
    assert 400 * 0.017 < wrong < 400 * 0.083


def test_the_same_difference_on_every_road_is_believed_as_far_as_their_number_allows():
    """2 roads: the sign test's least p, 2^(1 − 2) = 0.5; 20 roads: 2^−19."""
    for count, expected in ((2, 0.5), (20, 2.0**-19)):
        bootstrap = ClusterBootstrap([f"road {number}" for number in range(count)], 0, replicates=500)
        values = np.linspace(0.1, 0.7, count)
        a, b = (bootstrap.ratio(values + extra, np.ones(count)) for extra in (0.3, 0.0))
        assert a.minus(b).p_value() == pytest.approx(expected)
