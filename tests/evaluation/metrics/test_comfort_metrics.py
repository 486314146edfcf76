"""Comfort bounds on signals whose derivatives are known. One step is 0.1 s."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.evaluation.metrics import comfort
from drive_sim.evaluation.metrics.metric import NOTHING

TIME = np.arange(1, 101) * 0.1


RISING, FALLING = TIME, 10.1 - TIME


@pytest.mark.parametrize(
    ("name", "bound", "column", "course"),
    [
        ("comfort_longitudinal_acceleration", 2.40, "acceleration_x", 1.0),
        ("comfort_longitudinal_acceleration", 4.05, "acceleration_x", -1.0),
        ("comfort_lateral_acceleration", 4.89, "acceleration_y", 1.0),
        ("comfort_lateral_acceleration", 4.89, "acceleration_y", -1.0),
        ("comfort_yaw_rate", 0.95, "yaw_rate", 1.0),
        ("comfort_yaw_rate", 0.95, "yaw_rate", -1.0),
        ("comfort_yaw_acceleration", 1.93, "yaw_rate", RISING),
        ("comfort_yaw_acceleration", 1.93, "yaw_rate", FALLING),
        ("comfort_longitudinal_jerk", 4.13, "acceleration_x", RISING),
        ("comfort_longitudinal_jerk", 4.13, "acceleration_x", FALLING),
        ("comfort_jerk_magnitude", 8.37, "acceleration_x", RISING),
        ("comfort_jerk_magnitude", 8.37, "acceleration_y", FALLING),
        ("comfort_iso_lateral_acceleration", 3.0, "acceleration_y", 1.0),
        ("comfort_iso_lateral_acceleration", 3.0, "acceleration_y", -1.0),
        ("comfort_iso_lateral_jerk", 5.0, "acceleration_y", RISING),
        ("comfort_iso_lateral_jerk", 5.0, "acceleration_y", FALLING),
    ],
)
def test_a_millionth_below_the_bound_is_comfortable_and_a_millionth_above_is_not(make_log, name, bound, column, course):
    """Constants for what is bounded itself, ramps a = j t for what is bounded by its derivative."""
    metric = getattr(comfort, name)
    assert metric.value(make_log(100, **{column: bound * (1.0 - 1e-6) * course})) == 1.0
    assert metric.value(make_log(100, **{column: bound * (1.0 + 1e-6) * course})) == 0.0


def test_constant_acceleration_is_judged_as_it_is(make_log):
    """Smoothing keeps a constant: −4.05 m/s² and 2.40 m/s² are just within, a little more is not, all of the time."""
    for acceleration, share in ((-4.05, 1.0), (2.40, 1.0), (-4.1, 0.0), (2.5, 0.0)):
        log = make_log(50, acceleration_x=acceleration + 1e-12 * np.sign(-acceleration))
        assert comfort.comfort_longitudinal_acceleration.value(log) == share


def test_lateral_acceleration_is_judged_to_either_side(make_log):
    """nuPlan: 4.89 m/s², ISO 11270: 3 m/s²."""
    for side in (-1.0, 1.0):
        log = make_log(50, acceleration_y=4.0 * side)
        assert comfort.comfort_lateral_acceleration.value(log) == 1.0
        assert comfort.comfort_iso_lateral_acceleration.value(log) == 0.0
        assert comfort.comfort_lateral_acceleration.value(make_log(50, acceleration_y=5.0 * side)) == 0.0


def test_the_derivative_of_a_parabola_is_exact(make_log):
    """a = 0.5 t² has the jerk t: a local quadratic finds it to rounding, at the ends too."""
    log = make_log(100, acceleration_x=0.5 * TIME**2)
    assert comfort.longitudinal_jerk(log) == pytest.approx(TIME)
    # t <= 4.13 in steps 0.1 … 4.1: 41 of 100.
    assert comfort.comfort_longitudinal_jerk.value(log) == pytest.approx(0.41)


def test_jerk_magnitude_is_the_derivative_of_the_accelerations_magnitude(make_log):
    """a = (3 t, 4 t), |a| = 5 t: 5 m/s³. A vector of constant length that turns has none, as nuPlan defines it."""
    log = make_log(100, acceleration_x=3.0 * TIME, acceleration_y=4.0 * TIME)
    assert comfort.jerk_magnitude(log) == pytest.approx(np.full(100, 5.0))
    assert comfort.comfort_jerk_magnitude.value(log) == 1.0
    turning = make_log(100, acceleration_x=np.cos(TIME), acceleration_y=np.sin(TIME))
    assert np.abs(comfort.jerk_magnitude(turning)).max() < 1e-9


def test_yaw_rate_and_yaw_acceleration(make_log):
    """ω = 0.2 t: 0.95 rad/s is passed after 4.75 s (47 of 100 steps within); 0.2 rad/s² throughout."""
    log = make_log(100, yaw_rate=0.2 * TIME)
    assert comfort.comfort_yaw_rate.value(log) == pytest.approx(0.47)
    assert comfort.yaw_acceleration(log) == pytest.approx(np.full(100, 0.2))
    assert comfort.comfort_yaw_acceleration.value(make_log(100, yaw_rate=2.0 * TIME)) == 0.0


def test_iso_jerk_is_the_change_over_half_a_second(make_log):
    """Acceleration jumps by 2 m/s² between steps 49 and 50: 4 m/s³ on average over half a second, within 5.

    A jump of 3 m/s² is 6 m/s³ for the five steps whose half second holds it: 90 of the 95 judged are within.
    """
    jump = np.repeat([0.0, 1.0], 50)
    log = make_log(100, acceleration_y=2.0 * jump)
    assert np.nanmax(comfort.lateral_jerk_half_second(log)) == pytest.approx(4.0)
    assert comfort.comfort_iso_lateral_jerk.value(log) == 1.0
    assert comfort.comfort_iso_lateral_jerk.value(make_log(100, acceleration_y=3.0 * jump)) == pytest.approx(90 / 95)


def test_at_twenty_hertz_the_windows_last_as_long(make_log):
    """The parabola again, sampled at 20 Hz: windows of 17 and 31 steps instead of 9 and 15 find the same jerk."""
    time = np.arange(1, 201) * 0.05
    log = make_log(200, acceleration_x=0.5 * time**2, facts={"control_period": 0.05})
    assert comfort.longitudinal_jerk(log) == pytest.approx(time)


def test_a_reset_to_lane_is_no_jolt(make_log):
    """Braking at 3 m/s², then reset to lane and cruising: no jerk on either side of the lane reset."""
    log = make_log(60, acceleration_x=[-3.0] * 30 + [0.0] * 30, interventions=[0] * 30 + [1] * 30)
    assert np.abs(comfort.longitudinal_jerk(log)).max() < 1e-9
    without = make_log(60, acceleration_x=[-3.0] * 30 + [0.0] * 30)
    assert np.abs(comfort.longitudinal_jerk(without)).max() > 1.0


def test_an_episode_is_comfortable_if_every_bound_holds_at_every_step(make_log):
    """One step of hard braking, long enough to survive the smoothing, spoils it."""
    assert comfort.comfortable.value(make_log(100)) == 1.0
    braking = np.zeros(100)
    braking[40:60] = -5.0
    assert comfort.comfortable.value(make_log(100, acceleration_x=braking)) == 0.0


def test_two_steps_are_too_few_to_judge(make_log):
    """No quadratic through two points: nothing to say, rather than a perfect score."""
    assert comfort.comfort_longitudinal_jerk(make_log(2)) == NOTHING
    assert comfort.comfortable(make_log(2)) == NOTHING
