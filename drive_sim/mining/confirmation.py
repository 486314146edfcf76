"""The failing situations once more, as one set of episodes: the traces, and what reference drivers do there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drive_sim.base.progress import Report
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes, drive
from drive_sim.evaluation.running.preventability import judge_preventable
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.statistics.estimates import EpisodeScore
from drive_sim.evaluation.suites.participants import Participant, enter
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.mining.outcomes import cause, failed
from drive_sim.mining.search import Situation
from drive_sim.mining.situations import SITUATIONS

EXPERT = "expert"


@dataclass(frozen=True)
class Confirmed:
    """What became of the failing situations; the lists go along with `situations`."""

    situations: list[Situation]
    evaluation: Evaluation
    """Of the driver on their episodes, beside the expert."""
    reference_avoids: list[bool | None]
    """Whether the reference driver after UN R157 hits no road user; None where none demands a reaction."""
    expert_passes: list[bool]
    again: list[bool]
    """Whether the driver failed again."""
    causes: list[str]

    @property
    def preventable(self) -> list[bool]:
        """Whether a reference driver gets past."""
        return [bool(one) or other for one, other in zip(self.reference_avoids, self.expert_passes, strict=True)]


def confirm(
    situations: Sequence[Situation],
    causes: Sequence[str],
    participant: Participant,
    suite: Suite,
    conditions: Conditions,
    folder: Path,
    report: Report,
) -> Confirmed:
    """Drive the failing situations with the driver, the reference driver and the expert; ``causes`` are as found."""
    drawn = [one.draw() for one in situations]
    expert = enter(EXPERT, conditions.device, EXPERT)
    files = tuple(str(folder / SITUATIONS / f"{one.key}.toml") for one in situations)
    evaluation = Evaluation(
        suite.model_copy(update={"scenarios": files}), 0, None, conditions, drawn, DrivenEpisodes(participant.facts),
        folder=folder, baselines=[DrivenEpisodes(expert.facts)],
    )  # fmt: skip
    verdicts = judge_preventable(drawn, conditions.device, conditions.batch, _third(report, 0))
    for number, (one, driven) in enumerate(
        [(participant, evaluation.driver), (expert, evaluation.baselines[0])], start=1
    ):
        part = _third(report, number)
        drive(driven, one.driver, drawn, conditions, part, keep_traces=number == 1, preventable=verdicts)
        # The report sorts by scenario: by the one that the situation is of.
        driven.scores = [
            _of_scenario(score, at.space.scenario.name) for score, at in zip(driven.scores, situations, strict=True)
        ]
    scores, headline = evaluation.driver.scores, suite.headline
    return Confirmed(
        list(situations),
        evaluation,
        verdicts,
        [not failed(score, headline) for score in evaluation.baselines[0].scores],
        [failed(score, headline) for score in scores],
        [
            cause(score) if failed(score, headline) else before
            for score, before in zip(scores, causes, strict=True)
        ],
    )  # fmt: skip


def _of_scenario(score: EpisodeScore, name: str) -> EpisodeScore:
    return replace(score, facts=replace(score.facts, scenario=name))


def _third(report: Report, number: int) -> Report:
    return lambda share, text: report((number + share) / 3.0, text)
