"""What every figure is measured on: the same short episodes, on country roads among other road users."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import to_device
from drive_sim.drivers.planning.expert import ExpertDriver
from drive_sim.rollout import Step, run
from drive_sim.world.scenarios.episode import ActorSpec, Episode
from drive_sim.world.scenarios.scenario import Scenario, load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTOR_CAR,
    ACTOR_CONE,
    ACTOR_CYCLIST,
    ACTOR_LORRY,
    ACTOR_PEDESTRIAN,
    ACTOR_SIZE,
    MOTION_LANE,
    MOTION_STATIC,
)

ACTORS = 8
_LONG = 1e4
"""Time limit of an episode [s]: none ends while it is measured."""

# Kind, distance ahead of the ego at the start [m], place: the actors in view of a car that drives for a few seconds.
_AROUND = (
    (ACTOR_CAR, 22.0, "lane"),
    (ACTOR_CAR, 75.0, "oncoming"),
    (ACTOR_PEDESTRIAN, 30.0, "verge"),
    (ACTOR_LORRY, 50.0, "lane"),
    (ACTOR_CAR, 120.0, "oncoming"),
    (ACTOR_CAR, 40.0, "verge"),
    (ACTOR_CYCLIST, 55.0, "verge"),
    (ACTOR_CONE, 45.0, "verge"),
    (ACTOR_CAR, 100.0, "lane"),
    (ACTOR_LORRY, 210.0, "oncoming"),
    (ACTOR_CAR, 135.0, "lane"),
    (ACTOR_PEDESTRIAN, 95.0, "verge"),
    (ACTOR_CAR, 260.0, "oncoming"),
    (ACTOR_CAR, 110.0, "verge"),
    (ACTOR_CONE, 75.0, "verge"),
    (ACTOR_CONE, 80.0, "verge"),
)


@dataclass(frozen=True)
class AmongActors(Scenario):
    """A scenario whose episodes have ``actors`` other road users around the ego, and no end in sight."""

    actors: int = ACTORS

    def draw(self, number: int) -> Episode:
        """Episode ``number`` with its own road and weather."""
        episode = super().draw(number)
        actors = tuple(_actor(episode, *place) for place in _AROUND[: self.actors])
        return replace(episode, actors=actors, time_limit=_LONG)


@cache
def among_actors(actors: int = ACTORS, weather: str = "dry") -> AmongActors:
    """Country roads in one weather, with so many other road users (16 at most)."""
    rural = load_scenario("lane-keeping/rural")
    definition = rural.definition.model_copy(update={"weather": {weather: 1.0}})
    return AmongActors(rural.name, rural.split, definition, rural.road, actors)


def _actor(episode: Episode, kind: int, distance: float, place: str) -> ActorSpec:
    length, width, height = ACTOR_SIZE[kind]
    road, along = episode.road, place != "verge"
    offset = {
        "lane": road.lane_centre(episode.lane),
        "oncoming": road.oncoming_lane_centre(0),
        "verge": road.lane_centre(episode.lane) - road.lane_width / 2 - 2.0,
    }[place]
    return ActorSpec(
        kind=kind,
        length=length,
        width=width,
        height=height,
        start_s=episode.start_s + distance,
        start_d=offset,
        direction=-1 if place == "oncoming" else 1,
        start_speed=episode.start_speed if along else 0.0,
        desired_speed=0.9 * episode.speed_limit if along else 0.0,
        motion=MOTION_LANE if along else MOTION_STATIC,
    )


@cache
def expert_actions(count: int, steps: int) -> NDArray[np.float32]:
    """What the expert does in the first steps of each of ``count`` episodes: float32 (steps, count, 2).

    Found out beforehand, so that a measured step is driven well and yet costs no driver.
    """
    simulator = Simulator([among_actors().draw(number) for number in range(count)], on_failure="reset_to_lane")
    actions = np.zeros((steps, count, 2), np.float32)

    class Watch:
        def on_reset(self, *_: Any) -> None: ...

        def on_step(self, step: Step) -> None:
            actions[step.index] = step.action

        def on_finish(self, *_: Any) -> None: ...

    run(simulator, ExpertDriver(), [Watch()], max_steps=steps)
    return actions


class Batch:
    """B worlds on the episodes in turn, with the actions that drive them, on a device."""

    def __init__(
        self, first: int, size: int, device: str, episodes: int, steps: int, actors: int = ACTORS, weather: str = "dry"
    ) -> None:
        numbers = [number % episodes for number in range(first, first + size)]
        drawn = {number: among_actors(actors, weather).draw(number) for number in set(numbers)}
        # An episode of its own for each world, on a road that worlds share.
        self.simulator = Simulator([drawn[number] for number in numbers], device, "reset_to_lane")
        taken = expert_actions(episodes, steps)[:, numbers]
        self.actions = [to_device(device, np.ascontiguousarray(action)) for action in taken]

    def begin(self) -> None:
        """Back to the start."""
        self.simulator.reset()

    def go_on(self, steps: int) -> None:
        """Drive the first steps."""
        for action in self.actions[:steps]:
            self.simulator.step(action)
