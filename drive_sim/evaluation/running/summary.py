"""From episodes to ``results.json``: estimates, groups and comparisons of all participants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from drive_sim.base.resources import scenarios_folder
from drive_sim.base.text import user_path
from drive_sim.evaluation.logs.rollout_log import PARTS
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.places import file_facts, path_from
from drive_sim.evaluation.result_facts import AddedMetric, FileFacts, LeftOut, Machine, ScenarioFacts
from drive_sim.evaluation.result_rows import (
    AcrossRow,
    Baseline,
    ComparedDriver,
    ComparisonRow,
    ConditionRow,
    EpisodeRow,
    EstimateRow,
    Group,
    TrainingRun,
    TrainingRuns,
)
from drive_sim.evaluation.results import Results, versions
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes
from drive_sim.evaluation.statistics.comparison import Comparison, compare, holm
from drive_sim.evaluation.statistics.estimates import EpisodeScore, estimate_all, estimate_groups, estimate_timing
from drive_sim.evaluation.statistics.training_seeds import across_training_runs, worst_of
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.simulator import CONTROL_PERIOD

EXPLAINING = ("lateral_error_mean", "lane_departures_per_km", "steering_whiteness")
"""Metrics in which conditions are compared beside the suite's headline."""


@dataclass(frozen=True)
class Chosen:
    """What was asked for: a suite or a scenario, by its name or file."""

    suite: str | Path | None = None
    scenario: str | Path | None = None
    metrics: Sequence[str | Path] = ()
    """Files and modules of metrics of the user's own."""


