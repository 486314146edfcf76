"""The ego car: parameters, actuators, one control step, and the inverse: which command holds a curve or a pace.

The dynamics are those of `single_track`, which see; a model of the kind of CommonRoad's with its BMW 320i.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import scalar
from drive_sim.world.ego.single_track import GRAVITY, integrate_motion

SUBSTEPS = 5
"""Integration steps in a control step: 0.01 s each at 20 Hz."""


@lasting
class VehicleParameters(NamedTuple):
    """One car; CommonRoad's symbols in brackets."""

    length: float
    """[m] (l)"""
    width: float
    """[m] (w)"""
    front_axle: float
    """Centre of gravity to front axle [m] (a)."""
    rear_axle: float
    """Centre of gravity to rear axle [m] (b)."""
    track: float
    """Between the middles of the wheels of an axle [m] (T_f)."""
    centre_height: float
    """Height of the centre of gravity [m] (h_s)."""
    gyration_squared: float
    """Yaw moment of inertia per mass [m²] (I_z / m)."""
    stiffness: float
    """Cornering stiffness per load [1/rad] (-p_ky1 = mu C_S)."""
    shape: float
    """Magic Formula's shape factor of lateral force [1] (p_cy1)."""
    front_grip: float
    """Lateral peak of the front axle against the road's friction [1]."""
    steering_max: float
    """Largest road-wheel angle [rad]."""
    steering_rate: float
    """Fastest turn of the road wheels [rad/s] (v_max of steering)."""
    steering_lag: float
    """Time constant of the steering [s]."""
    drive_max: float
    """Acceleration of full throttle at low speed [m/s²]."""
    power: float
    """Engine power per mass [W/kg] (a_max v_switch)."""
    speed_max: float
    """The engine's governor holds this speed [m/s] (v_max)."""
    engine_lag: float
    """Time constant of the engine [s]."""
    brake_max: float
    """Deceleration of full brake, were there grip for it [m/s²] (a_max)."""
    brake_lag: float
    """Time constant of the brakes [s]."""
    rolling: float
    """Rolling resistance per mass [m/s²]."""
    air: float
    """Air drag per mass and squared speed [1/m]."""
    roll_gain: float
    """Body roll per lateral acceleration [rad s²/m]."""
    roll_lag: float
    """[s]"""
    pitch_gain: float
    """Body pitch (nose down) per deceleration [rad s²/m]."""
    pitch_lag: float
    """[s]"""


BMW_320I = VehicleParameters(
    length=4.508,
    width=1.61,
    front_axle=1.1561957064,
    rear_axle=1.4227170936,
    track=1.38684,
    centre_height=0.61373004,
    gyration_squared=1791.5995300122856 / 1093.2952334674046,
    stiffness=21.92,
    shape=1.3507,
    front_grip=0.95,
    # CommonRoad's 1.066 rad would turn the car within a radius of 1.4 m; 0.6 rad gives the 320i's 11 m turning circle.
    steering_max=0.6,
    steering_rate=0.4,
    steering_lag=0.05,
    # CommonRoad's 11.5 m/s² is a bound for planners. 5 m/s² and its own power give 0-100 km/h in 7 s.
    drive_max=5.0,
    power=11.5 * 7.319,
    speed_max=50.8,
    engine_lag=0.2,
    brake_max=11.5,
    brake_lag=0.08,
    # Coefficient 0.012 times gravity; half of air density 1.2 kg/m³ times 0.6 m² (c_w A) over the mass.
    rolling=0.118,
    air=0.00033,
    # Sprung mass 965.7 kg on CommonRoad's springs and dampers: moment m_s h a against the stiffness less m_s g h.
    # Roll: 51 343 Nm/rad, 3 251 Nms/rad. Pitch: 144 866 Nm/rad, 11 450 Nms/rad.
    roll_gain=592.7 / (51343.0 - 5814.0),
    roll_lag=3251.0 / (51343.0 - 5814.0),
    pitch_gain=592.7 / (144866.0 - 5814.0),
    pitch_lag=11450.0 / (144866.0 - 5814.0),
)
"""CommonRoad's vehicle 2. What it lacks or overstates is commented."""


