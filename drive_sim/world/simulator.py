"""Reset and step for B worlds on CPU or CUDA: one kernel call a step, one item a world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.geometry import wrap_angle
from drive_sim.kernel import kernel, scalar, to_device, to_host
from drive_sim.world.episode import Episode, stack_episodes
from drive_sim.world.road import ahead, project, road_point
from drive_sim.world.state import (
    EVENT_FINISH,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
    State,
    World,
    empty_state,
)
from drive_sim.world.vehicle import BMW_320I, VehicleParameters, advance_vehicle

CONTROL_PERIOD = 0.05
"""Time between two commands [s]."""


@scalar
def _locate(roads, world, state, i):
    element, s, d = project(roads, world.road[i], state.x[i], state.y[i])
    state.element[i] = element
    if element < 0:
        return
    state.s[i], state.d[i] = s, d
    _, _, heading, curvature = road_point(roads, world.road[i], s, 0.0)
    state.heading_error[i] = wrap_angle(state.yaw[i] - heading)
    state.curvature[i] = curvature


@kernel(grain=16)
def _reset(i, roads, world, state, masks):
    """Put world ``i`` at its start where the mask says so."""
    if not masks[0][i]:
        return
    x, y, heading, _ = road_point(roads, world.road[i], world.start_s[i], world.start_d[i])
    state.x[i], state.y[i], state.yaw[i] = x, y, heading + world.start_heading_error[i]
    state.speed[i] = world.start_speed[i]
    state.step[i] = 0
    state.time[i] = state.yaw_rate[i] = state.slip_angle[i] = state.steering[i] = state.drive[i] = 0.0
    state.acceleration_x[i] = state.acceleration_y[i] = state.pitch[i] = state.roll[i] = 0.0
    state.action[i, 0] = state.action[i, 1] = 0.0
    state.progress[i] = state.odometer[i] = state.stalled_for[i] = 0.0
    state.events[i] = state.events_ever[i] = state.done[i] = state.interventions[i] = 0
    state.hit_actor[i] = -1
    state.gap[i] = state.time_to_collision[i] = 1e6
    setup = world.actors
    for n in range(setup.kind.shape[1]):
        state.actor_s[i, n], state.actor_d[i, n] = setup.start_s[i, n], setup.start_d[i, n]
        x, y, heading, _ = road_point(roads, world.road[i], setup.start_s[i, n], setup.start_d[i, n])
        turn = 0.0 if setup.direction[i, n] > 0 else math.pi
        state.actor_x[i, n], state.actor_y[i, n] = x, y
        state.actor_yaw[i, n] = heading + turn + setup.yaw_offset[i, n]
        state.actor_speed[i, n] = setup.start_speed[i, n]
        state.actor_acceleration[i, n] = state.actor_lateral_speed[i, n] = state.actor_timer[i, n] = 0.0
        state.actor_phase[i, n] = 0
    _locate(roads, world, state, i)


@kernel(grain=16)
def _step(i, roads, world, state, vehicle, actions):
    """Advance world ``i`` by one control step unless it is done."""
    if state.done[i]:
        return
    state.action[i, 0] = min(max(actions[0][i, 0], -1.0), 1.0)
    state.action[i, 1] = min(max(actions[0][i, 1], -1.0), 1.0)
    advance_vehicle(vehicle, world.weather.friction[i], state, i, CONTROL_PERIOD)
    state.step[i] += 1
    state.time[i] = state.step[i] * CONTROL_PERIOD
    before = state.s[i]
    _locate(roads, world, state, i)
    state.progress[i] += ahead(roads, world.road[i], before, state.s[i])
    events = 0
    if state.element[i] < 0 or not -roads.paved_right[
        roads.element_start[world.road[i]] + state.element[i]
    ] <= state.d[i] <= roads.paved_left[roads.element_start[world.road[i]] + state.element[i]]:
        events |= EVENT_OFF_ROAD
    if abs(state.d[i] - world.lane_centre[i]) > 1.0:
        events |= EVENT_OFF_CENTRE
    if state.progress[i] >= world.route_length[i]:
        events |= EVENT_FINISH
    if state.time[i] >= world.time_limit[i]:
        events |= EVENT_TIME_OUT
    state.events[i] = events
    state.events_ever[i] |= np.uint32(events)
    if events & (EVENT_FINISH | EVENT_TIME_OUT | EVENT_OFF_ROAD):
        state.done[i] = 1


class Simulator:
    """B worlds that step together."""

    def __init__(
        self,
        episodes: Sequence[Episode],
        device: str = "cpu",
        on_failure: str = "terminate",
        slots: int | None = None,
        vehicle: VehicleParameters = BMW_320I,
    ) -> None:
        if on_failure not in ("terminate", "put_back"):
            raise ValueError(f"on_failure must be 'terminate' or 'put_back', not {on_failure!r}")
        self.episodes = list(episodes)
        self.device, self.on_failure, self.vehicle = device, on_failure, vehicle
        self.control_period = CONTROL_PERIOD
        self.slots = slots
        self.roads, self.world = stack_episodes(self.episodes, device, slots)
        self.state: State = empty_state(len(self.episodes), self.world.actors.kind.shape[1], device)
        self.reset()

    @property
    def batch_size(self) -> int:
        """Number of worlds B."""
        return len(self.episodes)

    def _mask(self, mask: Any) -> Any:
        chosen = np.ones(self.batch_size, np.uint8) if mask is None else np.asarray(mask, np.uint8)
        return to_device(self.device, chosen)

    def reset(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Start the episodes of the worlds in ``mask`` (B) again; of all by default."""
        _reset(self.device, self.batch_size, self.roads, self.world, self.state, (self._mask(mask),))

    def step(self, actions: Any) -> None:
        """Advance all worlds that are not done by one control step with float32 (B, 2) ``actions``."""
        actions = np.ascontiguousarray(actions, np.float32) if self.device == "cpu" else actions
        _step(self.device, self.batch_size, self.roads, self.world, self.state, self.vehicle, (actions,))

    def put_back(self, mask: NDArray[np.bool_]) -> None:
        """Put the ego of the worlds in ``mask`` back to its lane."""
        for i in np.flatnonzero(to_host(self._mask(mask))):
            s = float(self.state.s[i])
            x, y, heading, _ = road_point(self.roads, int(self.world.road[i]), s, float(self.world.lane_centre[i]))
            self.state.x[i], self.state.y[i], self.state.yaw[i] = x, y, heading
            self.state.d[i], self.state.heading_error[i] = self.world.lane_centre[i], 0.0
            self.state.interventions[i] += 1

    def replace(self, index: int, episode: Episode) -> None:
        """Let world ``index`` run another episode, and reset it."""
        self.episodes[index] = episode
        self.roads, self.world = stack_episodes(self.episodes, self.device, self.world.actors.kind.shape[1])
        mask = np.zeros(self.batch_size, bool)
        mask[index] = True
        self.reset(mask)


__all__ = ["CONTROL_PERIOD", "Simulator", "World"]
