"""The rounds of a training run: when they are driven, and the views before and after each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.randomness import generator
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import Model
from drive_sim.learning.learner import Learner
from drive_sim.learning.rounds.driving import Drive, drive
from drive_sim.learning.rounds.moments import Moments, RecordedSimulator, draw_moments
from drive_sim.learning.rounds.person import Labels, person_labels
from drive_sim.learning.rounds.selection import choose, disagreement
from drive_sim.learning.rounds.storage import Visited, load_round, save_round
from drive_sim.learning.rounds.teacher import make_teacher, teacher_labels
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.view_dataset import chunks
from drive_sim.learning.views.episodes import Reference, SourceEpisode
from drive_sim.learning.views.source import Views, ViewSource
from drive_sim.world.events import FAILURES
from drive_sim.world.scenarios.episode import WeatherSpec

FILE_NAME = "round_{}.safetensors"


def round_starts(settings: TrainingSettings) -> list[int]:
    """Numbers of the chunks that each round comes before, spread evenly over the run."""
    return [round(number * settings.chunks / (settings.rounds + 1)) for number in range(1, settings.rounds + 1)]


class OnPolicyRounds:
    """Views for a training run: of the recording, and after each round of what was visited too.

    Parameters
    ----------
    episodes, weathers
        The recorded episodes in whose worlds the network drives, and the appearances that views may be drawn in.
    learner
        Whose averaged network drives.
    folder
        Where visited states are kept for a run that resumes.
    progress
        What the checkpoint keeps: ``chunk``, the first to come, and ``rounds``, what is told of each round so far.
    tell
        Called with the chunk before which a round was driven, and what is told of it.
    """

    def __init__(
        self,
        episodes: Sequence[SourceEpisode],
        weathers: Sequence[WeatherSpec],
        learner: Learner,
        folder: Path,
        progress: dict[str, Any],
        tell: Callable[[int, dict[str, Any]], None],
    ) -> None:
        self.episodes, self.weathers = list(episodes), list(weathers)
        self.learner, self.folder, self.progress, self.tell = learner, folder, progress, tell
        self._teacher = make_teacher(learner.settings.rounds_teacher) if learner.settings.rounds_teacher else None

    def chunks(
        self, source: ViewSource, views_with: Callable[[list[SourceEpisode]], ViewSource]
    ) -> Iterator[tuple[int, Views]]:
        """Every chunk to come with its number: from ``source``, and then from that with the visited episodes given."""
        settings, first = self.learner.settings, self.progress["chunk"]
        starts = round_starts(settings)
        visited: list[SourceEpisode] = []
        for number, (start, end) in enumerate(zip([0, *starts], [*starts, settings.chunks], strict=True)):
            if first >= settings.chunks:
                return
            if number:
                visited += self._loaded(number) if start < first else self._driven(number, start)
            if end > first:
                drawn_from = views_with(visited) if visited else source
                yield from chunks(drawn_from, settings, max(start, first), end)

    def _loaded(self, number: int) -> list[SourceEpisode]:
        """What a round before the run was cut off had visited."""
        path, told = self.folder / FILE_NAME.format(number), self.progress["rounds"][number - 1]
        found = load_round(path, told["sha256"], self.episodes)
        return [one.source(self.episodes, self.weathers) for one in found]

    def _driven(self, number: int, chunk: int) -> list[SourceEpisode]:
        """Drive a round; what was visited and is to be learnt from."""
        settings = self.learner.settings
        rng = generator("round", settings.seed, number)
        moments = draw_moments(
            self.episodes, settings.rounds_episodes, len(self.weathers), settings.sampling.redrawn_weather, rng
        )
        drives = drive(RecordedSimulator(self.episodes, self.weathers, moments), self._driver(), self._teacher)
        labels = [self._labels(one, *where) for one, where in zip(drives, _places(moments), strict=True)]
        apart = [disagreement(one, own) for one, own in zip(drives, labels, strict=True)]
        steps = choose(drives, labels, apart, self.episodes[0].period)
        found = [
            Visited(episode, weather, one.state, one.events, Reference(own.path, own.s, own.target_speed, kept))
            for one, own, kept, episode, weather in zip(
                drives, labels, steps, moments.episode.tolist(), moments.weather.tolist(), strict=True
            )
            if len(kept)
        ]
        digest = save_round(self.folder / FILE_NAME.format(number), found)
        told = {"sha256": digest, "chunk": chunk, **_told(drives, labels, apart, steps, self.episodes[0].period)}
        self.progress["rounds"] = [*self.progress["rounds"][: number - 1], told]
        self.tell(chunk, told)
        return [one.source(self.episodes, self.weathers) for one in found]

    def _driver(self) -> NeuralDriver:
        network, cameras = self.learner.driving_network, self.learner.settings.cameras
        model = Model(network.settings, cameras[0], copy.deepcopy(network), {}, "", tuple(cameras[1:]))
        return NeuralDriver(model, "learner", self.learner.device)

    def _labels(self, one: Drive, episode: int, step: int) -> Labels:
        """Labels of an episode that began at a ``step`` of a recorded one."""
        recorded = self.episodes[episode]
        s = recorded.unwrapped_s[step] + one.state.progress - recorded.state.progress[step]
        if one.intention is None:
            return person_labels(recorded, one.state, s)
        return teacher_labels(recorded.world.road, one.state, s, one.intention, recorded.period)


def _places(moments: Moments) -> list[tuple[int, int]]:
    return list(zip(moments.episode.tolist(), moments.step.tolist(), strict=True))


def _told(
    drives: Sequence[Drive],
    labels: Sequence[Labels],
    apart: Sequence[NDArray[np.float64]],
    steps: Sequence[NDArray[np.int64]],
    period: float,
) -> dict[str, Any]:
    """What is told of a round: numbers for people, curves and the model's config.json."""
    visited = sum(len(one.events) for one in drives)
    failures = sum(bool((one.events & FAILURES).any()) for one in drives)
    distance = sum(float(one.state.odometer[-1] - one.state.odometer[0]) for one in drives) / 1000.0
    known = np.concatenate([one[own.known] for one, own in zip(apart, labels, strict=True)])
    return {
        "seconds": round(visited * period, 2),
        "kilometres": round(distance, 4),
        "failures": failures,
        "interventions_per_km": round(failures / max(distance, 1e-3), 4),
        "visited": visited,
        "labelled": len(known),
        "kept": int(sum(len(kept) for kept in steps)),
        "disagreement": round(float(known.mean()), 4) if len(known) else 0.0,
    }
