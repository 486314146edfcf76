"""Encounters: meeting another road user that demands a reaction, from when it matters to how it ended.

Only actors with ``demands_reaction`` are met in this sense, each at most once an episode.

Begin
    The first step at which the actor has begun its script (or has none), the gap between the bumpers along the road
    is at most 50 m or 4 s at the ego's speed, whichever is more, and the ego is not already past it. An ego that
    times out or stalls standing still, short of any encounter, meets the next such actor on its route there and then.
End
    The first of: contact with the actor; a lane reset, or a failure that ends the episode; the ego is past: its rear
    has got past the actor's far end along the road; the actor leaves the road's end; the end of the episode.
Outcome
    *contact* and *failed* are not passes. *past* is a pass. At the end an actor that moved along with
    the ego (same direction, at 2 m/s or more on average: slow lead, braking lead, cut-in) counts as *followed*, a
    pass, if the ego made progress: on average at least half as fast as the actor or the speed limit, whichever is
    less, and not standing for the last 10 s. Otherwise the outcome is *no progress*, not a pass. Following a cyclist
    so is no pass: if the other side was free for long enough to overtake, it is *no progress* (`could_overtake`), else
    *not demanded*, which is not counted.
    *unavoidable* are all encounters of an episode that says so of itself; they are not counted.
    *open* encounters are not counted: the route ended before the ego could be past; time ran out while the ego was
    still moving and had had less than twice the time that passing takes at the speed it came with (5 s at least); or
    another encounter ended it by contact, which is counted there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drive_sim.evaluation.logs.episode_log import EpisodeLog, Floats
from drive_sim.world.roads.careful_speed import LATERAL_ACCELERATION
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.state import (
    ACTOR_CYCLIST,
    ACTOR_NAMES,
    EVENT_FINISH,
    EVENT_STALL,
    EVENT_TIME_OUT,
    PHASE_GONE,
    TRIGGER_NONE,
)

Outcome = Literal["past", "followed", "contact", "failed", "no progress", "not demanded", "unavoidable", "open"]

BEGIN_DISTANCE = 50.0
"""[m] between bumpers."""
BEGIN_HEADWAY = 4.0
"""[s]"""
FOLLOWED_SPEED = 2.0
"""Actors slower than this along the road [m/s] have to be got past: the ego cannot follow a pedestrian."""
PROGRESS_SHARE = 0.5
"""Of the speed that the actor, or the speed limit, allowed."""
STANDSTILL_SPEED = 0.5
"""[m/s]"""
OVERTAKEN = (ACTOR_CYCLIST,)
"""Kinds that have to be overtaken where the other side is free for long enough."""
OVERTAKING_ACCELERATION = 1.5
"""[m/s²]; from following to overtaking."""
PULLING_IN = 10.0
"""The ego overtakes until it is so far in front of the actor [m] ..."""
OVERTAKING_TIME = 3.0
"""... so much sooner than an oncoming vehicle could be there [s]."""
PATIENCE = 10.0
"""Longest standstill at the end of a followed encounter [s]."""
SHORTEST = 5.0
"""An encounter cut off by the clock before this [s] says nothing."""


@dataclass(frozen=True)
class Encounter:
    """One meeting; ``begin`` and ``end`` are steps of the episode's log."""

    slot: int
    actor: str
    """Class of the actor: car, pedestrian, cone, ..."""
    begin: int
    end: int
    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Without contact and with progress."""
        return self.outcome in ("past", "followed")

    @property
    def counted(self) -> bool:
        """Whether it says something about the driver: decided before the end, demanded, not unavoidable."""
        return self.outcome not in ("open", "not demanded", "unavoidable")


def find_encounters(log: EpisodeLog) -> tuple[Encounter, ...]:
    """The encounters of an episode, by slot of the actor; the module's docstring defines them."""
    specs = log.facts.actors
    met = [
        encounter
        for slot, spec in enumerate(specs)
        if spec.demands_reaction and (encounter := _encounter(log, slot, spec))
    ]
    left_standing = log.steps and log.events[-1] & (EVENT_TIME_OUT | EVENT_STALL) and log.speed[-1] < STANDSTILL_SPEED
    if left_standing and all(encounter.outcome == "past" for encounter in met):
        slot = _next_in_the_way(log, {encounter.slot for encounter in met})
        if slot is not None:
            met.append(Encounter(slot, ACTOR_NAMES[specs[slot].kind], log.steps - 1, log.steps - 1, "no progress"))
    if log.facts.unavoidable:
        met = [replace(encounter, outcome="unavoidable") for encounter in met]
    return tuple(sorted(met, key=lambda encounter: encounter.slot))


