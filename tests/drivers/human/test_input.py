"""What keys, sticks and wheels feel like: properties that hold for any way of pressing them."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_sim.drivers.human.input import (
    DEVICES,
    LATERAL_LIMIT,
    GamepadSteering,
    HumanDriver,
    KeyboardSteering,
    MouseSteering,
    WheelSteering,
    shape_axis,
    steering_reach,
)
from drive_sim.world.ego.vehicle import BMW_320I, steering_command

steering_reach(10.0)  # compiled before anything is timed

keys = st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans())
presses = st.lists(st.tuples(keys, st.floats(0.0, 50.0), st.floats(0.001, 0.2)), max_size=40)
axis = st.floats(-1.0, 1.0)
pedal = st.floats(0.0, 1.0)


@given(presses)
@pytest.mark.slow
def test_keys_never_command_beyond_the_action_space_nor_beyond_sensible_steering(sequence):
    device = KeyboardSteering()
    for pressed, speed, dt in sequence:
        steering, acceleration = device.update(*pressed, speed, dt)
        assert abs(steering) <= steering_reach(speed) <= 1.0
        assert -1.0 <= acceleration <= 1.0


@given(presses, st.floats(0.0, 50.0))
@pytest.mark.slow
def test_released_keys_return_everything_to_the_middle_within_a_second(sequence, speed):
    device = KeyboardSteering()
    for pressed, then, dt in sequence:
        device.update(*pressed, then, dt)
    for _ in range(60):
        action = device.update(False, False, False, False, speed, 1.0 / 60.0)
    assert action == (0.0, 0.0)


@given(presses)
@pytest.mark.slow
def test_the_mirrored_keys_command_the_mirrored_steering(sequence):
    here, there = KeyboardSteering(), KeyboardSteering()
    for (left, right, up, down), speed, dt in sequence:
        steering, acceleration = here.update(left, right, up, down, speed, dt)
        assert there.update(right, left, up, down, speed, dt) == (-steering, acceleration)


@given(presses, st.floats(0.0, 50.0))
@pytest.mark.slow
def test_steering_moves_at_a_limited_rate_at_a_given_speed(sequence, speed):
    device, before = KeyboardSteering(), 0.0
    for pressed, _, dt in sequence:
        steering, _ = device.update(*pressed, speed, dt)
        assert abs(steering - before) <= KeyboardSteering.CENTRE_RATE * dt * steering_reach(speed) + 1e-12
        before = steering


def test_a_held_key_reaches_full_lock_at_walking_pace_and_a_sliver_of_it_on_the_motorway():
    def held(speed):
        device = KeyboardSteering()
        for _ in range(120):
            steering, _ = device.update(True, False, False, False, speed, 1.0 / 60.0)
        return steering

    assert held(1.5) == 1.0
    assert held(33.0) < 0.05
    speeds = np.linspace(0.0, 45.0, 200)
    reach = [steering_reach(float(speed)) for speed in speeds]
    assert all(further <= nearer + 1e-12 for nearer, further in pairwise(reach))


@pytest.mark.parametrize("speed", [10.0, 20.0, 35.0])
def test_a_held_key_asks_for_no_more_lateral_acceleration_than_the_limit(speed):
    command = steering_command(BMW_320I, LATERAL_LIMIT / speed**2, speed)
    assert steering_reach(speed) == pytest.approx(command)


def test_the_same_second_of_keys_steers_the_same_at_30_and_at_240_frames():
    def turned(rate):
        device = KeyboardSteering()
        for frame in range(rate):
            steering, acceleration = device.update(frame < rate // 2, False, True, False, 8.0, 1.0 / rate)
        return steering, acceleration

    assert turned(30) == pytest.approx(turned(240), abs=1e-9)


def test_the_brake_key_beats_the_throttle_key():
    device = KeyboardSteering()
    for _ in range(60):
        _, acceleration = device.update(False, False, True, True, 20.0, 1.0 / 60.0)
    assert acceleration == -1.0


@given(axis, st.floats(0.01, 0.4), st.floats(1.0, 3.0))
def test_a_stick_is_odd_quiet_in_its_dead_zone_and_full_at_its_end(value, dead_zone, exponent):
    shaped = shape_axis(value, dead_zone, exponent)
    assert shape_axis(-value, dead_zone, exponent) == -shaped
    assert abs(shaped) <= abs(value) + 1e-12
    assert shape_axis(1.0, dead_zone, exponent) == 1.0
    if abs(value) <= dead_zone:
        assert shaped == 0.0


@given(st.lists(st.tuples(axis, pedal, pedal, st.floats(0.0, 50.0), st.floats(0.001, 0.2)), max_size=30))
@pytest.mark.slow
def test_gamepad_and_wheel_stay_within_the_action_space(sequence):
    gamepad, wheel = GamepadSteering(), WheelSteering()
    for stick, throttle, brake, speed, dt in sequence:
        for device in (gamepad, wheel):
            steering, acceleration = device.update(stick, throttle, brake, speed, dt)
            assert -1.0 <= steering <= 1.0
            assert -1.0 <= acceleration <= 1.0
        assert abs(gamepad.share) <= 1.0


def test_a_steering_wheel_turns_the_road_wheels_in_proportion_at_any_speed():
    wheel = WheelSteering()
    small, _ = wheel.update(0.1, 0.0, 0.0, 5.0, 0.02)
    assert wheel.update(0.2, 0.0, 0.0, 40.0, 0.02)[0] == pytest.approx(2.0 * small)


def test_a_mouse_left_in_the_middle_drives_straight():
    mouse = MouseSteering()
    for _ in range(30):
        mouse.update(0.8, True, False, 10.0, 0.02)
    for _ in range(60):
        action = mouse.update(0.0, False, False, 10.0, 0.02)
    assert action == (0.0, 0.0)


@pytest.mark.parametrize("name", DEVICES)
def test_the_human_driver_passes_on_the_latest_command_to_every_world(name):
    driver = HumanDriver(name)
    observation = SimpleNamespace(batch_size=3)
    assert not driver.act(observation).any()
    driver.set(0.25, -2.0)
    action = driver.act(observation)
    assert action.dtype == np.float32
    assert action.tolist() == [[0.25, -1.0]] * 3
    driver.reset(None, None, 3)
    assert not driver.act(observation).any()
