"""The car drives as a car: physical truths, then parity with CommonRoad's own implementation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from drive_sim.compute.kernel import kernel
from drive_sim.world.ego.single_track import GRAVITY, integrate_motion
from drive_sim.world.ego.vehicle import (
    BMW_320I,
    acceleration_command,
    advance_vehicle,
    resistance,
    steady_cornering,
    steering_command,
)
from drive_sim.world.state import empty_state

CAR = BMW_320I
PERIOD = 0.05
WHEELBASE = CAR.front_axle + CAR.rear_axle
KEPT = (
    "x",
    "y",
    "yaw",
    "speed",
    "yaw_rate",
    "slip_angle",
    "steering",
    "acceleration_x",
    "acceleration_y",
    "roll",
    "pitch",
)


@kernel(grain=1 << 30)
def advance(world, state, vehicle, friction):
    advance_vehicle(vehicle, friction, state, world, 0.05)


class Log(dict):
    __getattr__ = dict.__getitem__


def drive(speed, steering, acceleration, seconds, friction=1.0):
    """Drive on a plane; commands are numbers or functions of (time, speed). Arrays with one entry a step."""
    state = empty_state(1, 1)
    state.speed[0] = speed
    state.drive[0] = resistance(CAR, speed)
    log = Log({name: [] for name in KEPT})
    for step in range(round(seconds / PERIOD)):
        commands = [c(step * PERIOD, float(state.speed[0])) if callable(c) else c for c in (steering, acceleration)]
        state.action[0] = commands
        advance("cpu", 1, state, CAR, friction)
        for name in KEPT:
            log[name].append(float(getattr(state, name)[0]))
    return Log({name: np.array(values) for name, values in log.items()})


def hold(wanted):
    """The acceleration command of a driver who keeps a speed."""
    return lambda time, speed: acceleration_command(CAR, 0.5 * (wanted - speed), speed)


def test_twenty_metres_a_second_for_two_seconds_is_forty_metres():
    log = drive(20.0, 0.0, hold(20.0), 2.0)
    assert log.x[-1] == pytest.approx(40.0, abs=1e-6)
    assert log.y[-1] == 0.0
    assert log.yaw[-1] == 0.0


def test_a_standing_car_stands_whatever_its_wheels_do():
    log = drive(0.0, lambda time, speed: math.sin(3.0 * time), -0.5, 3.0)
    assert not np.any(log.x) and not np.any(log.y) and not np.any(log.yaw) and not np.any(log.speed)


@pytest.mark.parametrize("friction", [1.0, 0.65])
@pytest.mark.parametrize("speed", [10.0, 20.0, 30.0])
def test_full_braking_stops_within_the_grip_and_for_good(speed, friction):
    log = drive(speed, 0.0, -1.0, 8.0, friction)
    # The brakes' lag costs 0.08 s of driving on; air drag helps at speed.
    ideal = speed**2 / (2.0 * friction * GRAVITY)
    assert 0.95 * ideal < log.x[-1] < 1.02 * ideal + 0.1 * speed
    assert log.speed[-1] == 0.0
    assert np.ptp(log.x[-20:]) == 0.0
    assert log.acceleration_x.min() >= -friction * GRAVITY - resistance(CAR, speed) - 1e-6


def test_pitch_and_roll_lean_the_way_a_body_leans():
    assert drive(20.0, 0.0, -0.4, 1.0).pitch[-1] > 0.01
    assert drive(10.0, 0.0, 0.8, 1.0).pitch[-1] < -0.01
    left = drive(15.0, steering_command(CAR, 0.015, 15.0), hold(15.0), 2.0)
    assert left.acceleration_y[-1] == pytest.approx(0.015 * 15.0**2, rel=0.02)
    assert left.roll[-1] == pytest.approx(CAR.roll_gain * left.acceleration_y[-1], rel=0.02)


@pytest.mark.parametrize("friction", [1.0, 0.65, 0.3])
@pytest.mark.parametrize("speed", [10.0, 20.0, 40.0])
@pytest.mark.parametrize("acceleration", [-1.0, 0.0, 1.0])
def test_no_driving_accelerates_the_car_beyond_the_roads_grip(speed, friction, acceleration):
    log = drive(speed, lambda time, speed: math.copysign(1.0, math.sin(2.5 * time)), acceleration, 5.0, friction)
    limit = friction * GRAVITY
    assert np.abs(log.acceleration_y).max() < 1.01 * limit
    total = np.hypot(log.acceleration_x, log.acceleration_y)
    assert total.max() < 1.02 * limit + resistance(CAR, log.speed.max())


@pytest.mark.parametrize(("speed", "friction"), [(30.0, 1.0), (25.0, 0.65), (40.0, 1.0)])
def test_too_fast_in_a_bend_pushes_straight_on(speed, friction):
    tight = 3.0 * friction * GRAVITY / speed**2  # three times what the tyres can hold
    log = drive(speed, steering_command(CAR, tight, speed) + 0.2, hold(speed), 3.0, friction)
    curvature = log.yaw_rate / log.speed
    assert curvature[20:].max() < 0.5 * math.tan(log.steering[-1]) / WHEELBASE
    assert np.abs(log.slip_angle).max() < 0.2
    assert log.speed[-1] < speed


def test_rain_lengthens_the_same_bend():
    command, speed = steering_command(CAR, 0.018, 20.0), 20.0  # 7.2 m/s² when dry
    dry, wet = drive(speed, command, hold(speed), 3.0), drive(speed, command, hold(speed), 3.0, 0.65)
    assert dry.acceleration_y[-1] > 6.5
    assert wet.acceleration_y[-1] < 0.65 * GRAVITY
    assert wet.yaw[-1] < 0.9 * dry.yaw[-1]


@pytest.mark.parametrize("brake", [-0.3, -0.5, -1.0])
@pytest.mark.parametrize("lateral", [3.0, 5.0])
def test_braking_in_a_bend_does_not_spin_the_car(lateral, brake):
    command = steering_command(CAR, lateral / 25.0**2, 25.0)
    log = drive(25.0, command, lambda time, speed: hold(25.0)(time, speed) if time < 3.0 else brake, 9.0)
    assert np.abs(log.slip_angle[log.speed > 1.0]).max() < math.radians(5.0)
    assert log.speed[-1] < 5.0


@settings(max_examples=25, deadline=None)
@given(st.floats(2.0, 45.0), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_left_and_right_are_mirror_images_bit_for_bit(speed, steering, acceleration):
    left, right = drive(speed, steering, acceleration, 2.0), drive(speed, -steering, acceleration, 2.0)
    for name in ("x", "speed", "acceleration_x", "pitch"):
        np.testing.assert_array_equal(left[name], right[name])
    for name in ("y", "yaw", "yaw_rate", "slip_angle", "steering", "acceleration_y", "roll"):
        np.testing.assert_array_equal(left[name], -right[name])


@settings(max_examples=25, deadline=None)
@given(st.floats(5.0, 40.0), st.floats(-1.0, 1.0))
def test_a_car_that_is_not_driven_never_gains_energy(speed, steering):
    log = drive(speed, steering, lambda time, speed: 0.0, 4.0)
    energy = log.speed**2 + CAR.gyration_squared * log.yaw_rate**2
    # The engine's drive against the resistance dies away in the first second.
    assert np.diff(energy[20:]).max() < 1e-6


@pytest.mark.parametrize(
    ("speed", "curvature"),
    [
        (1.0, 0.15),
        (3.0, 0.15),
        (8.0, -0.05),
        (10.0, 0.03),
        (20.0, 0.0075),
        (20.0, -0.01),
        (30.0, 0.0033),
        (40.0, 0.002),
    ],
)
def test_the_steering_command_holds_the_curvature_it_was_asked_for(speed, curvature):
    log = drive(speed, lambda time, speed: steering_command(CAR, curvature, speed), hold(speed), 8.0)
    assert log.yaw_rate[-1] / log.speed[-1] == pytest.approx(curvature, rel=0.02)


@pytest.mark.parametrize(
    ("speed", "wanted"), [(10.0, 2.0), (10.0, -2.0), (20.0, 1.0), (20.0, -4.0), (30.0, -6.0), (2.0, 3.0)]
)
def test_the_acceleration_command_holds_the_acceleration_it_was_asked_for(speed, wanted):
    log = drive(speed, 0.0, lambda time, speed: acceleration_command(CAR, wanted, speed), 1.5 if wanted > 0 else 0.9)
    assert log.acceleration_x[-1] == pytest.approx(wanted, rel=0.02)


def test_steady_cornering_is_where_the_car_ends_up():
    log = drive(20.0, lambda time, speed: steering_command(CAR, 0.0125, speed), hold(20.0), 8.0)
    steering, slip = steady_cornering(CAR, 0.0125, float(log.speed[-1]), 1.0)
    assert log.steering[-1] == pytest.approx(steering, rel=0.01)
    assert log.slip_angle[-1] == pytest.approx(slip, abs=0.001)


def test_at_walking_pace_the_wheels_roll_where_they_point():
    log = drive(1.0, 0.5, hold(1.0), 8.0)
    slip = math.atan(CAR.rear_axle / WHEELBASE * math.tan(log.steering[-1]))
    assert log.slip_angle[-1] == pytest.approx(slip, rel=0.005)
    assert log.yaw_rate[-1] == pytest.approx(log.speed[-1] * math.sin(slip) / CAR.rear_axle, rel=0.005)


def test_the_actuators_are_no_faster_than_real_ones():
    turning = drive(20.0, 1.0, hold(20.0), 1.0)
    assert np.diff(turning.steering).max() <= CAR.steering_rate * PERIOD + 1e-12
    fastest = drive(0.0, 0.0, 1.0, 20.0)
    hundred = PERIOD * (1 + int(np.argmax(fastest.speed > 100.0 / 3.6)))
    assert 6.0 < hundred < 9.0
    assert drive(49.0, 0.0, 1.0, 60.0).speed[-1] <= CAR.speed_max


# Parity. CommonRoad's model is linear in slip, small angles and free of cornering drag, so the figures below are what
# these simplifications amount to at up to 2.5 m/s² of lateral acceleration; the integration's own error is below 5e-4.
MANOEUVRES = {
    "slalom at 20 m/s": (
        20.0,
        lambda t: 0.01 * math.sin(2.0 * t),
        lambda t: 0.02 * math.cos(2.0 * t),
        lambda t: 0.0,
        6.0,
    ),
    "fast slalom at 30 m/s": (
        30.0,
        lambda t: 0.006 * math.sin(6.0 * t),
        lambda t: 0.036 * math.cos(6.0 * t),
        lambda t: 0.0,
        4.0,
    ),
    "into a bend at 15 m/s": (15.0, lambda t: 0.02 * min(t, 1.0), lambda t: 0.02 * (t < 1.0), lambda t: 0.0, 5.0),
    "braking in a bend": (
        25.0,
        lambda t: 0.008 * min(t, 1.0),
        lambda t: 0.008 * (t < 1.0),
        lambda t: -3.0 * (t > 1.5),
        5.0,
    ),
    "speeding up in a bend": (
        10.0,
        lambda t: 0.03 * min(t, 1.0),
        lambda t: 0.03 * (t < 1.0),
        lambda t: 1.5 * (t > 1.5),
        5.0,
    ),
    "weaving at 3 m/s": (3.0, lambda t: 0.1 * math.sin(t), lambda t: 0.1 * math.cos(t), lambda t: 0.0, 6.0),
}


def ours(speed, steering, acceleration, seconds, dt=0.01, friction=1.0489):
    motion, x, y, yaw, rows = (speed, 0.0, 0.0), 0.0, 0.0, 0.0, []
    for step in range(round(seconds / dt)):
        before, after = ((math.cos(a), math.sin(a)) for a in (steering(step * dt), steering((step + 1) * dt)))
        new = integrate_motion(CAR, motion, before, after, acceleration((step + 0.5) * dt), 0.0, friction, dt)
        forward, left, turn = ((a + b) / 2.0 for a, b in zip(motion, new, strict=True))
        middle = yaw + dt * turn / 2.0
        x += dt * (math.cos(middle) * forward - math.sin(middle) * left)
        y += dt * (math.sin(middle) * forward + math.cos(middle) * left)
        yaw, motion = yaw + dt * turn, new
        rows.append((x, y, math.hypot(new[0], new[1]), yaw, new[2], math.atan2(new[1], new[0])))
    return np.array(rows)


def commonroad(speed, steering, steering_rate, acceleration, seconds, dt=0.01):
    vehicle_dynamics_st = pytest.importorskip("vehiclemodels.vehicle_dynamics_st").vehicle_dynamics_st
    from vehiclemodels.vehicle_parameters import setup_vehicle_parameters

    parameters = setup_vehicle_parameters(2)
    times = np.arange(1, round(seconds / dt) + 1) * dt
    solution = solve_ivp(
        lambda t, x: vehicle_dynamics_st(list(x), [steering_rate(t), acceleration(t)], parameters),
        (0.0, seconds + 1e-9),
        [0.0, 0.0, steering(0.0), speed, 0.0, 0.0, 0.0],
        t_eval=times,
        rtol=1e-8,
        atol=1e-10,
        max_step=0.05,
    )
    return solution.y.T[:, [0, 1, 3, 4, 5, 6]]


@pytest.mark.parametrize("name", MANOEUVRES)
@pytest.mark.slow
def test_small_slip_drives_as_commonroads_single_track_model(name):
    speed, steering, steering_rate, acceleration, seconds = MANOEUVRES[name]
    reference = commonroad(speed, steering, steering_rate, acceleration, seconds)
    difference = np.abs(ours(speed, steering, acceleration, seconds) - reference).max(axis=0)
    x, y, v, yaw, yaw_rate, slip = difference / np.abs(reference).max(axis=0)
    assert max(x, y, v, yaw) < 0.005
    assert yaw_rate < 0.015
    assert difference[5] < 0.0006 and slip < 0.1  # [rad]; where slip passes through zero its share says little


@pytest.mark.parametrize("name", MANOEUVRES)
def test_a_step_of_ten_milliseconds_is_fine_enough(name):
    speed, steering, _, acceleration, seconds = MANOEUVRES[name]
    coarse, fine = ours(speed, steering, acceleration, seconds), ours(speed, steering, acceleration, seconds, dt=0.002)
    difference = np.abs(coarse - fine[4::5]).max(axis=0) / np.abs(fine).max(axis=0)
    assert difference.max() < 5e-4


def test_the_parameters_are_commonroads():
    setup = pytest.importorskip("vehiclemodels.vehicle_parameters").setup_vehicle_parameters
    p = setup(2)
    assert (CAR.length, CAR.width, CAR.front_axle, CAR.rear_axle) == (p.l, p.w, p.a, p.b)
    assert (CAR.centre_height, CAR.stiffness, CAR.shape, CAR.track) == (p.h_s, -p.tire.p_ky1, p.tire.p_cy1, p.T_f)
    assert CAR.gyration_squared == pytest.approx(p.I_z / p.m)
    assert (CAR.steering_rate, CAR.brake_max, CAR.speed_max) == (
        p.steering.v_max, p.longitudinal.a_max, p.longitudinal.v_max,
    )  # fmt: skip
