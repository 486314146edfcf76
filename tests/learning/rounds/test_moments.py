"""A round begins where the recording was, with everything that takes part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drive_sim.learning.rounds.moments import RECORDED_WEATHER, Moments, RecordedSimulator, draw_moments
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.state import EVENT_OFF_ROAD

WEATHERS = [WeatherSpec("fog", friction=0.3, fog_visibility=60.0)]
FOLLOWED = 20


def test_the_recorded_commands_from_a_moment_on_lead_where_they_led(episodes: list[SourceEpisode]) -> None:
    steps = np.array([10, 33, 61])
    moments = Moments(np.arange(3), steps, np.full(3, RECORDED_WEATHER))
    simulator = RecordedSimulator(episodes, WEATHERS, moments)
    for number in range(FOLLOWED + 1):
        for world, (episode, step) in enumerate(zip(episodes, steps + number, strict=True)):
            count = len(episode.world.actors)
            for name in ("x", "y", "yaw", "speed", "s", "d", "time", "progress"):
                assert getattr(simulator.state, name)[world] == getattr(episode.state, name)[step]
            for name in ("actor_x", "actor_y", "actor_speed", "actor_phase", "actor_timer"):
                there, then = (getattr(state, name) for state in (simulator.state, episode.state))
                assert np.array_equal(there[world, :count], then[step, :count])
        simulator.step(np.stack([e.state.action[step + 1] for e, step in zip(episodes, steps + number, strict=True)]))


def test_another_weather_keeps_the_friction_that_was_driven_on(episodes: list[SourceEpisode]) -> None:
    moments = Moments(np.array([0, 0]), np.array([5, 5]), np.array([RECORDED_WEATHER, 0]))
    recorded, other = RecordedSimulator(episodes, WEATHERS, moments).episodes
    assert recorded is episodes[0].world
    assert other.weather == replace(WEATHERS[0], friction=recorded.weather.friction)


def test_moments_depend_on_the_key_alone_and_lie_in_the_recording(episodes: list[SourceEpisode]) -> None:
    first, again = (draw_moments(episodes, 40, 7, 0.5, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    lengths = np.array([len(episode.events) for episode in episodes])
    assert ((first.step >= 0) & (first.step < lengths[first.episode])).all()
    assert {RECORDED_WEATHER} < set(first.weather.tolist()) <= {RECORDED_WEATHER, *range(7)}
    assert len(set(first.episode.tolist())) == 3


def test_no_moment_is_shortly_after_a_recorded_failure(episodes: list[SourceEpisode]) -> None:
    events = np.zeros(len(episodes[0].events), np.int64)
    events[10] = EVENT_OFF_ROAD
    steps = draw_moments([replace(episodes[0], events=events)], 200, 1, 0.0, np.random.default_rng(0)).step
    assert len(steps) == 200 and not ((steps > 10) & (steps <= 10 + 20)).any()