@scalar
def resistance(vehicle, speed):
    """Deceleration by rolling and air drag [m/s²] of a car that moves at ``speed`` [m/s]; 0 at rest."""
    return vehicle.rolling + vehicle.air * speed * speed if speed > 0.0 else 0.0


@scalar
def drive_available(vehicle, speed):
    """Acceleration of full throttle [m/s²] at ``speed`` [m/s], before resistance: force, power and governor."""
    strongest = min(vehicle.drive_max, vehicle.power / max(speed, 1.0))
    return min(strongest, max(0.0, 5.0 * (vehicle.speed_max - speed)))


@scalar
def longitudinal_demand(vehicle, drive, forward):
    """(demand on the tyres, drag), signed along x [m/s²], of ``drive`` at longitudinal velocity ``forward``.

    Brakes and resistance act against the motion and never start one; a standing car moves off once the engine
    overcomes the rolling resistance.
    """
    if forward == 0.0:
        return max(drive - vehicle.rolling, 0.0), 0.0
    drag = math.copysign(resistance(vehicle, abs(forward)), forward)
    if drive < 0.0:
        return math.copysign(drive, -forward), drag
    return drive, drag


@scalar
def actuator_targets(vehicle, steering_fraction, acceleration_fraction, speed):
    """(road-wheel angle [rad], acceleration [m/s²]) that commands in [-1, 1] ask for at ``speed`` [m/s]."""
    if acceleration_fraction > 0.0:
        drive = acceleration_fraction * drive_available(vehicle, speed)
    else:
        drive = acceleration_fraction * vehicle.brake_max
    return steering_fraction * vehicle.steering_max, drive


@scalar
def lag_share(lag, dt):
    """How much of the way to its target a first-order lag [s] goes in ``dt`` [s]."""
    return 1.0 - math.exp(-dt / lag)


@scalar
def lagged(difference, share):
    """``share`` of a difference; all of it once it no longer matters, so that nothing creeps on as denormal numbers."""
    return difference if abs(difference) < 1e-9 else difference * share


@scalar
def advance_vehicle(vehicle, friction, state, world, period):
    """Advance the ego of ``world`` by one control step of ``period`` [s], in place, under ``state.action``.

    ``friction`` is the road's peak friction [1] under the car.
    """
    dt = period / SUBSTEPS
    speed = state.speed[world]
    motion = (
        speed * math.cos(state.slip_angle[world]),
        speed * math.sin(state.slip_angle[world]),
        state.yaw_rate[world],
    )
    x, y, yaw = state.x[world], state.y[world], state.yaw[world]
    steering, drive = state.steering[world], state.drive[world]
    steering_target, drive_target = actuator_targets(
        vehicle, float(state.action[world, 0]), float(state.action[world, 1]), speed
    )
    braking = drive_target < 0.0 or drive < 0.0
    drive_share = lag_share(vehicle.brake_lag if braking else vehicle.engine_lag, dt)
    steering_share = lag_share(vehicle.steering_lag, dt)
    turn_max = vehicle.steering_rate * dt
    wheel = (math.cos(steering), math.sin(steering))
    acceleration_x, acceleration_y, path = 0.0, 0.0, 0.0
    for _ in range(SUBSTEPS):
        steering += min(max(lagged(steering_target - steering, steering_share), -turn_max), turn_max)
        wheel_after = (math.cos(steering), math.sin(steering))
        drive_after = drive + lagged(drive_target - drive, drive_share)
        demand, drag = longitudinal_demand(vehicle, 0.5 * (drive + drive_after), motion[0])
        after = integrate_motion(vehicle, motion, wheel, wheel_after, demand, drag, friction, dt)
        after = come_to_rest(motion, after, drive_after - vehicle.rolling)
        forward = 0.5 * (motion[0] + after[0])
        left = 0.5 * (motion[1] + after[1])
        turn = 0.5 * (motion[2] + after[2])
        acceleration_x += (after[0] - motion[0]) - turn * left * dt
        acceleration_y += (after[1] - motion[1]) + turn * forward * dt
        middle = yaw + 0.5 * dt * turn
        c, s = math.cos(middle), math.sin(middle)
        x += dt * (c * forward - s * left)
        y += dt * (s * forward + c * left)
        yaw += dt * turn
        path += dt * math.sqrt(forward * forward + left * left)
        motion, wheel, drive = after, wheel_after, drive_after
    forward, left, turn = motion
    state.x[world], state.y[world], state.yaw[world] = x, y, yaw
    state.speed[world] = math.sqrt(forward * forward + left * left)
    state.slip_angle[world] = math.atan2(left, forward)
    state.yaw_rate[world] = turn
    state.steering[world], state.drive[world] = steering, drive
    state.odometer[world] += path
    state.acceleration_x[world] = acceleration_x / period
    state.acceleration_y[world] = acceleration_y / period
    lean_body(vehicle, state, world, period)


