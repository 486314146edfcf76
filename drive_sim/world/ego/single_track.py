"""Single-track dynamics with slip: tyres, load transfer, stability control and their integration.

Equations of CommonRoad's single-track model ("CommonRoad: Vehicle Models", Althoff & Würsching 2020, section 7) with
its parameters of a BMW 320i, and without its two simplifications, so that it also holds in a slide:

* Angles are not small. In the car's frame, with v_x, v_y the velocity of the centre of gravity, r the yaw rate and
  specific forces f = F / m:  v_x' = f_x + r v_y,  v_y' = f_y - r v_x,  r' = (l_f f_yf - l_r f_yr) m / I_z.
* Tyres saturate. The lateral force of an axle with load z is Pacejka's Magic Formula with the shape factor of the
  same parameter set, f = mu z sin(C atan(K tan(alpha) / (C mu))): its slope at small slip is K z, exactly
  CommonRoad's linear tyre, and its peak is mu z. Longitudinal and lateral force of an axle share the circle of
  radius mu z (antilock brakes and traction control).

Load moves between the axles with the longitudinal acceleration as in CommonRoad's model, which makes a car that
brakes in a bend turn in and spin. Real cars of this kind do not, because of three systems modelled here: brake and
drive act on both axles in proportion to their load; the rear axle brakes only with the grip that its lateral force
leaves; and stability control brakes single wheels when the car yaws more than its steering and the grip explain
(`stability_control`). The front axle's lateral peak is a little lower than the rear's, as cars are built. So too
fast in a bend pushes straight on, and a spin takes a gross mistake.

Slip is the sideways over the rolling velocity of the wheel, the latter not below `SLIP_SPEED`, and is integrated with
the L-stable Rosenbrock method ROS2 (Verwer, Spee, Blom & Hundsdorfer 1999), which is second-order with any Jacobian.
Below walking pace the axles therefore simply roll where they point, which is the kinematic model, without a switch
between two models, and a car at rest stays at rest whatever its wheels do.
"""

from __future__ import annotations

import math

from drive_sim.compute.kernel import scalar

GRAVITY = 9.81
"""[m/s²]"""
SLIP_SPEED = 0.5
"""Rolling velocity below which slip is taken against this one [m/s]."""
GAMMA = 1.0 - 1.0 / math.sqrt(2.0)
"""ROS2's parameter that makes it L-stable."""
STABILITY_SPEED = 5.0
"""Stability control rests below this speed [m/s]."""
STABILITY_THRESHOLD = 0.05
"""Excess of yaw rate that stability control tolerates [rad/s]."""
STABILITY_GAIN = 20.0
"""Yaw acceleration per excess of yaw rate [1/s]."""


@scalar
def axle_force(vehicle, sideways, rolling, demand, load, friction, grip, steered):
    """Specific force (along, left) [m/s²] of an axle in its wheels' frame.

    ``sideways`` (left positive) and ``rolling`` velocity of the wheel [m/s], longitudinal ``demand`` and ``load``
    [m/s²], peak ``friction`` [1] of the contact, and the share ``grip`` [1] of it that is the lateral peak. Where both
    do not fit into the friction circle, a ``steered`` axle gives way in both, the other in the longitudinal force.
    """
    slip = -sideways / max(abs(rolling), SLIP_SPEED)
    peak = friction * grip
    left = peak * load * math.sin(vehicle.shape * math.atan(vehicle.stiffness * slip / (vehicle.shape * peak)))
    squared = demand * demand + left * left
    limit = friction * load
    if squared > limit * limit:
        if steered:
            share = limit / math.sqrt(squared)
            return demand * share, left * share
        return math.copysign(math.sqrt(max(limit * limit - left * left, 0.0)), demand), left
    return demand, left


@scalar
def stability_control(vehicle, motion, steering_tangent, load_front, friction):
    """Yaw acceleration [rad/s²] against oversteer, of one braked front wheel at most (van Zanten 2000, simplified).

    The car may yaw at any rate between zero and what its steering asks for, v_x tan(delta) / L, as far as the grip
    allows that, mu g / v_x; beyond the threshold the excess is braked.
    """
    forward, _, turn = motion
    if forward < STABILITY_SPEED:
        return 0.0
    grip = vehicle.front_grip * friction * GRAVITY / forward
    asked = forward * steering_tangent / (vehicle.front_axle + vehicle.rear_axle)
    asked = min(max(asked, -grip), grip)
    least = min(asked, 0.0) - STABILITY_THRESHOLD
    most = max(asked, 0.0) + STABILITY_THRESHOLD
    excess = turn - min(max(turn, least), most)
    strongest = 0.25 * vehicle.track * load_front * friction / vehicle.gyration_squared
    return min(max(-STABILITY_GAIN * excess, -strongest), strongest)


