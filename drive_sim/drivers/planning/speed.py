"""How fast to go along the planned path: the road ahead, leads, what is passed closely, and pedestrians who cross.

The wanted acceleration is the least of what each of them asks for. Leads by the intelligent driver model
(Treiber, Hennecke & Helbing 2000) with the constant-acceleration heuristic (Kesting, Treiber & Helbing 2010), which
keeps it from an emergency stop behind an actor that cuts in at about the same speed.
"""

from __future__ import annotations

import math

from drive_sim.compute.kernel import inner_scalar
from drive_sim.drivers.planning.situation import (
    BESIDE,
    CUT_IN_TIME,
    ONCOMING,
    PASS_SPEED,
    ROLE_FOLLOW,
    ROLE_NONE,
    ROLE_PASS,
    ROLE_WALKER,
    arrival_times,
    brake_backwards,
    comes_towards,
    curve_limit,
)
from drive_sim.world.ego.single_track import GRAVITY
from drive_sim.world.state import ACTOR_PEDESTRIAN
from drive_sim.world.traffic.actors import desired_gap

PREVIEW = 0.5
"""The speed aimed at is the one planned for this much later [s]: the actuators need time."""
COOLNESS = 0.99
"""c: how far the constant-acceleration heuristic is believed [1]."""
SPARE = 1.5
"""Left of the gap in the worst case [m]."""
OVERLAP_MARGIN = 0.15
"""Less room than this beside an actor's box is none [m]."""
WALKER_ROOM = 0.8
"""Kept beside a pedestrian [m]."""
WALKER_STOP = 3.0
"""Stop this far before where an actor crosses [m]."""
WALKER_EARLY, WALKER_LATE = 1.0, 0.4
"""Time that has to lie between us and them, when they come first and when we do [s]."""
WAITING_ROOM = 5.0
"""Kept beyond the usual gap behind what will be passed once the way is free, to pull out in [m]."""
PASSING_SPEED, PASSING_GAIN = 5.0, 12.0
"""Speed beside an obstacle: a base [m/s], and so much for each metre of room [1/s]."""
GAP_ROOM = 1.0
"""With less room than this [m] on both sides, the way leads through a gap ..."""
GAP_SPEED, GAP_GAIN = 2.5, 6.0
"""... and the speed in it is a base [m/s], and so much for each metre of room [1/s]."""


@inner_scalar
def follow(speed, wanted, gap, lead_speed, lead_acceleration, manner, i):
    """Acceleration [m/s²] behind a lead ``gap`` [m] ahead; ``wanted`` is the speed on a clear road [m/s].

    IDM: a (1 − (v/v0)⁴ − (s*/s)²) with s* = s0 + max(0, v T + v Δv / (2 √(a b))). Where the constant-acceleration
    heuristic finds less braking enough, (1 − c) IDM + c (CAH + b tanh((IDM − CAH) / b)) with coolness c = `COOLNESS`.
    """
    a, b = manner.acceleration[i], manner.deceleration[i]
    approach = speed - lead_speed
    wish = desired_gap(speed, approach, manner.headway[i], manner.standstill_gap[i], a, b)
    idm = a * (1.0 - (speed / max(wanted, 0.1)) ** 4 - (wish / max(gap, 0.1)) ** 2)
    # A lead that speeds up does so no more than we would; and some of the gap is to be left.
    lead_acceleration = min(lead_acceleration, a)
    room = max(gap - SPARE, 0.1)
    if lead_speed * approach < -2.0 * room * lead_acceleration:
        cah = speed * speed * lead_acceleration / (lead_speed * lead_speed - 2.0 * room * lead_acceleration)
    else:
        cah = lead_acceleration - max(approach, 0.0) ** 2 / (2.0 * room)
    if idm >= cah:
        return idm
    return (1.0 - COOLNESS) * idm + COOLNESS * (cah + b * math.tanh((idm - cah) / b))


@inner_scalar
def _free_acceleration(i, manner, plan):
    """Towards the planned speed a moment ahead, with IDM's ease as it is reached."""
    speed = plan.start_speed[i]
    last = plan.speed.shape[1] - 1
    position = min(speed * PREVIEW / plan.spacing[i], last - 1e-6)
    k = int(position)
    target = plan.speed[i, k] + (plan.speed[i, k + 1] - plan.speed[i, k]) * (position - k)
    if target >= speed:
        ease = manner.acceleration[i] * (1.0 - (speed / max(target, 0.1)) ** 4)
        return min(ease, (target - speed) / PREVIEW)
    return max((target - speed) / PREVIEW, -manner.deceleration[i] - 2.0)


