"""The search: rounds of situations, drawn ever nearer to failures, driven batch by batch through the one rollout."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from drive_sim.base.progress import Report
from drive_sim.compute.randomness import generator
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes, drive
from drive_sim.evaluation.suites.participants import Participant
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.mining.features import features_of
from drive_sim.mining.journal import Outcome, SearchJournal
from drive_sim.mining.outcomes import cause, closeness, failed
from drive_sim.mining.parameters import Values
from drive_sim.mining.proposal import UNIFORM_EVERY, Floats, Proposal
from drive_sim.mining.region import FEWEST, Region, failing_region
from drive_sim.mining.situations import Space
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import Scenario
from drive_sim.world.scenarios.writing import scenario_text

ELITE = 0.25
"""Share of the draws that stand for failures, the closest calls, while fewer than `FEWEST` failed."""


@dataclass(frozen=True)
class Situation:
    """A situation that was driven, or is to be."""

    space: Space
    key: str
    values: Values
    round: int
    """From 0, which is uniform."""
    uniform: bool
    """Whether it was drawn as the scenario itself draws."""
    weight: float
    """What it counts for, so that all together are the scenario's own draws."""

    @cached_property
    def made(self) -> tuple[dict[str, Any], Scenario]:
        """The tables of its file, and the scenario whose draw 0 it is."""
        return self.space.situation(self.key, self.values)

    def draw(self) -> Episode:
        """The episode."""
        return self.space.draw(self.made[1])


@dataclass
class Found:
    """What the search knows of one scenario."""

    space: Space
    uniform: Proposal
    """The scenario's own draws."""
    proposal: Proposal
    """That the next round draws from."""
    situations: list[Situation] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    """One a situation."""
    region: Region | None = None
    """Where failures are dense; None where too few failed to tell."""
    fresh: list[Outcome] = field(default_factory=list)
    """Of the first draws of the scenario within the region."""

    @property
    def failed(self) -> list[bool]:
        """Whether each situation is a failure."""
        return [one.failed for one in self.outcomes]

    @property
    def weights(self) -> Floats:
        """What each situation counts for, so that together they are the scenario's own draws."""
        return np.array([one.weight for one in self.situations])


class Search:
    """A search for the failures of one driver; `run` makes it."""

    def __init__(
        self, participant: Participant, suite: Suite, conditions: Conditions, spaces: Sequence[Space],
        journal: SearchJournal, seed: int,
    ) -> None:  # fmt: skip
        self._participant, self._suite, self._conditions = participant, suite, conditions
        self._journal, self._seed = journal, seed
        self.found = [Found(space, whole, whole) for space in spaces for whole in [Proposal.uniform(space.parameters)]]

    def run(self, each: int, rounds: int, report: Report) -> None:
        """Drive ``each`` situations of every scenario in ``rounds`` rounds and a last one of fresh draws."""
        parts = [len(part) for part in np.array_split(np.arange(each), rounds + 1)]
        total = each * len(self.found)
        done = 0
        for number, count in enumerate(parts[:-1]):
            drawn = [self._drawn(found, number, count) for found in self.found]
            every = [one for situations in drawn for one in situations]
            self._drive([(one.key, one.draw) for one in every], f"round {number + 1} of {rounds}", done, total, report)
            for found, situations in zip(self.found, drawn, strict=True):
                found.situations += situations
                found.outcomes += [self._journal.outcomes[one.key] for one in situations]
                found.proposal = _next(found)
            done += len(every)
        self._measure(parts[-1], done, total, report)

    def _drawn(self, found: Found, number: int, count: int) -> list[Situation]:
        """The situations of a scenario in round ``number``; round 0 is uniform."""
        whole, space = found.uniform, found.space
        drawn, first = [], len(found.situations)
        for index in range(first, first + count):
            uniform = number == 0 or index % UNIFORM_EVERY == 0
            rng = generator("mine", self._suite.name, self._suite.split, space.scenario.name, self._seed, index)
            values = (whole if uniform else found.proposal).draw(rng)
            weight = found.proposal.weight(values) if number else 1.0
            drawn.append(Situation(space, space.key(index), values, number, uniform, weight))
        return drawn

    def _measure(self, count: int, done: int, total: int, report: Report) -> None:
        """Where failures are dense, and what share of fresh draws from there fail."""
        jobs: dict[str, Any] = {}
        keys: dict[str, list[str]] = {}
        for found in self.found:
            values = [one.values for one in found.situations]
            found.region = failing_region(found.space.parameters, values, found.failed)
            if found.region is None:
                continue
            tables, scenario = found.space.narrowed_to(found.region)
            # Another version of the search may find another region.
            what = hashlib.sha256(scenario_text(tables).encode()).hexdigest()[:12]
            keys[found.space.stem] = [f"{scenario.name}.toml {what} {number}" for number in range(count)]
            for number, name in enumerate(keys[found.space.stem]):
                jobs[name] = lambda space=found.space, scenario=scenario, number=number: space.draw(scenario, number)
        self._drive(list(jobs.items()), "fresh draws", done, done + len(jobs), report)
        for found in self.found:
            found.fresh = [self._journal.outcomes[name] for name in keys.get(found.space.stem, ())]

    def _drive(self, jobs: Sequence[tuple[str, Any]], what: str, done: int, total: int, report: Report) -> None:
        """Drive what the journal does not know yet, batch by batch."""
        left = [(name, draw) for name, draw in jobs if name not in self._journal.outcomes]
        done += len(jobs) - len(left)
        for first in range(0, len(left), self._conditions.batch):
            chunk = left[first : first + self._conditions.batch]
            episodes = [draw() for _, draw in chunk]
            driven = DrivenEpisodes(self._participant.facts)

            def part(share: float, _text: str, before: int = done + first, count: int = len(chunk)) -> None:
                now = before + share * count
                report(now / max(total, 1), f"{what}: {int(now)} of {total} situations, {self._failures} failures")

            drive(driven, self._participant.driver, episodes, self._conditions, part)
            self._journal.add(
                self._outcome(name, episode, score)
                for (name, _), episode, score in zip(chunk, episodes, driven.scores, strict=True)
            )

    @property
    def _failures(self) -> int:
        return sum(one.failed for one in self._journal.outcomes.values())

    def _outcome(self, key: str, episode: Episode, score: Any) -> Outcome:
        headline = self._suite.headline
        close, bad = closeness(score, headline), failed(score, headline)
        return Outcome(
            key=key,
            failed=bad,
            cause=cause(score) if bad else "",
            closeness=close if math.isfinite(close) else None,
            features=features_of(episode),
        )


def _next(found: Found) -> Proposal:
    """The proposal of the next round: towards failures, or towards the closest calls while there are few."""
    bad = found.failed
    if sum(bad) < FEWEST:
        close = [
            -math.inf if one.failed else math.inf if one.closeness is None else one.closeness for one in found.outcomes
        ]
        elite = sorted(range(len(close)), key=lambda index: close[index])[: math.ceil(ELITE * len(close))]
        bad = [index in elite and close[index] < math.inf for index in range(len(close))]
    return found.proposal.towards([one.values for one in found.situations], bad, found.weights)
