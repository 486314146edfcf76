"""What an image consists of: scenes that differ in one thing, rendered in alternation; the difference of times.

The whole is an image in rain, among road users and trees, through a dirty lens. Its stages are measured on scenes with
one of these each, so that the rest is what they cost in each other's company.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from drive_sim.bench.episodes import ACTORS, among_actors, expert_actions
from drive_sim.bench.figures import Effort, Measured
from drive_sim.bench.profiling.stages import Profile, stage
from drive_sim.compute.device import wait_for
from drive_sim.compute.kernel import threads, to_device
from drive_sim.sensors.camera.faults import CameraFaults, FaultyCameras
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.world.scenarios.files import weather_domains
from drive_sim.world.simulator import RESET_TO_LANE, Simulator

WEATHER = "rain"
"""Of the whole."""
FAULTS = CameraFaults(noise=5.0, dirt=0.3)
PINHOLE = CameraConfig()
LENS = CameraConfig(k1=-0.2, k2=0.03)
"""A camera whose lens distorts."""
WHAT = f"an image 66×200 in {WEATHER}, {ACTORS} actors, trees and houses, dirt and noise; 1 thread"


@dataclass(frozen=True)
class View:
    """What is rendered, and how."""

    weather: str = "dry"
    actors: int = 0
    scenery: bool = False
    """Trees, posts and houses beside the road."""
    faults: bool = False
    layers: tuple[str, ...] = ("rgb",)
    camera: CameraConfig = PINHOLE


BARE = View()
WHOLE = View(WEATHER, ACTORS, scenery=True, faults=True)
STAGES = {
    "ground": ("ground, sky and grey levels", BARE),
    "scenery": ("objects: trees, posts, houses", replace(BARE, scenery=True)),
    "actors": (f"objects: {ACTORS} actors", replace(BARE, actors=ACTORS)),
    "weather": (f"weather: {WEATHER}", replace(BARE, weather=WEATHER)),
    "faults": ("faults: dirt and noise", replace(BARE, faults=True)),
}
"""Stages of the whole: in words, and a view that has this one beside the bare ground."""
BESIDE = {
    "labels": ("class, depth and instance", replace(BARE, layers=LAYERS)),
    "lens": ("a lens that distorts", replace(BARE, camera=LENS)),
}
"""The same of what the whole does not have; `weather_domains` join them."""


def profile_image(device: str, effort: Effort) -> Profile:
    """Stages of an image, in wall time."""
    beside = BESIDE | {
        f"weather.{name}": (f"weather: {name}", replace(BARE, weather=name))
        for name in weather_domains()
        if name not in (BARE.weather, WEATHER)
    }
    views = {name: view for name, (_, view) in (STAGES | beside).items()} | {"whole": WHOLE}
    with threads(1):
        kinds = {name: Measured(_work(view, device, effort), None, effort.least_time) for name, view in views.items()}
        for turn in range(effort.repeats + 1):
            for kind in kinds.values():
                kind.once(keep=turn > 0)
    times = {name: [1.0 / rate for rate in kind.rates] for name, kind in kinds.items()}

    def extra(name: str) -> list[float]:
        """What it costs beside the bare ground [s], in each repeat."""
        return [there - bare for there, bare in zip(times[name], times["ground"], strict=True)]

    return Profile(
        "image",
        WHAT,
        tuple(
            stage(f"image.{name}", what, times[name] if name == "ground" else extra(name))
            for name, (what, _) in STAGES.items()
        ),
        stage("image.whole", "whole", times["whole"]),
        tuple(
            stage(f"image.{name}", f"beside the bare ground: {what}", extra(name)) for name, (what, _) in beside.items()
        ),
    )


def _work(view: View, device: str, effort: Effort) -> Callable[[], int]:
    """Work: an image of each episode, half-way along."""
    simulator = Simulator(list(_episodes(view, effort)), device, RESET_TO_LANE)
    for action in expert_actions(effort.episodes, effort.steps)[: effort.steps // 2]:
        simulator.step(to_device(device, np.ascontiguousarray(action)))
    rig = CameraRig((view.camera,))
    frames = rig.allocate(device, effort.episodes, view.layers)
    faulty = FaultyCameras(FAULTS, device) if view.faults else None

    def work() -> int:
        rig.render(device, simulator.roads, simulator.world, simulator.state, view.layers, frames)
        if faulty is not None:
            faulty.spoil(simulator, {view.camera.name: frames.rgb[:, 0]})
        wait_for(device)
        return effort.episodes

    return work


def _episodes(view: View, effort: Effort) -> Iterator[Any]:
    for number in range(effort.episodes):
        episode = among_actors(view.actors, view.weather).draw(number)
        scenery = episode.weather.scenery if view.scenery else 0.0
        yield replace(episode, weather=replace(episode.weather, scenery=scenery))