@inner_scalar
def _least_room(i, n, actors, plan, time, half_width):
    """Room [m] between the planned path and actor ``n`` as it will be in ``time`` [s]; negative where they overlap."""
    offset = actors.d[i, n] + actors.lateral_speed[i, n] * time
    touching = actors.half_width[i, n] + half_width
    first = int(max(plan.gap[i, n] - actors.half_length[i, n] - 1.0, 0.0) / plan.spacing[i])
    beyond = int(max(plan.gap[i, n] + actors.half_length[i, n], 0.0) / plan.spacing[i]) + 1
    last = plan.offset.shape[1] - 1
    room = 1e6
    for k in range(min(first, last), min(beyond, last) + 1):
        room = min(room, abs(plan.offset[i, k] - offset) - touching)
    return room


@inner_scalar
def _conflict(i, n, actors, plan, half_length, half_width):
    """Distance [m] to where the planned path and a moving actor would meet, or 1e6."""
    speed = actors.speed[i, n]
    for k in range(plan.offset.shape[1]):
        reach = actors.half_length[i, n] + half_length + plan.spacing[i] + 0.3 * abs(speed)
        if abs(k * plan.spacing[i] - plan.gap[i, n] - speed * plan.time[i, k]) < reach:
            room = abs(plan.offset[i, k] - actors.d[i, n]) - actors.half_width[i, n] - half_width
            if room < OVERLAP_MARGIN:
                return k * plan.spacing[i]
    return 1e6


@inner_scalar
def _walker_conflict(i, n, actors, plan, half_length, half_width):
    """Whether to let a pedestrian cross the planned path: not when either is through in good time."""
    distance = plan.gap[i, n]
    reach = half_length + actors.half_length[i, n]
    if distance < -reach:
        return False
    last = plan.offset.shape[1] - 1
    k = min(int(max(distance, 0.0) / plan.spacing[i] + 0.5), last)
    rate = actors.lateral_speed[i, n]
    # Along their way, from where they are: the near and far side of what our car sweeps.
    to_path = (plan.offset[i, k] - actors.d[i, n]) * (1.0 if rate > 0.0 else -1.0)
    room = half_width + actors.half_width[i, n] + WALKER_ROOM
    if to_path < -room:
        return False
    enters = (to_path - room) / abs(rate)
    leaves = (to_path + room) / abs(rate)
    arrives = plan.time[i, min(int(max(distance - reach, 0.0) / plan.spacing[i]), last)]
    passes = plan.time[i, min(int((distance + reach) / plan.spacing[i]) + 1, last)]
    return not (leaves + WALKER_LATE < arrives or passes + WALKER_EARLY < enters)


@inner_scalar
def _slow_beside(i, n, actors, manner, plan, half_length, half_width):
    """Lower the planned speed where an actor is passed closely, and note the room in two columns of ``cells``."""
    speed = actors.speed[i, n]
    if comes_towards(i, n, actors):
        return
    room = _least_room(i, n, actors, plan, 0.0, half_width)
    if room < 0.0:
        return
    cap = PASSING_SPEED + PASSING_GAIN * room + max(speed, 0.0)
    if actors.kind[i, n] == ACTOR_PEDESTRIAN:
        # A pedestrian at the roadside may step out.
        cap = 4.0 + 3.0 * room
    middle = plan.gap[i, n]
    level = min(int(max(middle, 0.0) / plan.spacing[i] + 0.5), plan.offset.shape[1] - 1)
    side = 0 if plan.offset[i, level] < actors.d[i, n] else 1
    reach = actors.half_length[i, n] + half_length
    for k in range(plan.speed.shape[1]):
        distance = k * plan.spacing[i] - middle
        if -reach - plan.spacing[i] < distance < reach:
            plan.speed[i, k] = min(plan.speed[i, k], cap)
            if abs(speed) < PASS_SPEED:
                plan.cells[i, k, side] = min(plan.cells[i, k, side], room)


