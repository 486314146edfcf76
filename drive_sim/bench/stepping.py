"""Worlds that step, alone or in a batch, with a camera or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from drive_sim.bench.episodes import ACTORS, Batch
from drive_sim.bench.figures import Effort, Figure, measure
from drive_sim.bench.hardware import thread_counts
from drive_sim.compute.device import wait_for
from drive_sim.compute.kernel import threads
from drive_sim.sensors.suite import SensorSuite


def batches(
    device: str, effort: Effort, size: int, actors: int = ACTORS, weather: str = "dry"
) -> tuple[list[Batch], int]:
    """Batches of ``size`` worlds that together go over all episodes, and how many steps of each to measure."""
    groups = max(1, effort.episodes // size)
    made = [
        Batch(group * size, size, device, effort.episodes, effort.steps, actors, weather) for group in range(groups)
    ]
    # Many worlds need fewer steps to fill the time.
    return made, max(1, min(effort.steps, effort.steps * effort.batch // size))


def stepped(
    device: str, effort: Effort, size: int, actors: int, camera: bool
) -> tuple[Callable[[], int], Callable[[], None]]:
    """Work and preparation: every world steps, and its camera looks."""
    made, steps = batches(device, effort, size, actors)
    suite = SensorSuite(("camera",), device=device) if camera else None

    def prepare() -> None:
        for batch in made:
            batch.begin()

    def work() -> int:
        for batch in made:
            for action in batch.actions[:steps]:
                batch.simulator.step(action)
                if suite is not None:
                    suite.observe(batch.simulator)
        wait_for(device)
        return len(made) * steps * size

    return work, prepare


def step_figure(key: str, what: str, device: str, effort: Effort, size: int, **options: Any) -> Figure:
    """Steps a second of ``size`` worlds; ``options``: actors, camera, threads."""
    count = options.pop("threads", 1)
    work, prepare = stepped(device, effort, size, options.get("actors", ACTORS), options.get("camera", False))
    with threads(count):
        return measure(key, what, "steps/s", effort, work, prepare, count)


def stepping(device: str, effort: Effort) -> Iterator[Figure | str]:
    """The simulator alone."""
    yield step_figure("step.1", f"1 world, {ACTORS} actors, no sensor", device, effort, 1)
    for count in thread_counts(device):
        yield step_figure(
            f"step.{effort.batch}.threads_{count}", f"{effort.batch} worlds, {ACTORS} actors, no sensor", device,
            effort, effort.batch, threads=count,
        )  # fmt: skip
