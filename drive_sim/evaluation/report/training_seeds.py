"""The report's section on several training runs: the mean with its interval, each run's own, and the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from drive_sim.evaluation.report.tables import KEY_METRICS, Bar, Cell, Column, Row, cell, families, metric_rows, row_of
from drive_sim.evaluation.report.words import (
    estimate_text,
    interval_text,
    number,
    percent,
    unit_label,
    with_unit,
)
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import AcrossRow, Bounded, EpisodeRow, EstimateRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.replays import arrived
from drive_sim.evaluation.statistics.intervals import zero_events_bound
from drive_sim.evaluation.statistics.training_seeds import ENOUGH

COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MARGIN = 0.04
"""Of the chart's range, left free at either end."""


@dataclass(frozen=True)
class Run:
    """One training run as the report shows it."""

    driver: DriverFacts
    label: str
    """Its name, or its folder where two have the same name."""
    metrics: dict[str, EstimateRow]
    episodes: list[EpisodeRow]


@dataclass(frozen=True, kw_only=True)
class TrainingBar(Bar):
    """The headline of one training run, or of all."""

    name: str
    small: str


@dataclass(frozen=True)
class TrainingRunsSection:
    """What the section's template wants to know."""

    title: str
    told: str
    bars: list[TrainingBar]
    """The mean of all first."""
    ends: tuple[str, str]
    """Of the bars' scale."""
    key_rows: list[Row]
    """Cells of these and of the families: mean, interquartile mean, spread, worst."""
    families: dict[str, list[Row]]
    columns: list[Column]
    """One a training run, for a table of their own."""
    own_rows: list[Row]


def in_letters(count: int) -> str:
    """A count of training runs as a sentence writes it."""
    return COUNTS[count - 2] if 2 <= count < 2 + len(COUNTS) else str(count)


def all_training_runs(results: Results) -> list[Run]:
    """The driver and its further training runs; none without any."""
    if results.training_runs is None:
        return []
    rows = [(results.driver, results.metrics, results.episodes)]
    rows += [(one.driver, one.metrics, one.episodes) for one in results.training_runs.runs]
    names = Counter(driver.name for driver, _, _ in rows)
    return [
        Run(driver, driver.name if names[driver.name] == 1 else driver.given, metrics, episodes)
        for driver, metrics, episodes in rows
    ]


def told(results: Results) -> str:
    """The headline over all training runs and the worst of them, in a sentence; empty without further training runs."""
    training_runs, row = all_training_runs(results), _headline(results)
    if results.training_runs is None or row is None or row.estimate is None:
        return ""
    count, headline = in_letters(len(training_runs)), results.training_runs.headline.replace("_", " ")
    unit = f" {unit_label(row.unit)}"
    said = f"{count.capitalize()} training runs: {headline} {estimate_text(row)}{unit}"
    if interval_text(row):
        said += f" (95 % interval {interval_text(row)}{unit})"
    if row.iqm is not None:
        said += f", interquartile mean {with_unit(row.iqm, row.unit)}"
    worst = next(one.label for one in training_runs if one.driver.given == results.training_runs.worst)
    said += "; each the same." if row.spread == 0.0 else f"; the worst, {worst}, {with_unit(row.worst, row.unit)}."
    return said if len(training_runs) >= ENOUGH else f"{said} {few(len(training_runs))}"


def _headline(results: Results) -> AcrossRow | None:
    return results.training_runs.metrics.get(results.training_runs.headline) if results.training_runs else None


def few(count: int) -> str:
    """That so few training runs say little."""
    enough = in_letters(ENOUGH)
    return f"{in_letters(count).capitalize()} training runs say little about the next one: it takes at least {enough}."


