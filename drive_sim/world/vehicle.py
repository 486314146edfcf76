"""The ego car: kinematic single-track model for now; slip and tyre limits follow."""

from __future__ import annotations

import math
from typing import NamedTuple

from drive_sim.kernel import scalar

GRAVITY = 9.81
"""[m/s²]"""


class VehicleParameters(NamedTuple):
    """One car. Values of `BMW_320I` are CommonRoad's vehicle 2 unless a comment says otherwise."""

    length: float
    """[m]"""
    width: float
    front_axle: float
    """Centre of gravity to front axle [m]."""
    rear_axle: float
    steering_max: float
    """Largest road-wheel angle [rad]."""
    steering_rate: float
    """[rad/s]"""
    drive_max: float
    """Acceleration of full throttle at low speed [m/s²]."""
    brake_max: float
    """Deceleration of full brake on endless grip [m/s²]."""
    power: float
    """Engine power per mass [W/kg]."""
    rolling: float
    """Rolling resistance [m/s²]."""
    air: float
    """Air drag per speed squared [1/m]."""


BMW_320I = VehicleParameters(4.508, 1.61, 1.1561957064, 1.4227170936, 0.6, 0.4, 5.0, 11.5, 84.17, 0.12, 0.00033)


@scalar
def advance_vehicle(vehicle, world, state, control_period):
    """Advance the ego of world ``world`` by one control step, in place."""
    speed, steering = state.speed[world], state.steering[world]
    target = state.action[world, 0] * vehicle.steering_max
    change = min(max(target - steering, -vehicle.steering_rate * control_period), vehicle.steering_rate * control_period)
    steering += change
    fraction = float(state.action[world, 1])
    drive = fraction * (min(vehicle.drive_max, vehicle.power / max(speed, 0.1)) if fraction > 0.0 else vehicle.brake_max)
    resistance = vehicle.rolling + vehicle.air * speed * speed if speed > 0.0 else 0.0
    following = max(0.0, speed + (drive - resistance) * control_period)
    mean = 0.5 * (speed + following)
    wheelbase = vehicle.front_axle + vehicle.rear_axle
    slip = math.atan(vehicle.rear_axle / wheelbase * math.tan(steering))
    yaw_rate = mean * math.cos(slip) * math.tan(steering) / wheelbase
    heading = state.yaw[world] + 0.5 * yaw_rate * control_period + slip
    state.x[world] += mean * control_period * math.cos(heading)
    state.y[world] += mean * control_period * math.sin(heading)
    state.yaw[world] += yaw_rate * control_period
    state.odometer[world] += mean * control_period
    state.acceleration_x[world] = (following - speed) / control_period
    state.acceleration_y[world] = mean * yaw_rate
    state.speed[world], state.steering[world], state.drive[world] = following, steering, drive
    state.yaw_rate[world], state.slip_angle[world] = yaw_rate, slip


@scalar
def steering_command(vehicle, curvature, speed):
    """Steering fraction in [-1, 1] that holds path ``curvature`` [1/m] in steady state at ``speed`` [m/s]."""
    angle = math.atan((vehicle.front_axle + vehicle.rear_axle) * curvature)
    return min(max(angle / vehicle.steering_max, -1.0), 1.0)


@scalar
def acceleration_command(vehicle, acceleration, speed):
    """Acceleration fraction in [-1, 1] that holds ``acceleration`` [m/s²] at ``speed`` [m/s]."""
    drive = acceleration + (vehicle.rolling + vehicle.air * speed * speed if speed > 0.0 else 0.0)
    if drive >= 0.0:
        return min(drive / min(vehicle.drive_max, vehicle.power / max(speed, 0.1)), 1.0)
    return max(drive / vehicle.brake_max, -1.0)
