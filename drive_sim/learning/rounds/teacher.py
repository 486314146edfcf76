"""A teacher: a planning driver that is asked at each visited state what it would do; the network goes on driving.

That is DAgger (Ross, Gordon & Bagnell 2011, "A reduction of imitation learning and structured prediction to no-regret
online learning") with the network alone at the wheel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.drivers.planning.planner import Intention, PlanningDriver
from drive_sim.drivers.registry import DRIVERS, make_driver
from drive_sim.learning.rounds.person import MOST_TURNED, Labels
from drive_sim.learning.views.labels import SPEED_AHEAD, SPEED_AHEAD_RISING, PlannedPaths
from drive_sim.world.roads.road import Road
from drive_sim.world.state import State

Floats = NDArray[np.float64]
WARM_UP = 2.0
"""A teacher that perceives late does not know in this time what it has met [s]."""
RISING = 0.2
"""With more acceleration than this it is heading for another speed [m/s²]."""


def make_teacher(name: str) -> PlanningDriver:
    """The planning driver of that name.

    Raises
    ------
    InputError
        There is none, or it does not plan a path.
    """
    driver = make_driver(name, source="recipe") if name in DRIVERS else None
    if not isinstance(driver, PlanningDriver):
        hint = "give human-model, expert or another that plans"
        raise InputError("recipe", "rounds_teacher", f"{name!r} is not a driver that plans a path", hint)
    return driver


def teacher_labels(road: Road, state: State, s: Floats, intention: Intention, period: float) -> Labels:
    """Labels of T visited states by what a teacher meant to do in each; ``s`` (T) is their unwrapped arc length [m]."""
    begun = intention.s - state.s
    if road.closed:
        begun = (begun + 0.5 * road.length) % road.length - 0.5 * road.length
    path = PlannedPaths(road, s + begun, intention.spacing, intention.offset)
    known = np.arange(len(s)) >= round(WARM_UP / period)
    sound = (state.element >= 0) & (np.abs(state.heading_error) < MOST_TURNED)
    return Labels(path, s, teacher_speed(intention, state.speed), known & sound)


def teacher_speed(intention: Intention, speed: Floats) -> Floats:
    """Target speed [m/s] (T) for the present ``speed`` (T), as `speed_label` has it of a driven speed."""
    soon = speed + SPEED_AHEAD * intention.acceleration
    aimed_at = speed + SPEED_AHEAD_RISING * intention.acceleration
    allowed = np.where(intention.time <= SPEED_AHEAD_RISING, intention.speed, 0.0).max(1)
    rising = np.maximum(np.minimum(aimed_at, allowed), soon)
    return np.asarray(np.maximum(np.where(intention.acceleration > RISING, rising, soon), 0.0))
