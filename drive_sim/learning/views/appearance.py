"""What views look like: the weather, the colours of the actors, how the body leans, and randomised appearances.

Geometry and labels are none of its business: a view shows the same road and the same actors whatever it looks like.
Natural appearances are those of the training domains. A share of the views (`ViewSettings.randomised`) is drawn far
wider than nature, from numbers of its own: the other views stay as they are to the bit, whatever that share is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.randomness import generator
from drive_sim.learning.settings import ViewSettings
from drive_sim.learning.views.randomised import Randomised, randomised
from drive_sim.world.roads.road import Roads
from drive_sim.world.scenarios.episode import Episode, WeatherSpec, weather_arrays
from drive_sim.world.state import State, World


class Appearances:
    """Draws what views look like.

    Parameters
    ----------
    weathers
        Those of the training domains, which views are redrawn in.
    worlds
        The recorded episodes, whose actors lend each other their colours.
    """

    def __init__(self, weathers: Sequence[WeatherSpec], worlds: Sequence[Episode], settings: ViewSettings) -> None:
        self._weathers, self._palette, self._settings = weather_arrays(list(weathers)), _palette(worlds), settings

    def natural(self, rng: np.random.Generator, world: World, state: State) -> tuple[World, State]:
        """The views' worlds (n) in natural appearances; the arrays of ``world.weather`` are changed in place."""
        settings, count = self._settings, len(world.seed)
        redrawn = np.flatnonzero(rng.random(count) < settings.redrawn_weather)
        pick = rng.integers(0, len(self._weathers.friction), len(redrawn))
        for mine, pool in zip(world.weather, self._weathers, strict=True):
            mine[redrawn] = pool[pick]
        actors = world.actors._replace(colour=self._repainted(rng, world))
        world = world._replace(seed=rng.integers(0, 1 << 62, count), actors=actors)
        leaning = state._replace(
            pitch=state.pitch + rng.normal(0.0, settings.body_sigma, count),
            roll=state.roll + rng.normal(0.0, settings.body_sigma, count),
        )
        return world, leaning

    def randomised(self, key: Sequence[object], roads: Roads, world: World, cameras: int) -> Randomised:
        """The views that the key chooses to look like nothing in nature; their part of ``world`` is changed in place.

        Parameters
        ----------
        key
            Of the views, as `ViewSource.draw` has it.
        roads
            What ``world.road`` counts.
        cameras
            How many images a view has.
        """
        rng, count = generator("appearance", *key), len(world.seed)
        chosen = np.flatnonzero(rng.random(count) < self._settings.randomised)
        return randomised(rng, roads, world, chosen, cameras)

    def _repainted(self, rng: np.random.Generator, world: World) -> NDArray[np.float32]:
        """Colours of the actors (n, N, 3), some taken from other actors of their kind in the recording."""
        colours, kinds = world.actors.colour.copy(), world.actors.kind
        chosen = (rng.random(len(kinds)) < self._settings.repainted)[:, None] & (kinds > 0)
        draws = rng.random(kinds.shape)
        for kind, palette in self._palette.items():
            worn = chosen & (kinds == kind)
            colours[worn] = palette[(draws[worn] * len(palette)).astype(np.int64)]
        return colours


def _palette(episodes: Sequence[Episode]) -> dict[int, NDArray[np.float32]]:
    """Colours (n, 3) that each kind of road user wears in the episodes."""
    worn: dict[int, list[tuple[float, float, float]]] = {}
    for actor in (actor for episode in episodes for actor in episode.actors):
        worn.setdefault(actor.kind, []).append(actor.colour)
    return {kind: np.array(colours, np.float32) for kind, colours in sorted(worn.items())}
