"""Where the network gets to, the label is the way back onto what the person drove, as long as that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drive_sim.learning.rounds.moments import RECORDED_WEATHER, Moments, RecordedSimulator
from drive_sim.learning.rounds.person import person_labels
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.labels import curvature_label, label_reach
from drive_sim.world.ego.vehicle import BMW_320I, acceleration_command, steering_command
from drive_sim.world.state import EVENT_OFF_ROAD, State


def test_where_the_person_was_the_labels_are_those_of_the_recording(episodes: list[SourceEpisode]) -> None:
    for episode in episodes:
        steps = episode.learnable()
        labels = person_labels(episode, episode.state, episode.unwrapped_s)
        assert labels.known[steps].all() and not np.delete(labels.known, steps).any()
        assert np.array_equal(labels.target_speed, episode.target_speed)
        assert labels.path is episode.path


def changed(state: State, **others: object) -> State:
    """Copies of all rows with some fields replaced."""
    return state._replace(
        **{name: np.broadcast_to(np.asarray(value), getattr(state, name).shape) for name, value in others.items()}
    )


@pytest.mark.parametrize("metres", [6.0, -6.0])
def test_where_an_actor_is_elsewhere_than_it_was_nothing_is_known(parked: SourceEpisode, metres: float) -> None:
    state = parked.state
    labels = person_labels(parked, changed(state, actor_s=state.actor_s + metres), parked.unwrapped_s)
    gap = state.actor_s[:, 0] - state.s
    near = np.isin(np.arange(len(gap)), parked.learnable()) & (gap > 0.0) & (gap < 20.0)
    assert near.any() and not labels.known[near].any()


def test_a_pedestrian_who_now_walks_is_another_situation(parked: SourceEpisode) -> None:
    state = parked.state
    labels = person_labels(parked, changed(state, actor_lateral_speed=2.5), parked.unwrapped_s)
    gap = state.actor_s[:, 0] - state.s
    assert not labels.known[(gap > 0.0) & (gap < 20.0)].any()


def test_nothing_is_known_past_the_end_far_from_the_path_turned_away_and_where_the_person_stood(
    episodes: list[SourceEpisode],
) -> None:
    episode = episodes[0]
    state, s = episode.state, episode.unwrapped_s
    assert not person_labels(episode, state, s + episode.driven_path.end).known.any()
    assert not person_labels(episode, state, s - s[-1]).known.any()
    assert not person_labels(episode, changed(state, d=state.d + 2.5), s).known.any()
    assert not person_labels(episode, changed(state, heading_error=0.8), s).known.any()
    assert not person_labels(episode, changed(state, element=-1), s).known.any()
    stood = SourceEpisode(episode.world, episode.period, changed(state, speed=0.5), episode.events)
    assert not person_labels(stood, state, s).known.any()


def test_a_way_back_through_a_parked_car_is_no_label(parked: SourceEpisode) -> None:
    state, s = parked.state, parked.unwrapped_s
    half = 0.5 * (parked.world.actors[0].length + BMW_320I.length)
    gap = state.actor_s[:, 0] - state.s - half
    close = np.isin(np.arange(len(gap)), parked.learnable()) & (gap > 0.5) & (gap < 3.0)
    assert close.any()
    # Right behind it, while the person was on the way round.
    beside = parked.driven_path.at(s)[0] - 1.5
    assert not person_labels(parked, changed(state, d=beside, heading_error=0.0), s).known[close].any()
    past = np.isin(np.arange(len(gap)), parked.learnable()) & (gap < -2.0 * half - 1.0)
    assert past.any() and person_labels(parked, changed(state, d=beside), s).known[past].all()


def test_a_faster_car_reads_no_further_than_the_path_was_driven(parked: SourceEpisode) -> None:
    s, fast = parked.unwrapped_s, changed(parked.state, speed=2.0 * parked.state.speed)
    known = person_labels(parked, fast, s).known
    assert known.any() and (s + label_reach(fast.speed))[known].max() <= parked.driven_path.end
    assert not known[parked.learnable()].all()


def test_nothing_is_known_where_the_recording_fails(parked: SourceEpisode) -> None:
    events = np.zeros(len(parked.events), np.int64)
    events[100] = EVENT_OFF_ROAD
    failed = replace(parked, events=events)
    known = person_labels(failed, failed.state, failed.unwrapped_s).known
    assert not known[60:120].any() and known[:40].all() and known[125:150].any()


@pytest.mark.parametrize("shift", [-0.7, 0.7])
def test_the_label_at_the_wheel_leads_from_beside_the_path_back_onto_it(
    episodes: list[SourceEpisode], shift: float
) -> None:
    """Signs and arc lengths, by closed loop: from 10 steps into the recording, beside where the person was."""
    begun = 10
    moments = Moments(np.arange(3), np.full(3, begun), np.full(3, RECORDED_WEATHER))
    simulator = RecordedSimulator(episodes, [], moments)
    state = simulator.state
    heading = state.yaw - state.heading_error
    state.x[:] -= shift * np.sin(heading)
    state.y[:] += shift * np.cos(heading)
    state.d[:] += shift
    for _ in range(60):
        action = np.zeros((3, 2), np.float32)
        for world, episode in enumerate(episodes):
            own = State(*(array[world : world + 1] for array in state))
            s = episode.unwrapped_s[begun] + own.progress - episode.state.progress[begun]
            labels = person_labels(episode, own, s)
            kappa = curvature_label(labels.path, labels.s, own.d, own.heading_error, own.speed)
            speed = float(own.speed[0])
            action[world, 0] = steering_command(BMW_320I, float(kappa[0]), speed)
            action[world, 1] = acceleration_command(BMW_320I, (float(labels.target_speed[0]) - speed) / 0.7, speed)
        simulator.step(action)
    for world, episode in enumerate(episodes):
        s = episode.unwrapped_s[begun] + state.progress[world] - episode.state.progress[begun]
        offset, _ = episode.driven_path.at(np.array([s]))
        assert abs(state.d[world] - offset[0]) < 0.25
        assert s == pytest.approx(episode.unwrapped_s[begun + 60], abs=6.0)
