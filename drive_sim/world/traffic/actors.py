"""The other road users: followers that keep their distance (to the ego too), and the triggers of their scripts.

A follower obeys the Intelligent Driver Model (Treiber, Hennecke & Helbing 2000): with speed v, desired speed v0, gap s
to the leader and approach dv = v - v_leader,

    v' = a (1 - (v / v0)^4 - (s* / s)²),    s* = s0 + max(0, v T + v dv / (2 sqrt(a b))).

In the road frame an actor's velocity is (direction * actor_speed, actor_lateral_speed): a pedestrian who crosses has
an ``actor_speed`` of 0. An actor that has driven off the end of an open road is gone: parked far away, in PHASE_GONE.
"""

from __future__ import annotations

import math

from drive_sim.compute.kernel import scalar
from drive_sim.world.ego.single_track import GRAVITY
from drive_sim.world.roads.coordinates import ahead, element_at, road_point
from drive_sim.world.state import (
    ACTION_NONE,
    ACTION_SPEED,
    ACTION_WALK,
    MOTION_LANE,
    PHASE_ACTING,
    PHASE_FINISHED,
    PHASE_GONE,
    PHASE_WAITING,
    TRIGGER_DISTANCE,
    TRIGGER_HEADWAY,
    TRIGGER_NONE,
    TRIGGER_OWN_HEADWAY,
    TRIGGER_TIME,
)
from drive_sim.world.traffic.script import (
    action_of,
    desired_speed,
    drives,
    exists,
    move_sideways,
    pass_time,
    rate_of,
    speed_of,
    walking_to,
    walks,
)

FAR_AWAY = 1e6
"""Where actors that are gone are parked [m], along both axes of the world and along the road."""
IDM_ACCELERATION = 1.5
"""a [m/s²]"""
IDM_DECELERATION = 2.0
"""b, comfortable [m/s²]"""
IDM_GAP = 2.0
"""s0, kept at rest [m]"""
HARDEST_BRAKING = 8.0
"""[m/s²], as far as the road's friction allows"""
CORRIDOR_MARGIN = 0.2
"""An actor follows a road user that is less than this beside its own width [m]."""
NO_LEADER = 1e6
"""Gap to a leader that does not exist [m]."""


@scalar
def ego_speed_along(state, i):
    """Speed of the ego along the road, against it negative [m/s]."""
    return state.speed[i] * math.cos(state.heading_error[i] + state.slip_angle[i])


@scalar
def desired_gap(speed, approach, headway, standstill, acceleration, deceleration):
    """IDM's s* [m] to a leader that is approached at ``approach`` [m/s]; the last three are its s0, a and b."""
    return standstill + max(0.0, speed * headway + speed * approach / (2.0 * math.sqrt(acceleration * deceleration)))


@scalar
def interaction(speed, approach, gap, headway):
    """IDM's braking (s* / s)² for a leader, in units of a [1]."""
    wanted = desired_gap(speed, approach, headway, IDM_GAP, IDM_ACCELERATION, IDM_DECELERATION)
    share = wanted / max(gap, 0.1)
    return share * share


@scalar
def free_acceleration(speed, desired):
    """IDM's acceleration on a free road [m/s²]; down to a lower desired speed no harder than comfortable."""
    if desired < 0.1:
        return -IDM_DECELERATION
    share = speed / desired
    share *= share
    return max(IDM_ACCELERATION * (1.0 - share * share), -IDM_DECELERATION)


@scalar
def find_leader(roads, world, state, ego_size, i, n):
    """(gap [m], speed [m/s]) of the nearest road user ahead of actor ``n`` in its direction and corridor.

    The gap is from bumper to bumper; the speed is along the actor's direction, so an oncoming road user has a
    negative one. ``ego_size`` is (length, width).
    """
    road, actors = world.road[i], world.actors
    direction = float(actors.direction[i, n])
    s, d = state.actor_s[i, n], state.actor_d[i, n]
    half_length, half_width = 0.5 * actors.length[i, n], 0.5 * actors.width[i, n] + CORRIDOR_MARGIN
    gap, speed = NO_LEADER, 0.0
    if state.element[i] >= 0 and abs(state.d[i] - d) < half_width + 0.5 * ego_size[1]:
        distance = direction * ahead(roads, road, s, state.s[i])
        if distance > 0.0:
            gap = distance - half_length - 0.5 * ego_size[0]
            speed = direction * ego_speed_along(state, i)
    for other in range(actors.kind.shape[1]):
        if other == n or abs(state.actor_d[i, other] - d) >= half_width + 0.5 * actors.width[i, other]:
            continue
        if not exists(world, state, i, other):
            continue
        distance = direction * ahead(roads, road, s, state.actor_s[i, other])
        if distance <= 0.0:
            continue
        clearance = distance - half_length - 0.5 * actors.length[i, other]
        if clearance < gap:
            gap = clearance
            speed = direction * float(actors.direction[i, other]) * state.actor_speed[i, other]
    return gap, speed


@scalar
def is_triggered(roads, world, state, ego_size, i, n):
    """Whether the script of actor ``n``, which waits, begins now."""
    actors = world.actors
    trigger, value = actors.trigger[i, n], actors.trigger_value[i, n]
    if trigger == TRIGGER_NONE or actors.action[i, n] == ACTION_NONE:
        return False
    if trigger == TRIGGER_TIME:
        return state.time[i] >= value
    if trigger == TRIGGER_OWN_HEADWAY:
        gap, _ = find_leader(roads, world, state, ego_size, i, n)
        return gap < value * state.actor_speed[i, n]
    distance = ahead(roads, world.road[i], state.s[i], state.actor_s[i, n])
    if distance <= 0.0:  # beside or behind the ego
        return False
    gap = max(distance - 0.5 * (ego_size[0] + actors.length[i, n]), 0.0)
    if trigger == TRIGGER_DISTANCE:
        return gap < value
    along = ego_speed_along(state, i)
    if trigger == TRIGGER_HEADWAY:
        return gap < value * along
    return gap < value * (along - float(actors.direction[i, n]) * state.actor_speed[i, n])