@inner_scalar
def _slow_in_gaps(i, plan):
    """Lower the planned speed where something stands closely on both sides."""
    for k in range(plan.speed.shape[1]):
        left, right = plan.cells[i, k, 0], plan.cells[i, k, 1]
        if max(left, right) < GAP_ROOM:
            plan.speed[i, k] = min(plan.speed[i, k], GAP_SPEED + GAP_GAIN * 0.5 * (left + right))


@inner_scalar
def _slow_in_swerves(i, limit, plan):
    """Lower the planned speed where the path itself bends: ``limit`` [m/s²] holds for it as for the road."""
    for k in range(plan.speed.shape[1] - 1):
        before = plan.offset[i, k - 1] if k > 0 else plan.start_offset[i] - plan.start_slope[i] * plan.spacing[i]
        bend = (plan.offset[i, k + 1] - 2.0 * plan.offset[i, k] + before) / (plan.spacing[i] * plan.spacing[i])
        plan.speed[i, k] = min(plan.speed[i, k], math.sqrt(limit / max(abs(bend), 1e-6)))


@inner_scalar
def _behind(i, n, actors, manner, plan, half_length, half_width, wanted):
    """Acceleration that actor ``n`` asks for [m/s²], large when none."""
    speed = plan.start_speed[i]
    gap = plan.gap[i, n] - actors.half_length[i, n] - half_length
    if plan.role[i, n] == ROLE_WALKER:
        if _walker_conflict(i, n, actors, plan, half_length, half_width):
            return follow(speed, wanted, max(gap - WALKER_STOP + manner.standstill_gap[i], 0.1), 0.0, 0.0, manner, i)
        return 1e6
    if comes_towards(i, n, actors):
        distance = _conflict(i, n, actors, plan, half_length, half_width)
        if distance < 1e5:
            return follow(speed, wanted, max(distance - 2.0 * half_length, 0.1), 0.0, 0.0, manner, i)
        return 1e6
    if gap < -BESIDE or (gap < 0.0 and plan.gap[i, n] < 0.0):
        return 1e6
    if plan.role[i, n] == ROLE_PASS and actors.speed[i, n] > -ONCOMING:
        # An actor that is overtaken, or drives beside us: what counts is where we would draw level.
        if _conflict(i, n, actors, plan, half_length, half_width) > 1e5:
            return 1e6
        return follow(speed, wanted, gap, actors.speed[i, n], actors.acceleration[i, n], manner, i)
    room = min(
        _least_room(i, n, actors, plan, 0.0, half_width),
        _least_room(i, n, actors, plan, CUT_IN_TIME, half_width),
    )
    if room > OVERLAP_MARGIN:
        return 1e6
    if plan.role[i, n] == ROLE_PASS:
        gap = max(gap - WAITING_ROOM, 0.3 * gap)
    return follow(speed, wanted, gap, max(actors.speed[i, n], 0.0), actors.acceleration[i, n], manner, i)


@inner_scalar
def choose_acceleration(i, world, actors, manner, plan, half_length, half_width, wanted):
    """Set ``plan.acceleration`` of world ``i`` [m/s²]; ``wanted`` is the speed on a clear straight [m/s]."""
    closely = False
    for k in range(plan.speed.shape[1]):
        plan.cells[i, k, 0] = plan.cells[i, k, 1] = 1e3
    for n in range(actors.kind.shape[1]):
        if plan.role[i, n] == ROLE_PASS:
            _slow_beside(i, n, actors, manner, plan, half_length, half_width)
            closely = True
    if closely:
        _slow_in_gaps(i, plan)
        _slow_in_swerves(i, curve_limit(world, manner, i), plan)
        brake_backwards(i, manner, plan)
        arrival_times(i, manner, plan)
    acceleration = _free_acceleration(i, manner, plan)
    for n in range(actors.kind.shape[1]):
        if plan.role[i, n] != ROLE_NONE:
            acceleration = min(acceleration, _behind(i, n, actors, manner, plan, half_length, half_width, wanted))
    hardest = 0.9 * GRAVITY * min(world.weather.friction[i], 1.0)
    plan.acceleration[i] = max(acceleration, -hardest)


__all__ = ["ROLE_FOLLOW", "choose_acceleration", "follow"]
