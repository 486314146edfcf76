"""Driving a suite: batches of worlds through the closed loop, scored and let go one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from drive_sim.base.progress import Report
from drive_sim.compute.kernel import to_host
from drive_sim.evaluation.logs.rollout_log import RolloutLog, TimingLog
from drive_sim.evaluation.logs.trace import Trace, trace_of
from drive_sim.evaluation.real_time import OnTime, StepPacer
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.running.energy import EnergyWindow
from drive_sim.evaluation.running.preventability import judged
from drive_sim.evaluation.statistics.estimates import EpisodeScore, score_episode
from drive_sim.evaluation.suites.conditions import AS_IT_IS, Condition, degraded
from drive_sim.rollout import Observer, Step, run
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.simulator import CONTROL_PERIOD, Simulator

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver

BATCH = {"cpu": 32, "cuda": 1024}
"""Worlds driven at once unless asked otherwise: on a CPU more are hardly faster, and an interruption loses a batch."""
REPORT_EVERY = 20
"""Steps between two reports of progress."""
WARM_UP_STEPS = 20
"""Before latencies count: the first decisions load code and weights."""


@dataclass(frozen=True)
class Conditions:
    """How a suite is driven."""

    on_failure: str
    device: str
    batch: int
    """Worlds at once."""
    real_time: bool = False
    """One world, paced by the clock; a decision that takes too long leaves the last command in force."""
    latency: int = 0
    """Control steps from an image to the command that answers it, on top of the driver's own."""
    name: str = ""
    """Of the suite's condition; "" where the suite has none."""
    condition: Condition = AS_IT_IS


@dataclass
class DrivenEpisodes:
    """What one driver did, batch by batch: after an interruption it holds the batches that were finished."""

    facts: DriverFacts
    scores: list[EpisodeScore] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    """One an episode, where they are kept."""
    timings: list[TimingLog] = field(default_factory=list)
    """One a batch."""
    wall_time: float = 0.0
    """[s] of all the driving and scoring."""
    processor_time: float = 0.0
    """[s] of all threads during it."""
    energy: EnergyWindow | None = None
    """Over all the driving and scoring; None before it."""


class _Progress(Observer):
    """Reports how far a batch is: by the length of its routes, as the ends of its episodes are not known."""

    def __init__(self, report: Report, first: int, total: int, name: str) -> None:
        self._report, self._first, self._total, self._name = report, first, total, name

    def on_step(self, step: Step) -> None:
        """Tell every second or so of simulated time."""
        if step.index % REPORT_EVERY:
            return
        episodes = step.simulator.episodes
        limits = np.array([episode.route_length for episode in episodes])
        driven = np.clip(to_host(step.simulator.state.progress) / limits, 0.0, 1.0)
        driven[~step.active] = 1.0
        done = self._first + float(driven.sum())
        self._report(done / self._total, f"{self._name}: {int(done)} of {self._total} episodes")


def drive(
    driven: DrivenEpisodes,
    driver: Driver,
    episodes: Sequence[Episode],
    conditions: Conditions,
    report: Report,
    keep_traces: bool = False,
    preventable: Sequence[bool | None] = (),
) -> None:
    """Let ``driver`` drive every episode once and put what it did into ``driven``, in the order of the episodes.

    ``preventable`` holds the verdicts of `judge_preventable` on them; without it nothing is said of that.
    """
    wall, processor = perf_counter(), process_time()
    verdicts = preventable or [None] * len(episodes)
    batch = 1 if conditions.real_time else conditions.batch
    driver = under(conditions, driver)
    if conditions.real_time:
        _simulate(driver, episodes[:1], conditions, [], WARM_UP_STEPS)
    driven.energy = driven.energy or EnergyWindow(conditions.device)
    for first in range(0, len(episodes), batch):
        report(first / len(episodes), f"{driver.name}: {first} of {len(episodes)} episodes")
        log = RolloutLog(conditions.name)
        observers: list[Any] = [log, _Progress(report, first, len(episodes), driver.name)]
        at_wheel = OnTime(driver, CONTROL_PERIOD) if conditions.real_time else driver
        if conditions.real_time:
            observers.append(StepPacer())
        _simulate(at_wheel, episodes[first : first + batch], conditions, observers)
        timing = _score(driven, log, verdicts[first : first + batch], keep_traces)
        if isinstance(at_wheel, OnTime):
            timing = replace(timing, decision_time=np.array(at_wheel.decisions))
        driven.timings.append(timing)
        driven.energy.extend()
        driven.wall_time += perf_counter() - wall
        driven.processor_time += process_time() - processor
        wall, processor = perf_counter(), process_time()


def _score(driven: DrivenEpisodes, log: RolloutLog, verdicts: Sequence[bool | None], keep_traces: bool) -> TimingLog:
    """Score the episodes of a batch; what it took, the scoring included."""
    started = perf_counter()
    logs = [judged(episode, verdict) for episode, verdict in zip(log.episodes(), verdicts, strict=True)]
    driven.scores += [score_episode(episode) for episode in logs]
    if keep_traces:
        driven.traces += [trace_of(episode) for episode in logs]
    return log.timing.with_more_scoring(perf_counter() - started)


def under(conditions: Conditions, driver: Driver) -> Driver:
    """The driver as it drives under these conditions, whenever and however often it is asked to."""
    return degraded(driver, conditions.condition, conditions.latency)


def _simulate(
    driver: Driver,
    episodes: Sequence[Episode],
    conditions: Conditions,
    observers: Sequence[Any],
    max_steps: int | None = None,
) -> None:
    simulator = Simulator(episodes, conditions.device, conditions.on_failure)
    run(simulator, driver, observers, max_steps=max_steps)
