"""Whether an exported model drives as the model does: commands, outcomes and latencies on validation episodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.files import replace_file
from drive_sim.base.progress import Report
from drive_sim.base.references import sha256_of
from drive_sim.drivers.external.onnx_declaration import sidecar
from drive_sim.evaluation.real_time import Wrapped
from drive_sim.evaluation.result_facts import Machine
from drive_sim.evaluation.running.episodes import BATCH, Conditions, DrivenEpisodes, drive
from drive_sim.evaluation.suites.participants import enter
from drive_sim.rollout import Observer, Step, StopRollout, run
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Actions
    from drive_sim.sensors.suite import Observation

COMMANDS_WITHIN = 1e-3
"""How far a command of the two may differ [1], of a scale from -1 to 1."""
SAME_OUTCOMES = 0.99
"""Share of episodes that end alike, at least."""
SECONDS = 60.0
"""Driven at most in an episode."""
TIMED, WARM_UP = 200, 20
"""Decisions that are timed, after so many that are not."""


@dataclass(frozen=True)
class ExportCheck:
    """What the two were found to do."""

    episodes: int
    decisions: int
    """Commands of the driving model that were compared."""
    largest_difference: float
    """Of steering or acceleration [1], between the commands that both give to the same images."""
    decisions_beyond: int
    """With a larger difference than `COMMANDS_WITHIN`."""
    same_outcomes: int
    """Episodes that end alike where each drives by itself."""
    latency_ms: dict[str, dict[str, float]]
    """p50 and p99 of a decision on one image by ``model`` and ``onnx`` [ms]."""

    @property
    def passed(self) -> bool:
        """Whether the exported model may stand for the model."""
        return self.largest_difference <= COMMANDS_WITHIN and self.same_outcomes >= SAME_OUTCOMES * self.episodes

    @property
    def sentences(self) -> list[str]:
        """What was found, a line each."""
        beyond = f", {self.decisions_beyond} of them by more than {COMMANDS_WITHIN:g}" if self.decisions_beyond else ""
        model, onnx = self.latency_ms["model"], self.latency_ms["onnx"]
        return [
            f"commands: differ by {self.largest_difference:.2g} at most in {self.decisions} decisions{beyond}",
            f"outcomes: alike in {self.same_outcomes} of {self.episodes} validation episodes",
            f"latency of a decision on one image, median (99th percentile): model {model['p50']:.2f} "
            f"({model['p99']:.2f}) ms, ONNX {onnx['p50']:.2f} ({onnx['p99']:.2f}) ms",
        ]


class Shadowed(Wrapped):
    """A driver that drives while another is asked for its commands to the same observations."""

    def __init__(self, driver: Any, other: Any) -> None:
        super().__init__(driver)
        self.other = other
        self.differences: list[NDArray[np.float64]] = []

    def act(self, observation: Observation) -> Actions:
        """The driver's action."""
        actions, others = self.driver.act(observation), self.other.act(observation)
        driving = slice(None) if observation.active is None else observation.active
        one, another = np.asarray(actions, np.float64)[driving], np.asarray(others, np.float64)[driving]
        both_nan = np.isnan(one) & np.isnan(another)
        apart = np.where(both_nan, 0.0, np.nan_to_num(np.abs(one - another), nan=np.inf))
        self.differences.append(apart.max(axis=1, initial=0.0))
        return actions


def check_export(model: str | Path, file: Path, episodes: int, report: Report) -> ExportCheck:
    """Drive validation episodes by the model and by its exported ``file``; what was found is in the sidecar, too."""
    drawn = validation_episodes(episodes)
    original, exported = enter(model, "cpu", "MODEL"), enter(file, "cpu", "--output")
    conditions = Conditions("terminate", "cpu", BATCH["cpu"])
    shadowed = Shadowed(original.driver, exported.driver)
    driven, again = DrivenEpisodes(original.facts), DrivenEpisodes(exported.facts)
    drive(driven, shadowed, drawn, conditions, lambda share, text: report(0.5 * share, text))
    drive(again, exported.driver, drawn, conditions, lambda share, text: report(0.5 + 0.5 * share, text))
    apart = np.concatenate(shadowed.differences)
    found = ExportCheck(
        episodes=len(drawn),
        decisions=len(apart),
        largest_difference=float(apart.max(initial=0.0)),
        decisions_beyond=int(np.count_nonzero(apart > COMMANDS_WITHIN)),
        same_outcomes=sum(one.outcome == two.outcome for one, two in zip(driven.scores, again.scores, strict=True)),
        latency_ms={name: _latency(one.driver, drawn[0]) for name, one in (("model", original), ("onnx", exported))},
    )
    check = {**asdict(found), "passed": found.passed, "machine": Machine.this("cpu").model_dump()}
    document = {"onnx_sha256": sha256_of(file), "model_weights": original.facts.hash, "check": check}
    replace_file(sidecar(file), json.dumps(document, indent=1) + "\n")
    return found


def validation_episodes(count: int) -> list[Episode]:
    """The first ``count`` episodes of all validation scenarios, which take turns."""
    scenarios = [load_scenario(name, "validation") for name in list_scenarios("validation")]
    drawn = [scenarios[index % len(scenarios)].draw(index // len(scenarios)) for index in range(count)]
    return [replace(episode, time_limit=min(episode.time_limit, SECONDS)) for episode in drawn]


class _Seen(Observer):
    """Keeps the first observation."""

    observation: Observation

    def on_step(self, step: Step) -> None:
        """Keep what was seen and end the rollout."""
        self.observation = step.observation
        raise StopRollout


def _latency(driver: Any, episode: Episode) -> dict[str, float]:
    """p50 and p99 [ms] of a driver's decision on the first image of an episode."""
    seen = _Seen()
    run(Simulator([episode]), driver, [seen])
    times = []
    for _ in range(WARM_UP + TIMED):
        started = perf_counter()
        driver.act(seen.observation)
        times.append(1000.0 * (perf_counter() - started))
    return {f"p{share}": float(np.percentile(times[WARM_UP:], share)) for share in (50, 99)}


def failures_of(found: ExportCheck) -> Sequence[str]:
    """What keeps the exported model from standing for the model, a clause each."""
    said = []
    if found.largest_difference > COMMANDS_WITHIN:
        said.append(f"commands differ by {found.largest_difference:.2g}, more than {COMMANDS_WITHIN:g}")
    if found.same_outcomes < SAME_OUTCOMES * found.episodes:
        said.append(f"{found.episodes - found.same_outcomes} of {found.episodes} episodes end otherwise")
    return said
