"""Which visited states are learnt from: where answer and label differ most, and those before failures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.neural.decoding import HARDEST_BRAKING, SPEED_TIME
from drive_sim.learning.rounds.driving import Drive
from drive_sim.learning.rounds.person import Labels
from drive_sim.learning.views.labels import curvature_label
from drive_sim.world.events import FAILURES

Floats = NDArray[np.float64]
WORST = 0.2
"""Share of the states, those with most disagreement."""
BEFORE_FAILURE = 2.0
"""And those of so long before a failure [s]."""
SLOWEST = 5.0
"""Curvatures are compared at this speed at least [m/s]: bends at walking pace count too."""
MOST_THROTTLE = 2.5
"""Acceleration that a target speed asks for at most [m/s²]."""


def disagreement(drive: Drive, labels: Labels) -> Floats:
    """How far apart (T) the accelerations are that the network's answer and the label ask for [m/s²].

    The lateral one is κ v², the longitudinal one what a driver makes of the target speed.
    """
    state = drive.state
    wanted = curvature_label(labels.path, labels.s, state.d, state.heading_error, state.speed)
    lateral = (drive.curvature - wanted) * np.maximum(state.speed, SLOWEST) ** 2

    def pedal(target: Floats) -> Floats:
        return np.clip((target - state.speed) / SPEED_TIME, -HARDEST_BRAKING, MOST_THROTTLE)

    longitudinal = pedal(drive.target_speed.astype(np.float64)) - pedal(labels.target_speed)
    return np.asarray(np.hypot(lateral, longitudinal))


def choose(
    drives: Sequence[Drive], labels: Sequence[Labels], apart: Sequence[Floats], period: float
) -> list[NDArray[np.int64]]:
    """The steps of each episode that are learnt from, among those whose labels are known.

    ``apart`` is the `disagreement` (T) of each episode.
    """
    known = np.concatenate([one[own.known] for one, own in zip(apart, labels, strict=True)])
    if not len(known):
        return [np.zeros(0, np.int64) for _ in drives]
    least = np.quantile(known, 1.0 - WORST)
    chosen = []
    for drive, one, own in zip(drives, apart, labels, strict=True):
        failing = np.zeros(len(one), bool)
        for step in np.flatnonzero(drive.events & FAILURES):
            failing[max(0, step + 1 - round(BEFORE_FAILURE / period)) :] = True
        chosen.append(np.flatnonzero(own.known & ((one >= least) | failing)))
    return chosen