def training_limits(results: Results) -> str:
    """What a reader might take from one training run, or from several, and must not."""
    if results.driver.controller != "model":
        return ""
    training_runs, row = all_training_runs(results), _headline(results)
    if row is None or row.worst is None:
        return "This is the network of one training run; one from another seed may drive better or worse."
    count = len(training_runs)
    return (
        f"That none of {in_letters(count)} training runs is worse than {with_unit(row.worst, row.unit)} shows, with "
        f"95 % confidence, that fewer than {percent(zero_events_bound(count))} % of such runs are, and no more. "
        "Such training runs are those with the same settings on the same recordings; other recordings may give others."
    )


def training_runs_section(results: Results) -> TrainingRunsSection | None:
    """The section; None without further training runs, or where the headline says nothing of two."""
    mean, training_runs = _headline(results), all_training_runs(results)
    if mean is None or results.training_runs is None:
        return None
    headline, across = results.training_runs.headline, results.training_runs.metrics
    columns = [
        Column(one.driver.model_copy(update={"name": one.label}), one.metrics, len(one.episodes))
        for one in training_runs
    ]
    keys = KEY_METRICS.get(headline, (headline,))
    own_families = {family: _rows(names, across) for family, names in families().items()}
    bars, ends = _bars(training_runs, mean, headline, results.training_runs.worst)
    return TrainingRunsSection(
        title=f"{headline.replace('_', ' ').capitalize()} of {in_letters(len(training_runs))} training runs",
        told=told(results),
        bars=bars,
        ends=ends,
        key_rows=_rows(keys, across),
        families={family: rows for family, rows in own_families.items() if rows},
        columns=columns,
        own_rows=metric_rows(keys, columns),
    )


def _rows(names: Sequence[str], across: dict[str, AcrossRow]) -> list[Row]:
    """Mean, interquartile mean, spread and worst of each metric that says something."""
    return [row_of(name, _cells(across[name])) for name in names if name in across]


def _cells(row: AcrossRow) -> list[Cell | None]:
    unit = unit_label(row.unit)
    points = "points" if row.unit == "1" else unit  # a spread of percentages
    small = ((row.iqm, unit), (row.spread, points), (row.worst, unit))
    return [cell(row), *(None if value is None else Cell(number(value, row.unit), label, "") for value, label in small)]


def _bars(
    training_runs: Sequence[Run], mean: AcrossRow, headline: str, worst: str | None
) -> tuple[list[TrainingBar], tuple[str, str]]:
    """The headline of all and of each, and the ends of their scale: the least and the largest bound, within 0 to 100 %.

    Where the scale is so narrow, what lies beyond it is shown at its end.
    """
    shown: list[tuple[str, str, Bounded]] = [
        (f"mean of {in_letters(len(training_runs))}", "interval over training runs and roads", mean)
    ]
    for one in training_runs:
        if headline in one.metrics and one.metrics[headline].estimate is not None:
            failed = sum(not arrived(row) for row in one.episodes)
            what = f"{failed or 'none'} of {len(one.episodes)} episodes failed"
            name = "the worst; " if one.driver.given == worst and mean.spread != 0.0 else ""
            shown.append((one.label, f"{name}{what}", one.metrics[headline]))
    values = [value for _, _, row in shown for value in (row.low, row.estimate, row.high) if value is not None]
    margin = MARGIN * (max(values) - min(values)) or 0.01
    begin, end = min(values) - margin, max(values) + margin
    if mean.unit == "1":
        begin, end = max(begin, 0.0), min(end, 1.0)

    def place(value: float | None, row: Bounded) -> float:
        known = (row.estimate or 0.0) if value is None else value
        return 100.0 * min(max((known - begin) / (end - begin), 0.0), 1.0)

    bars = [
        TrainingBar(
            name=name,
            small=small,
            main=row is mean,
            at=place(row.estimate, row),
            low=place(row.low, row),
            high=place(row.high, row),
            text=with_unit(row.estimate, row.unit),
            interval=interval_text(row),
        )
        for name, small, row in shown
    ]
    return bars, (with_unit(begin, mean.unit), with_unit(end, mean.unit))
