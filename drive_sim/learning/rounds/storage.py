"""The visited states of a round on disk, beside the checkpoint: safetensors, nothing that is executed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from drive_sim.base.errors import InputError
from drive_sim.base.files import replace_file
from drive_sim.learning.rounds.moments import world_of
from drive_sim.learning.views.episodes import VISITED, Reference, SourceEpisode
from drive_sim.learning.views.labels import PlannedPaths
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.state import State

PLANS = ("start", "spacing", "offset")
"""Arrays of `PlannedPaths`."""


@dataclass(frozen=True, eq=False)
class Visited:
    """One visited episode, as it is kept: T steps."""

    episode: int
    """Of the recorded episodes that are learnt from, the one in whose world it is."""
    weather: int
    """As in `Moments`."""
    state: State
    events: NDArray[np.int64]
    reference: Reference
    """Its path is the recorded episode's, or `PlannedPaths`."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything by name, but the recorded path."""
        reference = self.reference
        arrays = {f"state.{name}": array for name, array in zip(State._fields, self.state, strict=True)}
        arrays |= {"events": self.events, "s": reference.s, "target_speed": reference.target_speed}
        arrays |= {"steps": reference.steps, "place": np.array([self.episode, self.weather])}
        if isinstance(reference.path, PlannedPaths):
            arrays |= {f"plan.{name}": getattr(reference.path, name) for name in PLANS}
        return {name: np.ascontiguousarray(array) for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], recorded: Sequence[SourceEpisode]) -> Visited:
        """Inverse of `arrays`."""
        episode, weather = (int(value) for value in arrays["place"])
        state = State(*(arrays[f"state.{name}"] for name in State._fields))
        planned = f"plan.{PLANS[0]}" in arrays
        given = [arrays[f"plan.{name}"] for name in PLANS] if planned else []
        source = recorded[episode]
        path = PlannedPaths(source.world.road, *given) if planned else source.driven_path
        reference = Reference(path, arrays["s"], arrays["target_speed"], arrays["steps"])
        return cls(episode, weather, state, arrays["events"], reference)

    def source(self, recorded: Sequence[SourceEpisode], weathers: Sequence[WeatherSpec]) -> SourceEpisode:
        """The episode as views are drawn from it."""
        own = recorded[self.episode]
        world = world_of(own, self.weather, weathers)
        return SourceEpisode(world, own.period, self.state, self.events, VISITED, self.reference)


def save_round(path: Path, visited: Sequence[Visited]) -> str:
    """Write the episodes; the SHA-256 of the file, which is complete before it gets its name."""
    arrays = {f"{number}.{name}": array for number, one in enumerate(visited) for name, array in one.arrays().items()}
    data = save(arrays, {"episodes": str(len(visited))})
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data)
    return hashlib.sha256(data).hexdigest()


def load_round(path: Path, digest: str, recorded: Sequence[SourceEpisode]) -> list[Visited]:
    """The episodes that `save_round` wrote, whose SHA-256 is ``digest``.

    Raises
    ------
    InputError
        The file is missing, or another than was written.
    """
    hint = "train without --resume"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, "", f"cannot be read ({error.strerror})", hint) from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError(path, "", "is not what the training run wrote", hint)
    try:
        arrays = load(data)
    except SafetensorError as error:
        raise InputError(path, "", f"cannot be read ({error})", hint) from None
    episodes: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        number, _, own = name.partition(".")
        episodes.setdefault(int(number), {})[own] = array
    return [Visited.from_arrays(episodes[number], recorded) for number in sorted(episodes)]
