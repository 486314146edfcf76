"""Decision times worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from drive_sim.evaluation.logs.rollout_log import TimingLog
from drive_sim.evaluation.metrics import latency
from drive_sim.evaluation.statistics.estimates import estimate_timing


def timing(decisions, driven=1, wall_time=1.0):
    """A rollout with the given decision times [s]."""
    decisions = np.asarray(decisions, float)
    return TimingLog(decisions, np.full(len(decisions), driven), wall_time, 0.05)


def test_quantiles_in_milliseconds():
    """1 … 101 ms: the median is 51 ms; rank 0.99 · 100 = 99 is 100 ms; the longest 101 ms."""
    log = timing(np.arange(1, 102) / 1000)
    assert latency.latency_p50(log) == pytest.approx(51.0)
    assert latency.latency_p99(log) == pytest.approx(100.0)
    assert latency.latency_max(log) == pytest.approx(101.0)


def test_a_deadline_is_missed_by_more_than_the_control_period():
    """50 ms itself is in time: 2 of 5."""
    assert latency.deadline_misses(timing([0.01, 0.05, 0.051, 0.2, 0.04])) == pytest.approx(0.4)


def test_real_time_factor_counts_every_world():
    """200 turns of 16 worlds at 0.05 s are 160 s; in 4 s of wall time 40 times real time."""
    assert latency.real_time_factor(timing(np.zeros(200), driven=16, wall_time=4.0)) == pytest.approx(40.0)


def test_estimates_of_several_rollouts_pool_their_decisions():
    """100 decisions of 10 ms and 100 of 30 ms: none missed of 200, so at most 1.9 % (Wilson: z² / (n + z²))."""
    found = estimate_timing([timing(np.full(100, 0.01)), timing(np.full(100, 0.03))])
    assert found["latency_p50"].estimate == pytest.approx(20.0)
    assert (found["latency_p50"].low, found["latency_p50"].high) == (pytest.approx(10.0), pytest.approx(30.0))
    assert found["deadline_misses"].high == pytest.approx(3.8415 / 203.8415, rel=1e-3)
    assert found["real_time_factor"].estimate == pytest.approx(200 * 0.05 / 2.0)


def test_a_rollout_without_a_step_has_no_latency():
    """NaN, not an error."""
    assert math.isnan(latency.latency_p99(timing([])))
