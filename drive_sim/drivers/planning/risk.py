"""When a careful and competent driver sees a risk in another road user, and when the risk becomes a danger.

After the driver model of UN Regulation No. 157, Annex 4, Appendix 3 ("guidance on traffic disturbance critical
scenarios for ALKS"), which three situations lead to a full brake:

- *cut-in*: the centre of a vehicle has moved more than 0.375 m from the centre of its lane towards ours; the risk is
  judged for 0.4 s, and is a danger below a time to collision of 2 s;
- *cut-out*: the vehicle ahead has moved 0.375 m out of its lane's centre and shows what it hid; 0.4 s, and a
  headway of 2 s;
- *deceleration*: the vehicle ahead brakes harder than 5 m/s²; 0.4 s, and a headway of 2 s.

What the regulation leaves open is filled in here. People on foot are judged like vehicles that cut in, if they would
be in the way before we are past. An actor that is in our way from the beginning, or has turned out to be no danger, is
followed; it becomes a danger when stopping short of it takes more than 5 m/s² (the regulation's 5.3.1.1 calls a
demand beyond that an emergency).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import allocate, inner_scalar
from drive_sim.drivers.planning.line_of_sight import is_hidden_by
from drive_sim.drivers.planning.speed import follow
from drive_sim.world.roads.coordinates import ahead
from drive_sim.world.state import ACTOR_BUS, ACTOR_CAR, ACTOR_LORRY, ACTOR_NONE, ACTOR_PEDESTRIAN

WANDERING = 0.375
"""Sideways deviation that is mere wandering in a lane [m]."""
RISK_TIME = 0.4
"""For which a risk is judged before it is one [s]."""
REACTION_TIME = 0.75
"""From the judgement to the brake [s]."""
CRITICAL_TIME = 2.0
"""Time to collision, and headway, below which a risk is a danger [s]."""
HARD_DECELERATION = 5.0
"""Of a vehicle ahead: harder is a risk [m/s²]. Also the hardest that we brake without danger."""
PATH_MARGIN = 0.2
"""An actor that leaves less room than this beside the ego is in its way [m]."""
STEADY = 0.05
"""Slower sideways than this is none [m/s]."""
WALKER_LATE = 1.0
"""A pedestrian who gets into our way this long after we are past still counts [s]."""
_BEGUN = 1e-6
"""A clock that has just started [s]; one that has not is at 0."""


@lasting
class Watch(NamedTuple):
    """The driver's memory of the actors (B, N) and of its own decisions; float64 unless said."""

    home: Any  # [m] d from which their sideways movement counts: the centre of the lane, or where they stand
    noticed: Any  # [s] for how long a risk has been judged, 0 none
    braked: Any  # [s] for how long they have braked hard
    recent: Any  # uint8: a risk that came up before our eyes and is not settled yet
    danger: Any  # uint8 (B): the brake is to be applied in full
    decisions: Any  # (B, D) [m/s²] what was decided in the last reaction time; a ring
    acceleration: Any  # (B) [m/s²] what the foot asks for now
    fresh: Any  # uint8 (B): the episode has just begun


def empty_watch(batch: int, actors: int, period: float, device: str = "cpu") -> Watch:
    """A zeroed `Watch` for B worlds with N actor slots and a control period [s]."""
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("home", "noticed", "braked", "recent"), (batch, actors))
    shapes["decisions"] = (batch, max(1, round(REACTION_TIME / period)))
    types: dict[str, Any] = dict.fromkeys(("recent", "danger", "fresh"), np.uint8)
    return Watch(*(allocate(device, shapes.get(name, (batch,)), types.get(name, np.float64)) for name in Watch._fields))


@inner_scalar
def resting_place(roads, road, d):
    """Where an actor at ``d`` [m] belongs: the centre of the lane if that is within `WANDERING`, else just there."""
    lanes = roads.lanes_forward[road] if d < 0.0 else roads.lanes_backward[road]
    lane = math.floor((abs(d) - 0.5 * roads.median[road]) / roads.lane_width[road])
    centre = 0.5 * roads.median[road] + (lane + 0.5) * roads.lane_width[road]
    if 0 <= lane < lanes and abs(abs(d) - centre) <= WANDERING:
        return math.copysign(centre, d)
    return d


@inner_scalar
def _hides(i, m, n, seen, watch, world, state):
    """Whether vehicle ``m`` keeps its place before actor ``n``: the regulation's cut-out begins as it leaves."""
    kind = seen.kind[i, m]
    if kind != ACTOR_CAR and kind != ACTOR_LORRY and kind != ACTOR_BUS:
        return False
    return abs(seen.d[i, m] - watch.home[i, m]) <= WANDERING and is_hidden_by(i, m, n, world, state)