@dataclass
class Evaluation:
    """One evaluation as far as it has come."""

    suite: Suite
    seed: int
    roads: Path | None
    """Folder of the road files, for real-roads."""
    conditions: Conditions
    drawn: list[Episode]
    """What every participant drives under each of the suite's conditions."""
    driver: DrivenEpisodes
    """The driver that is scored."""
    seconds: float | None = None
    """Driven at most in an episode, where it was asked for [s]."""
    beside_baselines: bool = True
    """Whether the suite's baselines were wanted."""
    folder: Path | None = None
    """Of the results."""
    left_out: list[LeftOut] = field(default_factory=list)
    """Road files that could not be used."""
    chosen: Chosen = field(default_factory=Chosen)
    """As the suite was asked for."""
    training_runs: list[DrivenEpisodes] = field(default_factory=list)
    """Further training runs of the driver."""
    compared: list[DrivenEpisodes] = field(default_factory=list)
    baselines: list[DrivenEpisodes] = field(default_factory=list)
    started: float = field(default_factory=perf_counter)
    """Of the stopwatch [s]."""

    def variants(self, conditions: Conditions) -> list[Conditions]:
        """``conditions`` under each of the suite's, in the order in which they are driven; alone where it has none."""
        named = self.suite.conditions.items()
        return [replace(conditions, name=name, condition=condition) for name, condition in named] or [conditions]

    @property
    def episodes(self) -> list[Episode]:
        """Every episode that is driven, in order: those drawn, once for each condition."""
        return self.drawn * len(self.variants(self.conditions))

    def conditions_of(self, index: int) -> Conditions:
        """How episode ``index`` of all was driven."""
        return self.variants(self.conditions)[index // len(self.drawn)]


def results_of(evaluation: Evaluation, complete: bool) -> Results:
    """What the evaluation has found so far."""
    driven, seed = evaluation.driver, evaluation.seed
    every = [driven, *evaluation.training_runs, *evaluation.compared, *evaluation.baselines]
    metrics = _metrics(driven.scores, seed)
    return Results(
        complete=complete,
        driver=driven.facts,
        suite=evaluation.suite.name,
        suite_source=_own_file(evaluation, evaluation.chosen.suite),
        scenario=_scenario(evaluation),
        seed=seed,
        roads=None if evaluation.roads is None else str(evaluation.roads),
        roads_path=_roads_path(evaluation),
        left_out=evaluation.left_out,
        device=evaluation.conditions.device,
        seconds=evaluation.seconds,
        latency_s=evaluation.conditions.latency * CONTROL_PERIOD,
        versions=versions(),
        machine=Machine.this(evaluation.conditions.device),
        invalid_commands=_invalid_commands(driven),
        metrics=metrics,
        added_metrics=_added_metrics(every, metrics, evaluation.folder),
        groups=[Group(**group) for group in estimate_groups(driven.scores, seed)],
        conditions=_conditions(evaluation),
        episodes=_rows(driven),
        baselines=_compared_baselines(evaluation),
        comparisons=[_compared(driven, other, seed) for other in evaluation.compared if other.scores],
        training_runs=_training_runs(evaluation),
        timing={
            "batch": evaluation.conditions.batch,
            "real_time": evaluation.conditions.real_time,
            "wall_s": perf_counter() - evaluation.started,
            "drivers": {other.facts.given: _timing(other) for other in every if other.timings},
        },
    )


def _own_file(evaluation: Evaluation, given: str | Path | None) -> FileFacts | None:
    """The file of a suite or scenario that is the user's own; None for a bundled one."""
    path = user_path(given or "")
    if path.suffix != ".toml" or path.resolve().is_relative_to(scenarios_folder()):
        return None
    return file_facts(evaluation.folder, path)


def _scenario(evaluation: Evaluation) -> ScenarioFacts | None:
    given = evaluation.chosen.scenario
    if given is None:
        return None
    return ScenarioFacts(given=str(given), split=evaluation.suite.split, source=_own_file(evaluation, given))


def _roads_path(evaluation: Evaluation) -> str | None:
    if evaluation.roads is None or evaluation.folder is None:
        return None
    return path_from(evaluation.folder, evaluation.roads)


def _metrics(scores: Sequence[EpisodeScore], seed: int) -> dict[str, EstimateRow]:
    return {name: EstimateRow(**found.to_json()) for name, found in estimate_all(scores, seed).items()}


def _added_metrics(
    driven: Sequence[DrivenEpisodes], estimated: dict[str, EstimateRow], folder: Path | None = None
) -> dict[str, AddedMetric]:
    """What other packages add, and what is wrong with it; ``estimated`` of the first of ``driven``."""
    scores = [score for one in driven for score in one.scores]
    broken, found = METRICS.broken(), {}
    for name in METRICS.added():
        package = METRICS.origin(name)
        if name in broken:
            found[name] = AddedMetric(package=package, problem=f"{broken[name].problem}; {broken[name].hint}")
            continue
        metric = METRICS[name]
        raised = [score.raised[name] for score in scores if name in score.raised]
        problem = f"failed in {len(raised)} of {len(scores)} episodes, first {raised[0]}" if raised else None
        answers = [score.ratios[name] for score in driven[0].scores]
        if problem is None and name not in estimated and any(answer.denominator for answer in answers):
            problem = "cannot be estimated of what it answers"
        origin = METRICS.origin_of_own(name)
        found[name] = AddedMetric(
            package=package,
            defined_in=file_facts(folder, origin.file, origin.sha256) if origin and origin.file else None,
            unit=metric.unit,
            formula=metric.formula,
            source=metric.source,
            better=metric.better,
            problem=problem,
        )
    return found


def _invalid_commands(driven: DrivenEpisodes) -> int:
    return sum(score.invalid_commands for score in driven.scores)


def _rows(driven: DrivenEpisodes) -> list[EpisodeRow]:
    return [EpisodeRow(**score.to_json()) for score in driven.scores]


def _conditions(evaluation: Evaluation) -> list[ConditionRow]:
    """What each of the suite's conditions does to the driver, on the episodes that were done under it and the first."""
    scores: dict[str, list[EpisodeScore]] = {name: [] for name in evaluation.suite.conditions}
    for score in evaluation.driver.scores:
        if score.facts.condition:
            scores[score.facts.condition].append(score)
    metrics = tuple(dict.fromkeys((evaluation.suite.headline, *EXPLAINING)))
    found: dict[str, list[Comparison]] = {}
    first = next(iter(scores), "")
    for name, done in scores.items():
        both = min(len(done), len(scores[first])) if name != first else 0
        pairs = (done[:both], scores[first][:both])
        found[name] = list(compare(*pairs, (name, first), metrics, evaluation.seed).values()) if both else []
    adjusted = iter(holm([one.p_value for rows in found.values() for one in rows]))
    return [
        ConditionRow(
            name=name,
            settings=evaluation.suite.conditions[name].model_dump(exclude_defaults=True),
            comparison=[ComparisonRow(**replace(one, p_adjusted=next(adjusted)).to_json()) for one in rows],
        )
        for name, rows in found.items()
    ]


def _compared_baselines(evaluation: Evaluation) -> list[Baseline]:
    """The baselines, each with what the suite's headline says on the episodes that both have done."""
    driven, headline, seed = evaluation.driver, evaluation.suite.headline, evaluation.seed
    baselines = [other for other in evaluation.baselines if other.scores]
    found: list[Comparison | None] = []
    for other in baselines:
        both = min(len(driven.scores), len(other.scores))
        names = (driven.facts.name, other.facts.name)
        compared = compare(driven.scores[:both], other.scores[:both], names, (headline,), seed)
        found.append(compared.get(headline))
    adjusted = holm([math.nan if one is None else one.p_value for one in found])
    rows = [
        None if one is None else ComparisonRow(**replace(one, p_adjusted=p).to_json())
        for one, p in zip(found, adjusted, strict=True)
    ]
    return [
        Baseline(
            driver=other.facts,
            episodes=len(other.scores),
            invalid_commands=_invalid_commands(other),
            metrics=_metrics(other.scores, seed),
            comparison=row,
        )
        for other, row in zip(baselines, rows, strict=True)
    ]


def _training_runs(evaluation: Evaluation) -> TrainingRuns | None:
    """The driver beside its further training runs, as far as these have driven all that it has."""
    driven, headline = evaluation.driver, METRICS[evaluation.suite.headline]
    others = [other for other in evaluation.training_runs if len(other.scores) == len(driven.scores)]
    if not others:
        return None
    found = across_training_runs([one.scores for one in (driven, *others)], evaluation.seed)
    training_runs = [
        TrainingRun(driver=other.facts, metrics=_metrics(other.scores, evaluation.seed), episodes=_rows(other))
        for other in others
    ]
    told = [_metrics(driven.scores, evaluation.seed), *(one.metrics for one in training_runs)]
    values = [rows[headline.name].estimate if headline.name in rows else None for rows in told]
    known = [math.nan if value is None else value for value in values]
    return TrainingRuns(
        headline=headline.name,
        worst=(driven, *others)[worst_of(known, headline)].facts.given if headline.name in found else None,
        metrics={name: AcrossRow(**across.to_json()) for name, across in found.items()},
        runs=training_runs,
    )


def _compared(driven: DrivenEpisodes, other: DrivenEpisodes, seed: int) -> ComparedDriver:
    both = min(len(driven.scores), len(other.scores))
    names = (driven.facts.name, other.facts.name)
    found = compare(driven.scores[:both], other.scores[:both], names, seed=seed)
    return ComparedDriver(
        driver=other.facts,
        metrics=_metrics(other.scores, seed),
        comparison=[ComparisonRow(**row.to_json()) for row in found.values()],
        episodes=_rows(other),
    )


def _timing(driven: DrivenEpisodes) -> dict[str, Any]:
    """Wall time and energy of all the driving and scoring, the speed that this makes, what the time went into."""
    energy = driven.energy.joules if driven.energy else None
    kilometres = sum(score.distance for score in driven.scores) / 1000.0
    figures = {name: found.to_json() for name, found in estimate_timing(driven.timings, energy, kilometres).items()}
    parts = {part: sum(timing.parts[part] for timing in driven.timings) for part in PARTS}
    simulated = sum(float(timing.driven.sum()) * timing.control_period for timing in driven.timings)
    return {
        "wall_s": driven.wall_time,
        "processor_s": driven.processor_time,
        "simulated_s": simulated,
        "real_time_factor": simulated / driven.wall_time,
        "energy_J": energy,
        "energy_window_s": driven.energy.seconds if driven.energy else 0.0,
        "energy_missing": driven.energy.missing if driven.energy else None,
        "wall_s_by_part": parts | {"other": driven.wall_time - sum(parts.values())},
        "metrics": figures,
    }
