"""Through Gymnasium, with the checks and copies that it implies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np

from drive_sim.bench.episodes import ACTORS, among_actors, expert_actions
from drive_sim.bench.figures import Effort, Figure, measure
from drive_sim.bench.hardware import thread_counts
from drive_sim.bench.stepping import step_figure
from drive_sim.compute.kernel import threads
from drive_sim.sensors.suite import SENSOR_NAMES


def environment_work(environment: Any, effort: Effort) -> tuple[Callable[[], int], Callable[[], None]]:
    """Work and preparation: one episode of an environment, another each time; resets are not timed."""
    actions = expert_actions(effort.episodes, effort.steps)
    episode = [-1]

    def prepare() -> None:
        episode[0] = (episode[0] + 1) % effort.episodes
        environment.reset(seed=0, options={"episode": episode[0]})

    def work() -> int:
        for action in actions[:, episode[0]]:
            environment.step(action)
        return effort.steps

    return work, prepare


def vector_work(environment: Any, effort: Effort) -> tuple[Callable[[], int], Callable[[], None]]:
    """Work and preparation: the episodes side by side in a batched environment, from the start each time."""
    count = environment.num_envs
    numbers = np.arange(count) % effort.episodes
    environment.reset(seed=0)
    for number in set(numbers.tolist()):
        environment.reset(options={"episode": number, "reset_mask": numbers == number})
    actions = list(expert_actions(effort.episodes, effort.steps)[:, numbers])

    def prepare() -> None:
        environment.unwrapped.simulator.reset()

    def work() -> int:
        for action in actions:
            environment.step(action)
        return len(actions) * count

    return work, prepare


def environments(device: str, effort: Effort) -> Iterator[Figure | str]:
    """Through Gymnasium, with the checks and copies that it implies."""
    for key, what, sensors in (
        ("env", "env.step, odometry alone", ("odometry",)),
        ("env.camera", "env.step, camera 66×200", ("camera",)),
        ("env.all", "env.step, all sensors", SENSOR_NAMES),
    ):
        environment = gymnasium.make(
            "DriveSim-v0", scenario=among_actors(), sensors=sensors, on_failure="reset_to_lane", device=device
        )
        work, prepare = environment_work(environment, effort)
        with threads(1):
            figure = measure(key, f"{what}, {ACTORS} actors", "steps/s", effort, work, prepare)
        environment.close()
        if key == "env.camera":
            single = figure
        yield figure
    options: dict[str, Any] = {"scenario": among_actors(), "sensors": ("odometry",), "device": device}
    together = gymnasium.make_vec("DriveSim-v0", num_envs=effort.batch, on_failure="reset_to_lane", **options)
    work, prepare = vector_work(together, effort)
    for count in thread_counts(device):
        what = f"make_vec, {effort.batch} worlds, odometry alone, {ACTORS} actors"
        with threads(count):
            yield measure(f"env.{effort.batch}.threads_{count}", what, "steps/s", effort, work, prepare, count)
    together.close()
    for count in thread_counts(device):
        what = f"{effort.batch} worlds, camera 66×200, {ACTORS} actors"
        key = f"step_camera.{effort.batch}.threads_{count}"
        batched = step_figure(key, what, device, effort, effort.batch, camera=True, threads=count)
        yield batched
    gain = tuple(alone / together for alone, together in zip(single.processor, batched.processor, strict=True))
    yield Figure("ratio.batched_per_core", "the same per core, against env.step with camera", "×", gain, (), count)
