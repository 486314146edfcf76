"""Learnt from are the states in which answer and label differ most, and those before a failure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drive_sim.learning.rounds.driving import Drive
from drive_sim.learning.rounds.person import Labels, person_labels
from drive_sim.learning.rounds.selection import choose, disagreement
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.labels import curvature_label
from drive_sim.world.state import EVENT_COLLISION_VEHICLE


@pytest.fixture
def labels(parked: SourceEpisode) -> Labels:
    """The recording's own."""
    return person_labels(parked, parked.state, parked.unwrapped_s)


@pytest.fixture
def right(parked: SourceEpisode, labels: Labels) -> Drive:
    """A network that answers what it should."""
    state = parked.state
    kappa = curvature_label(labels.path, labels.s, state.d, state.heading_error, state.speed)
    return Drive(state, parked.events, kappa.astype(np.float32), labels.target_speed.astype(np.float32))


def test_disagreement_is_the_difference_of_the_accelerations_asked_for(right: Drive, labels: Labels) -> None:
    assert disagreement(right, labels)[labels.known] == pytest.approx(0.0, abs=1e-4)
    speed = right.state.speed
    bent = replace(right, curvature=right.curvature + np.float32(0.01))
    assert disagreement(bent, labels) == pytest.approx(0.01 * np.maximum(speed, 5.0) ** 2, abs=1e-3)
    slow = replace(right, target_speed=(speed - 1.4).astype(np.float32))
    steady = labels._replace(target_speed=speed)
    assert disagreement(slow, steady) == pytest.approx(2.0, abs=1e-3)
    # Full throttle is all that either asks for.
    fast = replace(right, target_speed=(speed + 30.0).astype(np.float32))
    assert disagreement(fast, labels._replace(target_speed=speed + 10.0)) == pytest.approx(0.0, abs=1e-3)


def test_the_worst_fifth_of_what_is_known_is_kept(right: Drive, labels: Labels) -> None:
    count = len(right.events)
    wrong = replace(right, curvature=right.curvature + np.linspace(0.0, 0.05, count, dtype=np.float32))
    (steps,) = choose([wrong], [labels], [disagreement(wrong, labels)], 0.05)
    known = np.flatnonzero(labels.known)
    assert np.array_equal(steps, known[-len(steps) :]) and len(steps) == pytest.approx(0.2 * len(known), abs=1.0)
    nothing = labels._replace(known=np.zeros(count, bool))
    assert [
        len(own) for own in choose([wrong, wrong], [nothing, nothing], [disagreement(wrong, nothing)] * 2, 0.05)
    ] == [0, 0]


def test_the_two_seconds_before_a_failure_are_kept(right: Drive, labels: Labels) -> None:
    last = 100
    early = replace(right, curvature=right.curvature + np.linspace(0.05, 0.0, len(right.events), dtype=np.float32))
    cut = Drive(
        type(right.state)(*(array[: last + 1] for array in right.state)),
        np.where(np.arange(last + 1) == last, EVENT_COLLISION_VEHICLE, 0),
        early.curvature[: last + 1],
        early.target_speed[: last + 1],
    )
    own = Labels(labels.path, labels.s[: last + 1], labels.target_speed[: last + 1], np.ones(last + 1, bool))
    (steps,) = choose([cut], [own], [disagreement(cut, own)], 0.05)
    assert set(range(last - 39, last + 1)) <= set(steps.tolist())
    assert last - 41 not in steps
