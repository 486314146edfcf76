"""The simulator's step in three parts: ego, traffic, events; the same functions as in `drive_sim.world.simulator`.

One kernel makes a step, and a clock inside it would change it. Here each part is a kernel of its own, called one after
the other on the same worlds, which end in the same state to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from drive_sim.compute.kernel import Repeated, allocate, kernel
from drive_sim.world.ego.vehicle import advance_vehicle
from drive_sim.world.events import FAILURES, look_ahead, place_events, progress_events
from drive_sim.world.placement import reset_ego_to_lane, track
from drive_sim.world.simulator import CONTROL_PERIOD, END, Simulator, move_actors
from drive_sim.world.state import EVENT_OFF_CENTRE
from drive_sim.world.traffic.actors import plan_actor
from drive_sim.world.traffic.script import exists


@kernel(grain=192)
def _plan(i, roads, world, state, vehicle, actions, before):
    """Traffic: what every actor of world ``i`` is about to do."""
    if state.done[i]:
        return
    state.action[i, 0], state.action[i, 1] = actions[0][i, 0], actions[0][i, 1]
    before[0][i, 0], before[0][i, 1], before[0][i, 2] = state.x[i], state.y[i], state.yaw[i]
    for n in range(world.actors.kind.shape[1]):
        if exists(world, state, i, n):
            plan_actor(roads, world, state, (vehicle.length, vehicle.width), i, n, CONTROL_PERIOD)


@kernel(grain=192)
def _drive(i, roads, world, state, vehicle, actions, before):
    """Ego: the vehicle's dynamics, and where on the road it then is."""
    if state.done[i]:
        return
    advance_vehicle(vehicle, world.weather.friction[i], state, i, CONTROL_PERIOD)
    state.step[i] += 1
    state.time[i] = state.step[i] * CONTROL_PERIOD
    track(roads, world, state, i)


@kernel(grain=192)
def _move(i, roads, world, state, vehicle, actions, before):
    """Traffic: every actor moves, and may touch the ego."""
    if state.done[i]:
        return
    origin = (before[0][i, 0], before[0][i, 1], before[0][i, 2])
    state.events[i] = move_actors(roads, vehicle, world, state, i, origin)


@kernel(grain=192)
def _judge(i, roads, world, state, vehicle, actions, before):
    """Events: what the step led to; a failure puts the ego back into its lane."""
    if state.done[i]:
        return
    events = int(state.events[i])
    state.time_to_collision[i], reason = look_ahead(roads, vehicle, world, state, i)
    events |= place_events(roads, vehicle, world, state, i)
    events |= progress_events(world, state, reason, i, CONTROL_PERIOD)
    state.events[i] = events
    state.events_ever[i] |= state.events[i]
    if events & END:
        state.done[i] = 1
    elif events & (FAILURES | EVENT_OFF_CENTRE):
        reset_ego_to_lane(roads, vehicle, world, state, i)


PARTS = (("traffic", _plan), ("ego", _drive), ("traffic", _move), ("events", _judge))
"""Kernels of a step in their order, each with the part that it belongs to."""


def step_in_parts(simulator: Simulator, around: Callable[[str, Any], Any]) -> Callable[[Any], None]:
    """A function of actions, float32 (B, 2) on the simulator's device, that steps it kernel by kernel.

    Parameters
    ----------
    simulator
        With ``on_failure="reset_to_lane"``.
    around
        ``around(part, call)``: what to call instead of each kernel, such as `Stopwatch.timed`.
    """
    before = (allocate(simulator.device, (simulator.batch_size, 3), np.float64),)
    calls = [around(part, Repeated(run)) for part, run in PARTS]

    def step(actions: Any) -> None:
        given = (simulator.roads, simulator.world, simulator.state, simulator.vehicle, (actions,), before)
        for call in calls:
            call(simulator.device, simulator.batch_size, *given)

    return step