@scalar
def plan_actor(roads, world, state, ego_size, i, n, period):
    """Begin the script of actor ``n`` if it is time, and decide its acceleration along the road."""
    actors = world.actors
    if state.actor_phase[i, n] == PHASE_WAITING:
        if is_triggered(roads, world, state, ego_size, i, n):
            state.actor_phase[i, n] = PHASE_ACTING
            state.actor_timer[i, n] = 0.0
    else:
        pass_time(world, state, i, n, period)
    speed = state.actor_speed[i, n]
    if not drives(world, state, i, n):
        state.actor_acceleration[i, n] = -speed / period
        return
    scripted = action_of(world, state, i, n) == ACTION_SPEED and state.actor_phase[i, n] == PHASE_ACTING
    if scripted:
        rate = rate_of(world, state, i, n)
        acceleration = min(max((speed_of(world, state, i, n) - speed) / period, -rate), rate)
    else:
        acceleration = free_acceleration(speed, desired_speed(world, state, i, n))
    gap, leader = NO_LEADER, 0.0
    if actors.heedless[i, n] == 0 and actors.headway[i, n] > 0.0:
        gap, leader = find_leader(roads, world, state, ego_size, i, n)
    if gap < NO_LEADER:
        braking = IDM_ACCELERATION * interaction(speed, speed - leader, gap, actors.headway[i, n])
        # A script's pace and keeping the distance are alternatives; IDM's two terms add up.
        acceleration = min(acceleration, IDM_ACCELERATION - braking) if scripted else acceleration - braking
    hardest = min(HARDEST_BRAKING, 0.9 * GRAVITY * world.weather.friction[i])
    # No actor drives backwards: what it brakes is at most its speed.
    state.actor_acceleration[i, n] = max(max(acceleration, -hardest), -speed / period)


@scalar
def advance_actor(roads, world, state, i, n, period):
    """Move actor ``n`` by one control step at the acceleration that was planned for it."""
    actors = world.actors
    road, direction = world.road[i], float(actors.direction[i, n])
    before = state.actor_speed[i, n]
    speed = before + state.actor_acceleration[i, n] * period
    if speed < 1e-9:
        speed = 0.0
    state.actor_speed[i, n] = speed
    reached = abs(speed - speed_of(world, state, i, n)) < 1e-9
    if reached and action_of(world, state, i, n) == ACTION_SPEED and state.actor_phase[i, n] == PHASE_ACTING:
        state.actor_phase[i, n] = PHASE_FINISHED
    s, d = state.actor_s[i, n], state.actor_d[i, n]
    if before + speed > 0.0:
        curvature = roads.curvature[roads.element_start[road] + element_at(roads, road, s)]
        # Beside the reference line a metre driven is more or less than a metre of road.
        s += direction * 0.5 * (before + speed) * period / max(1.0 - curvature * d, 0.2)
        length = roads.length[road]
        if roads.closed[road]:
            s -= length * math.floor(s / length)
        elif s < -0.5 * actors.length[i, n] or s > length + 0.5 * actors.length[i, n]:
            state.actor_phase[i, n] = PHASE_GONE
            state.actor_x[i, n] = state.actor_y[i, n] = FAR_AWAY
            state.actor_s[i, n] = direction * FAR_AWAY
            state.actor_speed[i, n] = state.actor_acceleration[i, n] = state.actor_lateral_speed[i, n] = 0.0
            return
        state.actor_s[i, n] = s
    move_sideways(world, state, i, n, period)
    pose_actor(roads, world, state, i, n)


@scalar
def pose_actor(roads, world, state, i, n):
    """Place actor ``n`` in the world where the road frame has it; it points where it moves."""
    actors = world.actors
    x, y, heading, _ = road_point(roads, world.road[i], state.actor_s[i, n], state.actor_d[i, n])
    direction = float(actors.direction[i, n])
    if walks(world, state, i, n) or (actors.action[i, n] == ACTION_WALK and actors.motion[i, n] != MOTION_LANE):
        turn = math.copysign(0.5 * math.pi, walking_to(world, state, i, n))
    else:
        # Slow ones do not turn on the spot.
        turn = math.atan2(direction * state.actor_lateral_speed[i, n], max(state.actor_speed[i, n], 2.0))
        if direction < 0.0:
            turn += math.pi
    state.actor_x[i, n], state.actor_y[i, n] = x, y
    state.actor_yaw[i, n] = heading + turn + actors.yaw_offset[i, n]


@scalar
def reset_actor(roads, world, state, i, n):
    """Put actor ``n`` where its episode begins."""
    actors = world.actors
    state.actor_s[i, n], state.actor_d[i, n] = actors.start_s[i, n], actors.start_d[i, n]
    state.actor_phase[i, n] = PHASE_WAITING
    state.actor_speed[i, n] = actors.start_speed[i, n] if drives(world, state, i, n) else 0.0
    state.actor_acceleration[i, n] = state.actor_lateral_speed[i, n] = state.actor_timer[i, n] = 0.0
    pose_actor(roads, world, state, i, n)
