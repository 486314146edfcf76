"""Moments of recordings, and a simulator whose worlds begin at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.source import state_rows
from drive_sim.learning.views.strata import stratum, weights
from drive_sim.world.events import FAILURES
from drive_sim.world.scenarios.episode import Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import State

EARLIER = 6.0
"""An episode begins at most this long before the moment that it is to come to [s]."""
AFTER_FAILURE = 1.0
"""None begins sooner after a recorded failure [s]."""
RECORDED_WEATHER = -1


class Moments(NamedTuple):
    """Where B episodes begin."""

    episode: NDArray[np.int64]
    """(B) which recorded episode."""
    step: NDArray[np.int64]
    """(B) the step of it."""
    weather: NDArray[np.int64]
    """(B) which of the weathers, or `RECORDED_WEATHER`."""


def draw_moments(
    episodes: Sequence[SourceEpisode], count: int, weathers: int, redrawn: float, rng: np.random.Generator
) -> Moments:
    """Moments shortly before such as views are drawn from, so that what is met comes as often.

    Parameters
    ----------
    weathers
        How many weathers there are.
    redrawn
        Share of moments with another weather than the recording's.
    """
    steps = [episode.learnable() for episode in episodes]
    owner = np.repeat(np.arange(len(episodes)), [len(own) for own in steps])
    kinds = np.concatenate([stratum(episode)[own] for episode, own in zip(episodes, steps, strict=True)])
    cumulative = np.cumsum(weights(kinds, np.zeros(len(kinds), np.int64), {}))
    row = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    row = np.minimum(row, len(owner) - 1)
    chosen, step = owner[row], np.concatenate(steps)[row]
    earlier = rng.uniform(0.0, EARLIER, count)
    for number in range(count):
        episode = episodes[chosen[number]]
        failed = np.flatnonzero(episode.events[: step[number]] & FAILURES)
        first = failed[-1] + 1 + round(AFTER_FAILURE / episode.period) if len(failed) else 0
        step[number] = min(max(step[number] - round(earlier[number] / episode.period), first), step[number])
    weather = np.where(rng.random(count) < redrawn, rng.integers(0, weathers, count), RECORDED_WEATHER)
    return Moments(chosen, step, weather)


def world_of(episode: SourceEpisode, weather: int, weathers: Sequence[WeatherSpec]) -> Episode:
    """The recorded world, in another weather if one is named, though with the recording's friction.

    The speeds that were driven hold for that friction.
    """
    if weather == RECORDED_WEATHER:
        return episode.world
    return replace(episode.world, weather=replace(weathers[weather], friction=episode.world.weather.friction))


class RecordedSimulator(Simulator):
    """A simulator on the CPU whose worlds begin at ``moments`` of recorded episodes, actors included."""

    def __init__(
        self, episodes: Sequence[SourceEpisode], weathers: Sequence[WeatherSpec], moments: Moments, **options: Any
    ) -> None:
        chosen = [episodes[number] for number in moments.episode]
        worlds = [world_of(e, w, weathers) for e, w in zip(chosen, moments.weather, strict=True)]
        slots = max(1, *(episode.state.actor_x.shape[1] for episode in chosen))
        begun = [state_rows(e.state, np.array([s]), slots) for e, s in zip(chosen, moments.step, strict=True)]
        starts = State(*(np.concatenate(parts) for parts in zip(*begun, strict=True)))
        nothing = np.zeros(len(chosen))
        self._starts = starts._replace(
            done=nothing, events=nothing, events_ever=nothing, interventions=nothing, stalled_for=nothing
        )
        super().__init__(worlds, slots=slots, **options)

    def reset(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Begin the episodes of the worlds in ``mask`` (B) at their moments again; all by default."""
        super().reset(mask)
        chosen = np.ones(self.batch_size, bool) if mask is None else np.asarray(mask, bool)
        for array, start in zip(self.state, self._starts, strict=True):
            array[chosen] = start[chosen]