def longitudinal_distance(log: EpisodeLog, slot: int) -> Floats:
    """(T) [m] from the ego's middle to the actor's along the road, positive ahead; the shorter way round."""
    return _wrap(log.actor_s[:, slot] - log.s, log)


def half_lengths(log: EpisodeLog, spec: ActorSpec) -> float:
    """Half the ego's length and half the actor's extent along the road [m]: bumpers touch at this distance."""
    extent = abs(math.cos(spec.yaw_offset)) * spec.length + abs(math.sin(spec.yaw_offset)) * spec.width
    return 0.5 * (log.facts.vehicle_length + extent)


def encounter_steps(log: EpisodeLog, encounters: tuple[Encounter, ...], afterwards: float = 0.0) -> NDArray[np.bool_]:
    """(T) whether an encounter is under way, or ended at most ``afterwards`` [s] ago."""
    steps = np.zeros(log.steps, bool)
    for encounter in encounters:
        steps[encounter.begin : encounter.end + 1 + round(afterwards / log.facts.control_period)] = True
    return steps


def _wrap(along: Floats, log: EpisodeLog) -> Floats:
    """Differences of s [m] by the shorter way round a closed road."""
    if not log.facts.road_closed:
        return along
    length = log.facts.road_length
    return along - length * np.floor(along / length + 0.5)


def _first(mask: NDArray[np.bool_], start: int) -> int | None:
    """First step from ``start`` on at which the mask holds."""
    found = np.flatnonzero(mask[start:])
    return start + int(found[0]) if len(found) else None


def is_there(log: EpisodeLog, slot: int) -> NDArray[np.bool_]:
    """(T) whether the actor is still on the road: those that drive off its end are gone."""
    return log.actor_phase[:, slot] != PHASE_GONE


def _encounter(log: EpisodeLog, slot: int, spec: ActorSpec) -> Encounter | None:
    distance = longitudinal_distance(log, slot)
    half = half_lengths(log, spec)
    there = is_there(log, slot)
    past = (distance < -half) & there
    near = distance - half <= np.maximum(BEGIN_DISTANCE, BEGIN_HEADWAY * log.speed)
    begun = (log.actor_phase[:, slot] > 0) | (spec.trigger == TRIGGER_NONE)
    contact = log.hit_actor == slot
    begin = _first((begun & there & near & ~past) | contact, 0)
    if begin is None:
        return None
    last = (_first(~there, begin) or log.steps) - 1
    broken = log.lane_resets.copy()
    broken[-1] |= log.failed
    hit, stop, clear = (
        log.steps if step is None else step for step in (_first(mask, begin) for mask in (contact, broken, past))
    )
    name = ACTOR_NAMES[spec.kind]
    if hit <= min(stop, clear, last):
        return Encounter(slot, name, begin, hit, "contact")
    # In the step of a lane reset the pose is already the one after it: being past then is not the driver's doing.
    if stop <= min(clear, last):
        other = int(log.hit_actor[stop])
        elsewhere = other >= 0 and log.facts.actors[other].demands_reaction
        return Encounter(slot, name, begin, stop, "open" if elsewhere else "failed")
    if clear <= last:
        return Encounter(slot, name, begin, clear, "past")
    return Encounter(slot, name, begin, last, _unfinished(log, slot, begin, last, float(distance[begin]) + half))