@scalar
def body_acceleration(vehicle, motion, wheel, demand, drag, friction):
    """Time derivative (v_x', v_y', r') of ``motion`` (v_x, v_y, r) in the car's frame.

    ``wheel`` is (cosine, sine) of the steering angle, ``demand`` the acceleration that brakes and engine ask of the
    tyres and ``drag`` the deceleration along x that needs no tyre, both [m/s²] and signed along x.
    """
    forward, left, turn = motion
    c, s = wheel
    front, rear = vehicle.front_axle, vehicle.rear_axle
    shift = min(max(demand, -friction * GRAVITY), friction * GRAVITY) * vehicle.centre_height
    load_front = (GRAVITY * rear - shift) / (front + rear)
    load_rear = (GRAVITY * front + shift) / (front + rear)
    across = left + front * turn
    along_front, left_front = axle_force(
        vehicle,
        c * across - s * forward,
        c * forward + s * across,
        demand * load_front / GRAVITY,
        load_front,
        friction,
        vehicle.front_grip,
        True,
    )
    along_rear, left_rear = axle_force(
        vehicle, left - rear * turn, forward, demand * load_rear / GRAVITY, load_rear, friction, 1.0, False
    )
    left_of_front = c * left_front + s * along_front
    return (
        c * along_front - s * left_front + along_rear - drag + turn * left,
        left_of_front + left_rear - turn * forward,
        (front * left_of_front - rear * left_rear) / vehicle.gyration_squared
        + stability_control(vehicle, motion, s / c, load_front, friction),
    )


@scalar
def slope_left(vehicle, sideways, rolling, friction):
    """Upper bound of the tyre's lateral stiffness at this slip, as a share of that at none."""
    slip = vehicle.stiffness / (vehicle.shape * friction) * sideways / max(abs(rolling), SLIP_SPEED)
    return 1.0 / (1.0 + slip * slip)


@scalar
def integrate_motion(vehicle, motion, wheel, wheel_after, demand, drag, friction, dt):
    """``motion`` (v_x, v_y, r) after ``dt`` [s] by ROS2; the wheels turn from ``wheel`` to ``wheel_after``."""
    forward, left, turn = motion
    front, rear = vehicle.front_axle, vehicle.rear_axle
    # Jacobian of (v_y', r') for static loads and forces across the car.
    grip = vehicle.stiffness * GRAVITY / ((front + rear) * max(abs(forward), SLIP_SPEED))
    # The less the more the tyres slip: 1 / (1 + (B tan(alpha))²) bounds the fall of the Magic Formula's slope.
    grip_front = (
        grip * rear * slope_left(vehicle, left + front * turn - forward * wheel[1] / wheel[0], forward, friction)
    )
    grip_rear = grip * front * slope_left(vehicle, left - rear * turn, forward, friction)
    leverage = front * grip_front - rear * grip_rear
    h = GAMMA * dt
    a = 1.0 + h * (grip_front + grip_rear)
    b = h * (leverage + forward)
    c = h * leverage / vehicle.gyration_squared
    d = 1.0 + h * (front * front * grip_front + rear * rear * grip_rear) / vehicle.gyration_squared
    determinant = a * d - b * c
    fx, fy, fr = body_acceleration(vehicle, motion, wheel, demand, drag, friction)
    ky, kr = (d * fy - b * fr) / determinant, (a * fr - c * fy) / determinant
    ahead = (forward + dt * fx, left + dt * ky, turn + dt * kr)
    gx, gy, gr = body_acceleration(vehicle, ahead, wheel_after, demand, drag, friction)
    gy -= 2.0 * ky
    gr -= 2.0 * kr
    return (
        forward + 0.5 * dt * (fx + gx),
        left + dt * (1.5 * ky + 0.5 * (d * gy - b * gr) / determinant),
        turn + dt * (1.5 * kr + 0.5 * (a * gr - c * gy) / determinant),
    )
