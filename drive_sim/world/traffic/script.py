"""Scripts of other road users: a trigger, an action, and perhaps a second action some time after the first began.

The second one ends the first if that is not finished: an overtaking car pulls back in, a pedestrian crosses.
What an actor does now is a pure function of its phase and of the time since its trigger.
"""

from __future__ import annotations

import math

from drive_sim.compute.kernel import scalar
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_NONE,
    ACTION_SPEED,
    ACTION_WALK,
    ACTOR_NONE,
    MOTION_LANE,
    MOTION_WALK,
    PHASE_ACTING,
    PHASE_FINISHED,
    PHASE_GONE,
)

WALKING_PACE = 1.4
"""[m/s] of a pedestrian without a speed."""


@scalar
def exists(world, state, i, n):
    """Whether slot ``n`` holds an actor that is still there."""
    return world.actors.kind[i, n] != ACTOR_NONE and state.actor_phase[i, n] != PHASE_GONE


@scalar
def at_second(world, state, i, n):
    """Whether the script of actor ``n`` has come to its second action."""
    if world.actors.next_action[i, n] == ACTION_NONE or state.actor_phase[i, n] < PHASE_ACTING:
        return False
    return state.actor_timer[i, n] >= world.actors.next_after[i, n]


@scalar
def action_of(world, state, i, n):
    """ACTION_* that actor ``n`` performs or has just performed; ACTION_NONE before its trigger."""
    if state.actor_phase[i, n] < PHASE_ACTING:
        return ACTION_NONE
    return world.actors.next_action[i, n] if at_second(world, state, i, n) else world.actors.action[i, n]


@scalar
def aim_of(world, state, i, n):
    """Offset d [m] to which the present action leads."""
    return world.actors.next_d[i, n] if at_second(world, state, i, n) else world.actors.action_d[i, n]


@scalar
def speed_of(world, state, i, n):
    """Speed [m/s] of the present action."""
    return world.actors.next_speed[i, n] if at_second(world, state, i, n) else world.actors.action_speed[i, n]


@scalar
def rate_of(world, state, i, n):
    """Acceleration or braking [m/s²] of the present action."""
    return world.actors.next_rate[i, n] if at_second(world, state, i, n) else world.actors.action_rate[i, n]


@scalar
def pass_time(world, state, i, n, period):
    """Count on the time since the trigger of actor ``n``, and begin its second action when it is time."""
    after, before = world.actors.next_after[i, n], state.actor_timer[i, n]
    state.actor_timer[i, n] = before + period
    if world.actors.next_action[i, n] != ACTION_NONE and before < after <= before + period:
        state.actor_phase[i, n] = PHASE_ACTING


@scalar
def walks(world, state, i, n):
    """Whether the actor now moves across the road on foot."""
    return action_of(world, state, i, n) == ACTION_WALK or world.actors.motion[i, n] == MOTION_WALK


@scalar
def drives(world, state, i, n):
    """Whether the actor now moves along the road of its own accord."""
    if walks(world, state, i, n):
        return False
    if world.actors.motion[i, n] == MOTION_LANE or action_of(world, state, i, n) == ACTION_SPEED:
        return True
    return at_second(world, state, i, n) and world.actors.action[i, n] == ACTION_SPEED


@scalar
def desired_speed(world, state, i, n):
    """Speed [m/s] that the actor keeps on a free road: its own, or what its script has brought it to."""
    if action_of(world, state, i, n) == ACTION_SPEED:
        return speed_of(world, state, i, n)
    if at_second(world, state, i, n) and world.actors.action[i, n] == ACTION_SPEED:
        return world.actors.action_speed[i, n]
    return world.actors.desired_speed[i, n]


@scalar
def walking_to(world, state, i, n):
    """Where the walk of actor ``n`` leads, from where it begins: positive to the left [m]."""
    actors = world.actors
    if at_second(world, state, i, n) and actors.action[i, n] in (ACTION_LATERAL, ACTION_WALK):
        return actors.next_d[i, n] - actors.action_d[i, n]
    return aim_of(world, state, i, n) - actors.start_d[i, n]


@scalar
def move_sideways(world, state, i, n, period):
    """Advance the offset of actor ``n`` by its script or its walk, and end an action that has reached its aim."""
    actors = world.actors
    d, aim = state.actor_d[i, n], aim_of(world, state, i, n)
    after = d
    acting = state.actor_phase[i, n] == PHASE_ACTING
    action = action_of(world, state, i, n)
    if acting and action == ACTION_LATERAL:
        # d(t) = aim + (start - aim) (1 + cos(pi t / T)) / 2, as a ratio of two instants: no start to remember.
        duration, time = actors.action_duration[i, n], state.actor_timer[i, n]
        if at_second(world, state, i, n):
            duration, time = actors.next_duration[i, n], time - actors.next_after[i, n]
        duration = max(duration, period)
        if time + period >= duration:
            after = aim
            state.actor_phase[i, n] = PHASE_FINISHED
        else:
            share = (1.0 + math.cos(math.pi * (time + period) / duration)) / (1.0 + math.cos(math.pi * time / duration))
            after = aim + (d - aim) * share
    elif walks(world, state, i, n):
        scripted = acting and action == ACTION_WALK
        pace = speed_of(world, state, i, n) if scripted else actors.start_speed[i, n]
        step = (pace if pace > 0.0 else WALKING_PACE) * period
        after = d + min(max(aim - d, -step), step)
        if after == aim and acting:
            state.actor_phase[i, n] = PHASE_FINISHED
    state.actor_d[i, n] = after
    state.actor_lateral_speed[i, n] = (after - d) / period