def _unfinished(log: EpisodeLog, slot: int, begin: int, last: int, to_pass: float) -> Outcome:
    """Outcome of an encounter that nothing ended by step ``last``; ``to_pass`` [m] were left at its begin."""
    period = log.facts.control_period
    duration = (last - begin) * period
    rolling = log.speed[: last + 1] >= STANDSTILL_SPEED
    if duration < SHORTEST and rolling[-1]:
        return "open"
    travelled = float(np.sum(_wrap(np.diff(log.actor_s[begin : last + 1, slot]), log)))
    if duration and travelled >= FOLLOWED_SPEED * duration:
        allowed = min(travelled / duration, log.facts.speed_limit)
        driven = float(log.progress[last] - log.progress[begin]) / duration
        stood = _first(rolling[::-1], 0)
        standing = (len(rolling) if stood is None else stood) * period
        if driven < PROGRESS_SHARE * allowed or standing > PATIENCE:
            return "no progress"
        if log.facts.actors[slot].kind not in OVERTAKEN:
            return "followed"
        return "no progress" if could_overtake(log, slot, begin, last) else "not demanded"
    if last + 1 < log.steps or log.events[last] & EVENT_FINISH:
        return "open"
    needed = to_pass / max(float(log.speed[begin]), 1.0)
    return "open" if rolling[-1] and duration < 2.0 * needed else "no progress"


def could_overtake(log: EpisodeLog, slot: int, begin: int, last: int) -> bool:
    """Whether at some step of an encounter the other side was free for long enough to overtake its actor.

    From a step on the ego would drive the road that it drove afterwards at v(s) = min(speed limit, √(a / |κ|)) with
    a careful driver's a, against an actor that keeps its speed v_c. It has to gain on it the gap, both lengths,
    `PULLING_IN` and what it loses while speeding up, (v_limit − v_c)² / (2 · 1.5 m/s²). Takes that T seconds and D
    metres, then the side is free if the oncoming vehicle is further away than D + v_o · (T + `OVERTAKING_TIME`).
    """
    facts, steps = log.facts, slice(begin, last + 1)
    progress = np.maximum.accumulate(log.progress[steps])
    bend = np.maximum(np.abs(log.curvature[steps]), 1e-9)
    pace = np.minimum(facts.speed_limit, np.sqrt(LATERAL_ACCELERATION / bend))
    time = np.concatenate([[0.0], np.cumsum(np.diff(progress) / pace[1:])])
    actor_speed = log.actor_speed[steps, slot]
    spare = np.maximum(facts.speed_limit - actor_speed, 0.0)
    length = 2.0 * half_lengths(log, facts.actors[slot])
    to_gain = (
        longitudinal_distance(log, slot)[steps] + 0.5 * length + PULLING_IN + spare**2 / (2.0 * OVERTAKING_ACCELERATION)
    )
    coming = [other for other, spec in enumerate(facts.actors) if spec.direction < 0 and spec.start_speed > 0.0]
    for step in range(len(progress)):
        distance, duration = progress[step:] - progress[step], time[step:] - time[step]
        past = _first(distance - actor_speed[step] * duration >= to_gain[step], 0)
        if past is not None and _other_side_is_free(log, coming, begin + step, float(distance[past]), duration[past]):
            return True
    return False


def _other_side_is_free(log: EpisodeLog, coming: list[int], step: int, distance: float, duration: float) -> bool:
    """Whether none of ``coming`` can be met within ``distance`` [m] and ``duration`` [s] after a step."""
    for slot in coming:
        ahead = float(longitudinal_distance(log, slot)[step])
        reach = distance + log.actor_speed[step, slot] * (duration + OVERTAKING_TIME)
        if is_there(log, slot)[step] and -half_lengths(log, log.facts.actors[slot]) < ahead < reach:
            return False
    return True


def _next_in_the_way(log: EpisodeLog, met: set[int]) -> int | None:
    """Slot of the nearest demanding actor on the rest of the route that the ego has not met; None without one."""
    left = max(log.facts.route_length - float(log.progress[-1]), 0.0)
    ahead = {
        slot: float(longitudinal_distance(log, slot)[-1])
        for slot, spec in enumerate(log.facts.actors)
        if spec.demands_reaction and slot not in met and is_there(log, slot)[-1]
    }
    reachable = {slot: distance for slot, distance in ahead.items() if 0.0 < distance <= left}
    return min(reachable, key=lambda slot: reachable[slot]) if reachable else None