@inner_scalar
def _is_risk(i, n, gap, seen, watch, state, half_width):
    """Whether actor ``n``, ``gap`` [m] ahead, is in our way or is about to come there."""
    offset = seen.d[i, n] - state.d[i]
    room = abs(offset) - seen.half_width[i, n] - half_width
    if room < PATH_MARGIN:
        return True
    approach = -math.copysign(1.0, offset) * seen.lateral_speed[i, n]
    if approach < STEADY or abs(seen.d[i, n] - watch.home[i, n]) <= WANDERING:
        return False
    if seen.kind[i, n] != ACTOR_PEDESTRIAN:
        return True
    passed = (gap + 2.0 * seen.half_length[i, n] + 5.0) / max(state.speed[i], 1.0)
    return (room - PATH_MARGIN) / approach < passed + WALKER_LATE


@inner_scalar
def notice(i, n, gap, roads, world, state, seen, watch, half_width, period):
    """Advance what is known of actor ``n``, ``gap`` [m] ahead; whether its risk is perceived."""
    if abs(seen.lateral_speed[i, n]) < STEADY:
        watch.home[i, n] = resting_place(roads, world.road[i], seen.d[i, n])
    judged = watch.noticed[i, n] >= RISK_TIME - 1e-3
    if not _is_risk(i, n, gap, seen, watch, state, half_width):
        watch.noticed[i, n], watch.recent[i, n] = 0.0, 0
        return False
    if not judged:
        for m in range(seen.kind.shape[1]):
            if _hides(i, m, n, seen, watch, world, state):
                watch.noticed[i, n] = 0.0
                return False
        if watch.fresh[i]:
            # An actor that is in the way from the beginning has been seen for long.
            watch.noticed[i, n] = RISK_TIME
        elif watch.noticed[i, n] == 0.0:
            watch.noticed[i, n], watch.recent[i, n] = _BEGUN, 1
        else:
            watch.noticed[i, n] += period
        judged = watch.noticed[i, n] >= RISK_TIME - 1e-3
    return judged


@inner_scalar
def _is_danger(i, n, gap, closing, state, seen, watch, period):
    """Whether actor ``n``, a perceived risk that we approach at ``closing`` [m/s], calls for a full brake."""
    if seen.acceleration[i, n] < -HARD_DECELERATION:
        watch.braked[i, n] = _BEGUN if watch.braked[i, n] == 0.0 else watch.braked[i, n] + period
    else:
        watch.braked[i, n] = 0.0
    if watch.recent[i, n] and (closing <= 0.0 or (gap >= CRITICAL_TIME * closing and _settled(i, n, seen))):
        watch.recent[i, n] = 0
    if closing <= 0.0:
        return False
    if watch.recent[i, n] and gap < CRITICAL_TIME * closing:
        return True
    if watch.braked[i, n] >= RISK_TIME - 1e-3 and gap < CRITICAL_TIME * state.speed[i]:
        return True
    return closing * closing > 2.0 * HARD_DECELERATION * gap


@inner_scalar
def _settled(i, n, seen):
    """Whether actor ``n`` no longer moves sideways."""
    return abs(seen.lateral_speed[i, n]) < STEADY


@inner_scalar
def decide(i, roads, world, state, seen, manner, watch, wish, wanted, hardest, half_length, half_width, period):
    """Acceleration [m/s²] decided now: ``wish`` on a clear road, less for whom to follow, ``-hardest`` in danger.

    ``wanted`` is the speed on a clear road [m/s]; half sizes [m] are the ego's.
    """
    speed = state.speed[i]
    approached = False
    for n in range(seen.kind.shape[1]):
        if watch.fresh[i] and seen.kind[i, n] != ACTOR_NONE:
            watch.home[i, n] = resting_place(roads, world.road[i], seen.d[i, n])
    for n in range(seen.kind.shape[1]):
        distance = ahead(roads, world.road[i], state.s[i], seen.s[i, n])
        if seen.kind[i, n] == ACTOR_NONE or distance <= 0.0:
            watch.noticed[i, n], watch.braked[i, n], watch.recent[i, n] = 0.0, 0.0, 0
            continue
        gap = max(distance - seen.half_length[i, n] - half_length, 0.1)
        if not notice(i, n, gap, roads, world, state, seen, watch, half_width, period):
            continue
        closing = speed - seen.speed[i, n]
        if _is_danger(i, n, gap, closing, state, seen, watch, period):
            watch.danger[i] = 1
        approached = approached or closing > 0.0
        # That an actor brakes shows in the speed that is lost; how hard takes `RISK_TIME` to judge.
        following = follow(speed, wanted, gap, max(seen.speed[i, n], 0.0), 0.0, manner, i)
        wish = min(wish, max(following, -HARD_DECELERATION))
    if not approached:
        watch.danger[i] = 0
    return -hardest if watch.danger[i] else wish