@scalar
def come_to_rest(before, after, push):
    """The motion ``after`` a substep, at rest where brakes or resistance have just stopped the car.

    ``push`` is the drive left after rolling resistance [m/s²]: while it is positive nothing comes to rest.
    """
    forward, left, turn = after
    if push > 0.0:
        return after
    if before[0] * forward < 0.0:
        forward = 0.0
    if forward == 0.0 and abs(left) < 0.05 and abs(turn) < 0.05:
        return 0.0, 0.0, 0.0
    return forward, left, turn


@scalar
def lean_body(vehicle, state, world, period):
    """Pitch and roll of the body follow the accelerations with a first-order lag."""
    pitch = -vehicle.pitch_gain * state.acceleration_x[world]
    roll = vehicle.roll_gain * state.acceleration_y[world]
    state.pitch[world] += (pitch - state.pitch[world]) * lag_share(vehicle.pitch_lag, period)
    state.roll[world] += (roll - state.roll[world]) * lag_share(vehicle.roll_lag, period)


@scalar
def slip_for(vehicle, lateral, peak):
    """tan(alpha) of an axle whose lateral force per load is ``lateral`` [1] when it can be ``peak`` at most.

    The Magic Formula inverted: tan(alpha) = C mu / K tan(asin(f / (mu z)) / C).
    """
    used = min(max(lateral / peak, -0.98), 0.98)
    return vehicle.shape * peak / vehicle.stiffness * math.tan(math.asin(used) / vehicle.shape)


@scalar
def steady_cornering(vehicle, curvature, speed, friction):
    """(steering angle, slip angle of the body) [rad] that hold path ``curvature`` [1/m] at ``speed`` [m/s] for ever.

    In steady cornering the lateral forces of the axles, f, are as their distances from the centre of gravity the other
    way round, and the engine balances the resistance, which moves load to the rear. With u = r / v_x,
    tan(beta) = l_r u - tan(alpha_r) and kappa = u cos(beta). Beyond the grip that there is, the angle of its peak.
    """
    shift = resistance(vehicle, speed) * vehicle.centre_height / GRAVITY
    lateral = curvature * speed * speed / GRAVITY
    front_share, rear_share = vehicle.rear_axle - shift, vehicle.front_axle + shift
    front_slip = slip_for(vehicle, lateral * vehicle.rear_axle / front_share, friction * vehicle.front_grip)
    rear_slip = slip_for(vehicle, lateral * vehicle.front_axle / rear_share, friction)
    turn = curvature
    for _ in range(3):
        tangent = vehicle.rear_axle * turn - rear_slip
        turn = curvature * math.sqrt(1.0 + tangent * tangent)
    tangent = vehicle.rear_axle * turn - rear_slip
    steering = math.atan(tangent + vehicle.front_axle * turn) + math.atan(front_slip)
    return steering, math.atan(tangent)


@scalar
def steering_command(vehicle, curvature, speed):
    """Steering fraction in [-1, 1] that holds path ``curvature`` [1/m] in steady cornering at ``speed`` [m/s], dry."""
    steering, _ = steady_cornering(vehicle, curvature, speed, 1.0)
    return min(max(steering / vehicle.steering_max, -1.0), 1.0)


@scalar
def acceleration_command(vehicle, acceleration, speed):
    """Acceleration fraction in [-1, 1] that holds ``acceleration`` [m/s²] at ``speed`` [m/s] on a straight road."""
    drive = acceleration + resistance(vehicle, speed)
    if drive > 0.0:
        return min(drive / max(drive_available(vehicle, speed), 0.01), 1.0)
    return max(drive / vehicle.brake_max, -1.0)
