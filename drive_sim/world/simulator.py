"""Reset and step for B worlds on CPU or CUDA: one kernel call a step, one item a world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import Repeated, allocate, kernel, scalar, to_device
from drive_sim.world.collision import NO_CONTACT
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters, advance_vehicle
from drive_sim.world.events import (
    FAILURES,
    NONE_NEAR,
    collision_event,
    look_ahead,
    meet_actor,
    place_events,
    progress_events,
)
from drive_sim.world.placement import reset_ego, reset_ego_to_lane, track
from drive_sim.world.roads.pool import RoadPool, assign
from drive_sim.world.scenarios.episode import Episode, build_world
from drive_sim.world.state import EVENT_FINISH, EVENT_OFF_CENTRE, EVENT_TIME_OUT, empty_state
from drive_sim.world.traffic.actors import advance_actor, plan_actor, reset_actor
from drive_sim.world.traffic.script import exists

CONTROL_PERIOD = 0.05
"""Time between two commands [s]."""
END = EVENT_FINISH | EVENT_TIME_OUT
"""Events that end every episode."""
FULL_BRAKE = -1.0
"""Acceleration command in place of one that is not finite; the last steering command stays in force."""
TERMINATE, RESET_TO_LANE = "terminate", "reset_to_lane"


@scalar
def _command(value):
    """A command limited to [-1, 1]."""
    return min(float(value), 1.0) if value >= -1.0 else -1.0


@scalar
def _obey(state, i, commands, invalid):
    """Put the command given to world ``i`` into force; brake fully, steer as before and count one not finite."""
    if math.isfinite(commands[i, 0]) and math.isfinite(commands[i, 1]):
        state.action[i, 0] = _command(commands[i, 0])
        state.action[i, 1] = _command(commands[i, 1])
    else:
        state.action[i, 1] = FULL_BRAKE
        invalid[i] += 1


@scalar
def move_actors(roads, vehicle, world, state, i, ego_before):
    """Move the actors of world ``i`` after its ego has moved from ``ego_before``; EVENT_COLLISION_* of contacts."""
    events, first = 0, NO_CONTACT
    state.hit_actor[i] = -1
    state.gap[i] = NONE_NEAR
    for n in range(world.actors.kind.shape[1]):
        if not exists(world, state, i, n):
            continue
        before = (state.actor_x[i, n], state.actor_y[i, n], state.actor_yaw[i, n])
        advance_actor(roads, world, state, i, n, CONTROL_PERIOD)
        time, gap = meet_actor(vehicle, world, state, i, n, ego_before, before)
        state.gap[i] = min(state.gap[i], gap)
        if time < NO_CONTACT:
            events |= collision_event(world.actors.kind[i, n])
            if time < first:
                first = time
                state.hit_actor[i] = n
    return events


@kernel(grain=192)
def _step(i, roads, world, state, vehicle, actions, puts_back):
    """Advance world ``i`` by one control step unless it is done."""
    if state.done[i]:
        return
    _obey(state, i, actions[0], actions[1])
    before = (state.x[i], state.y[i], state.yaw[i])
    size = (vehicle.length, vehicle.width)
    for n in range(world.actors.kind.shape[1]):
        if exists(world, state, i, n):
            plan_actor(roads, world, state, size, i, n, CONTROL_PERIOD)
    advance_vehicle(vehicle, world.weather.friction[i], state, i, CONTROL_PERIOD)
    state.step[i] += 1
    state.time[i] = state.step[i] * CONTROL_PERIOD
    track(roads, world, state, i)
    events = move_actors(roads, vehicle, world, state, i, before)
    state.time_to_collision[i], reason = look_ahead(roads, vehicle, world, state, i)
    events |= place_events(roads, vehicle, world, state, i)
    events |= progress_events(world, state, reason, i, CONTROL_PERIOD)
    state.events[i] = events
    state.events_ever[i] |= np.uint32(events)
    if events & END or (events & FAILURES and not puts_back):
        state.done[i] = 1
    elif puts_back and events & (FAILURES | EVENT_OFF_CENTRE):
        reset_ego_to_lane(roads, vehicle, world, state, i)


@kernel(grain=256)
def _reset(i, roads, world, state, vehicle, mask):
    """Begin the episode of world ``i`` again where ``mask`` says so."""
    if mask[0][i]:
        mask[1][i] = 0
        reset_ego(roads, vehicle, world, state, i)
        for n in range(world.actors.kind.shape[1]):
            reset_actor(roads, world, state, i, n)


@kernel(grain=256)
def _reset_to_lane(i, roads, world, state, vehicle, mask):
    """Put the ego of world ``i`` back where ``mask`` says so; a failed episode goes on."""
    if mask[0][i] and not state.events_ever[i] & np.uint32(END):
        reset_ego_to_lane(roads, vehicle, world, state, i)
        state.done[i] = 0


class Simulator:
    """B worlds that step together.

    Parameters
    ----------
    episodes
        One for each world.
    device
        ``"cpu"`` or ``"cuda"``: where state and roads are.
    on_failure
        ``"terminate"``: a collision, leaving the road, driving the wrong way or a stall ends the episode.
        ``"reset_to_lane"``: those, and being more than 1 m off the lane's centre, count an intervention; the ego is put
        back into its lane and the clock goes on. The end of the route or of the time ends every episode.
    slots
        Actor slots of each world; by default as many as the fullest episode needs. Fixed from then on, so give
        enough for the episodes that `replace` will bring.
    vehicle
        The ego car.

    Attributes
    ----------
    roads, world, state
        What kernels read, on ``device``. `replace` may renew ``roads``; ask for it anew each time. A world whose
        ``state.done`` is set is frozen: no step changes it.
    invalid_commands
        int32 (B), on ``device``: commands since the episode began that were not finite numbers.
    """

    def __init__(
        self,
        episodes: Sequence[Episode],
        device: str = "cpu",
        on_failure: str = TERMINATE,
        slots: int | None = None,
        vehicle: VehicleParameters = BMW_320I,
    ) -> None:
        if on_failure not in (TERMINATE, RESET_TO_LANE):
            raise ValueError(f"on_failure must be {TERMINATE!r} or {RESET_TO_LANE!r}, not {on_failure!r}")
        if not episodes:
            raise ValueError("at least one episode is needed")
        self.episodes = list(episodes)
        self.device, self.on_failure, self.vehicle = device, on_failure, vehicle
        self.control_period = CONTROL_PERIOD
        most = max(1, *(len(episode.actors) for episode in self.episodes))
        self.slots = most if slots is None else slots
        if most > self.slots:
            raise ValueError(f"{most} actors do not fit into {self.slots} slots")
        self._pool = RoadPool(self._distinct_roads(), device)
        self.world = build_world(self.episodes, self._road_indices(), self.slots, device)
        self.state = empty_state(len(self.episodes), self.slots, device)
        self._step = Repeated(_step)
        self.invalid_commands = allocate(device, (len(self.episodes),), np.int32)
        # Actions are copied to where the compiled code knows to find them.
        self._actions = (np.zeros((len(self.episodes), 2), np.float32), self.invalid_commands)
        self.reset()

    @property
    def batch_size(self) -> int:
        """Number of worlds B."""
        return len(self.episodes)

    @property
    def roads(self) -> Any:
        """The roads of all worlds, `Roads`."""
        return self._pool.roads

    def reset(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Begin the episodes of the worlds in ``mask`` (B) again; of all by default."""
        self._run_masked(_reset, mask)

    def step(self, actions: Any) -> None:
        """Advance the worlds that are not done by one control step.

        ``actions`` is (B, 2), [steering, acceleration] in [-1, 1]: beyond is cut off. Where either is not a finite
        number, the ego brakes fully, the last steering command stays in force, and `invalid_commands` counts it. With
        ``device="cuda"`` it may lie on the device as float32 (a torch tensor, say).
        """
        self._step(
            self.device, self.batch_size, self.roads, self.world, self.state, self.vehicle,
            self._on_device(actions), self.on_failure == RESET_TO_LANE,
        )  # fmt: skip

    def reset_to_lane(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Put the ego of the worlds in ``mask`` (B) back to the middle of its lane, ahead of what is in the way.

        It drives on at a speed that suits the next bends, and the lane reset counts as an intervention. A world that a
        failure has ended goes on; one that has reached its route's end or its time limit stays as it is.
        """
        self._run_masked(_reset_to_lane, mask)

    def replace(self, index: int, episode: Episode) -> None:
        """Let world ``index`` begin another episode, in place; the others are not touched."""
        if len(episode.actors) > self.slots:
            raise ValueError(f"{len(episode.actors)} actors do not fit into {self.slots} slots")
        self.episodes[index] = episode
        road = self._pool.find(episode.road)
        if road is None:
            road = self._pool.append(episode.road)
        if road is None:
            # Full, mostly of roads that are no longer driven: begin anew, with room for the next ones.
            self._pool = RoadPool(self._distinct_roads(), self.device, spare=1.0)
            indices = self._road_indices()
            assign(self.world.road, 0, np.array(indices, np.int32))
            road = indices[index]
        _assign_row(self.world, build_world([episode], [road], self.slots), index)
        mask = np.zeros(self.batch_size, bool)
        mask[index] = True
        self.reset(mask)

    def _distinct_roads(self) -> list[Any]:
        return list({id(episode.road): episode.road for episode in self.episodes}.values())

    def _road_indices(self) -> list[int]:
        found = [self._pool.find(episode.road) for episode in self.episodes]
        return [index for index in found if index is not None]

    def _run_masked(self, run: Any, mask: NDArray[np.bool_] | None) -> None:
        chosen = np.ones(self.batch_size, np.uint8) if mask is None else np.asarray(mask, bool).astype(np.uint8)
        if chosen.shape != (self.batch_size,):
            raise ValueError(f"mask must have shape ({self.batch_size},), not {chosen.shape}")
        asked = (to_device(self.device, chosen), self.invalid_commands)
        run(self.device, self.batch_size, self.roads, self.world, self.state, self.vehicle, asked)

    def _on_device(self, actions: Any) -> tuple[Any, Any]:
        if self.device == "cuda" and hasattr(actions, "__cuda_array_interface__"):
            from numba import cuda

            return cuda.as_cuda_array(actions), self.invalid_commands
        host = np.ascontiguousarray(actions, np.float32)
        if host.shape != (self.batch_size, 2):
            raise ValueError(f"actions must have shape ({self.batch_size}, 2), not {host.shape}")
        if self.device != "cpu":
            return to_device(self.device, host), self.invalid_commands
        self._actions[0][:] = host
        return self._actions


def invalid_commands_notice(name: str) -> str:
    """The line that tells of commands of the driver ``name`` that are not finite numbers."""
    return f"{name} gives commands that are not finite numbers: the ego brakes fully, and invalid_commands counts them"


def _assign_row(target: Any, source: Any, row: int) -> None:
    """Copy the only row of each array of a (nested) tuple into a row of another's."""
    for array, values in zip(target, source, strict=True):
        if isinstance(array, tuple):
            _assign_row(array, values, row)
        else:
            assign(array, row, values)
