"""Driving the scenes and keeping what went well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drive_sim.base.progress import Report
from drive_sim.learning.captured import Captured
from drive_sim.learning.transplants.encounters import pass_scene
from drive_sim.learning.transplants.following import FollowingDriver
from drive_sim.learning.transplants.habit import Habit
from drive_sim.learning.transplants.passes import find_passes
from drive_sim.learning.transplants.scenes import NoSceneError, Scene, lane_scene
from drive_sim.learning.views.episodes import TRANSPLANTED, SourceEpisode
from drive_sim.rollout import run
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.events import FAILURES, event_names
from drive_sim.world.simulator import CONTROL_PERIOD, Simulator
from drive_sim.world.state import EVENT_FINISH

LANE_SHARE = 0.4
"""Of the transplants, those that keep a lane; the others get past something."""
BATCH = 128
"""Scenes driven together."""
MOST_TRIES = 8
"""Scenes drawn for each transplant that is wanted, at most."""
LEAST_GAP = 0.3
"""A run that comes nearer to an actor than this is thrown away [m]."""
LARGEST_ERROR = 0.5
"""A run that strays further from its path than this is thrown away [m]."""


@dataclass(frozen=True)
class Transplants:
    """What `transplant` made."""

    episodes: list[SourceEpisode]
    summary: dict[str, Any]
    """JSON-ready: ``passes`` of the person by class, ``kept`` by what they show, ``thrown_away`` by reason."""


def transplant(
    episodes: Sequence[SourceEpisode], count: int, seed: int, report: Report = lambda share, text: None
) -> Transplants:
    """``count`` episodes, or as many as come out, of a person's manoeuvres on roads they did not drive.

    A pure function of the episodes, ``count`` and ``seed``.
    """
    passes, habit = find_passes(episodes), Habit.fit(episodes)
    lanes = round(LANE_SHARE * count) if passes else count
    kept: list[SourceEpisode] = []
    what: Counter[str] = Counter()
    thrown: Counter[str] = Counter()
    draws: list[tuple[int, Callable[[int], Scene]]] = [
        (lanes, lambda number: lane_scene(habit, CONTROL_PERIOD, seed, number)),
        (count - lanes, lambda number: pass_scene(passes, habit, CONTROL_PERIOD, seed, number)),
    ]
    for wanted, draw in draws:
        number, goal = 0, len(kept) + wanted
        while len(kept) < goal and number < MOST_TRIES * wanted:
            scenes: list[Scene] = []
            while len(scenes) < min(BATCH, goal - len(kept)) and number < MOST_TRIES * wanted:
                try:
                    scenes.append(draw(number))
                except NoSceneError as reason:
                    thrown[str(reason)] += 1
                number += 1
            for scene, (episode, failed) in zip(scenes, _driven(scenes), strict=True):
                if failed:
                    thrown[failed] += 1
                else:
                    kept.append(episode)
                    what[scene.kind] += 1
            report(len(kept) / count, f"{len(kept)} of {count} transplants")
    found = Counter(f"{one.kind} on the {one.side}" for one in passes)
    summary = {
        name: dict(sorted(c.items())) for name, c in (("passes", found), ("kept", what), ("thrown_away", thrown))
    }
    return Transplants(kept, summary)


def _driven(scenes: Sequence[Scene]) -> list[tuple[SourceEpisode, str]]:
    """Each scene as it was driven, and what is wrong with that; "" where nothing is."""
    if not scenes:
        return []
    driven = Captured()
    run(
        Simulator([scene.world for scene in scenes]),
        FollowingDriver([scene.plan for scene in scenes], CONTROL_PERIOD),
        [driven],
    )
    episodes = [driven.episode(number, TRANSPLANTED) for number in range(len(scenes))]
    return [(one, _fault(one, driven.clearance(n), scenes[n])) for n, one in enumerate(episodes)]


def _fault(episode: SourceEpisode, clearance: float, scene: Scene) -> str:
    """Why the ``episode`` that was driven is no transplant; "" if it is one. ``clearance`` [m] is its least."""
    ever, state, road = int(np.bitwise_or.reduce(episode.events)), episode.state, scene.world.road
    failures = event_names(ever & FAILURES)
    if failures:
        return str(failures[0])
    if not ever & EVENT_FINISH:
        return "did not arrive"
    if clearance < LEAST_GAP:
        return "too close"
    if np.abs(state.d - scene.plan.path.at(state.s)[0]).max() > LARGEST_ERROR:
        return "strayed from its path"
    error = state.heading_error
    reach = 0.5 * (BMW_320I.width * np.abs(np.cos(error)) + BMW_320I.length * np.abs(np.sin(error)))
    left, right = road.paved_left[state.element], road.paved_right[state.element]
    if np.any(state.d + reach > left) or np.any(state.d - reach < -right):
        return "off the pavement"
    return "" if len(episode.learnable()) else "nothing to learn from"
