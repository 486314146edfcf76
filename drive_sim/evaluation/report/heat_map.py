"""The report's heat map: the headline by scenario and domain, as a table that can be read without its colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.report.words import counted, percent
from drive_sim.evaluation.result_rows import EpisodeRow
from drive_sim.evaluation.running.replays import arrived
from drive_sim.evaluation.statistics.estimates import EpisodeScore, estimate_metric
from drive_sim.evaluation.statistics.intervals import ClusterBootstrap
from drive_sim.world.roads.csv_import import ROAD_CLASS as IMPORTED

WORST_SHADE = 0.5
"""Shortfall from a perfect share at which a cell is as dark as it gets."""
NO_CONDITION = "none"
"""Heads the column of the episodes of a suite with conditions that had none."""


@dataclass(frozen=True)
class HeatCell:
    """One group of episodes."""

    value: str
    """The headline [%]; a dash where these episodes say nothing about it."""
    interval: str
    """Its 95 % interval [%]; empty where so few episodes give none."""
    shade: float
    """0 perfect .. 1 bad."""
    episodes: int
    failed: int
    sentence: str
    """All of it in words."""


@dataclass(frozen=True)
class HeatMap:
    """The headline by two facts; a cell without episodes is None."""

    rows: list[str]
    columns: list[str]
    cells: list[list[HeatCell | None]]
    row_fact: str
    column_fact: str


def domains(rows: Sequence[EpisodeRow]) -> tuple[str, list[str]]:
    """What the episodes' surroundings are called, "weather" or "condition", and each episode's own.

    A suite that drives under conditions of its own is about them; any other is about its weathers.
    """
    conditions = [str(getattr(row, "condition", None) or "") for row in rows]
    if any(conditions):
        return "condition", [condition or NO_CONDITION for condition in conditions]
    return "weather", [row.weather for row in rows]


def heat_map(
    scores: Sequence[EpisodeScore], rows: Sequence[EpisodeRow], headline: str, seed: int = 0
) -> HeatMap | None:
    """The headline of the same episodes, as scored and as in the results; None where nothing tells them apart."""
    if METRICS[headline].unit != "1":
        return None
    row_fact, kinds = _kinds(rows)
    column_fact, surroundings = domains(rows)
    names, columns = sorted(set(kinds)), sorted(set(surroundings))
    if len(names) * len(columns) < 2:
        return None
    cells: list[list[HeatCell | None]] = []
    for name in names:
        line = []
        for column in columns:
            at = [k for k in range(len(rows)) if (kinds[k], surroundings[k]) == (name, column)]
            line.append(_cell([scores[k] for k in at], headline, seed))
        cells.append(line)
    # All scenarios of a suite begin with its name, which the page says anyway.
    return HeatMap([name.rpartition("/")[2] for name in names], columns, cells, row_fact, column_fact)


def _kinds(rows: Sequence[EpisodeRow]) -> tuple[str, list[str]]:
    """What tells the episodes of a suite apart besides their surroundings, and each episode's own."""
    scenarios, classes = [row.scenario for row in rows], [row.road_class for row in rows]
    if set(classes) == {IMPORTED}:
        return "road", [row.road for row in rows]
    if len(set(classes)) >= len(set(scenarios)):
        return "road class", classes
    return "scenario", scenarios


def _cell(members: Sequence[EpisodeScore], headline: str, seed: int) -> HeatCell | None:
    if not members:
        return None
    failed = sum(not arrived(score) for score in members)
    driven = f"{counted(len(members), 'episode')}, {failed} failed"
    bootstrap = ClusterBootstrap([score.facts.cluster for score in members], seed)
    found = estimate_metric(METRICS[headline], members, bootstrap)
    if not found.episodes:
        return HeatCell("–", "", 0.0, len(members), failed, f"{driven}; nothing to judge by")
    interval = f"{percent(found.low)} to {percent(found.high)}" if found.low < found.high else ""
    said = f"95 % interval {interval} %" if interval else "too few for an interval"
    shade = min(max((1.0 - found.estimate) / WORST_SHADE, 0.0), 1.0)
    value = percent(found.estimate)
    return HeatCell(value, interval, shade, len(members), failed, f"{value} %, {said}; {driven}")
