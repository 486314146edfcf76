"""Tables of the report: metrics with baselines beside them, the headline's intervals as a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_sim.evaluation.metrics import FAMILIES, METRICS, TIMING_METRICS
from drive_sim.evaluation.report.words import (
    DASH,
    arrow,
    estimate_text,
    interval_text,
    number,
    unit_label,
    with_unit,
)
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import Baseline, Bounded, EstimateRow
from drive_sim.evaluation.results import Results

KEY_METRICS = {
    "autonomy": (
        "autonomy",
        "distance_per_intervention",
        "lateral_error_mean",
        "lateral_error_p95",
        "lane_departures_per_km",
        "time_in_lane",
        "collisions_per_km",
        "route_completion",
        "steering_whiteness",
        "comfortable",
    ),
    "collision_free_passes": (
        "collision_free_passes",
        "collisions_per_km",
        "collisions_per_km_pedestrian",
        "min_clearance",
        "min_ttc",
        "route_completion",
        "driving_score",
        "nuplan_score",
        "success",
        "lateral_error_mean",
    ),
}
"""Shown first, by the suite's headline."""


@dataclass(frozen=True)
class Column:
    """A driver in a table."""

    driver: DriverFacts
    metrics: dict[str, EstimateRow]
    episodes: int


@dataclass(frozen=True)
class Cell:
    """A number as shown."""

    value: str
    unit: str
    interval: str


@dataclass(frozen=True)
class Row:
    """One metric of all drivers."""

    metric: str
    title: str
    arrow: str
    formula: str
    source: str
    what: str
    cells: list[Cell | None]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """An estimate in a chart: places as shares of its width, in percent."""

    main: bool
    at: float
    low: float
    high: float
    text: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class DriverBar(Bar):
    """One driver's headline."""

    driver: DriverFacts
    episodes: int


def columns_of(results: Results) -> list[Column]:
    """The driver, those it was compared with, then baselines."""
    found = [Column(results.driver, results.metrics, len(results.episodes))]
    found += [Column(other.driver, other.metrics, len(other.episodes)) for other in results.comparisons]
    return found + [Column(other.driver, other.metrics, other.episodes) for other in results.baselines]


def metric_rows(names: Sequence[str], columns: Sequence[Column]) -> list[Row]:
    """A row for each metric that says something about the first column's driver."""
    rows = []
    for name in names:
        if name not in columns[0].metrics:
            continue
        rows.append(row_of(name, [cell(column.metrics.get(name)) for column in columns]))
    return rows


def row_of(name: str, cells: list[Cell | None]) -> Row:
    """A metric's row with these cells."""
    metric, what = METRICS[name], " ".join(METRICS[name].__doc__.split())
    return Row(name, name.replace("_", " "), arrow(name), metric.formula, metric.source, what, cells)


def families() -> dict[str, list[str]]:
    """Names of all metrics, in the order in which the report shows them: those of other packages last, marked so."""
    found = {family: [metric.name for metric in metrics] for family, metrics in FAMILIES.items()}
    for name in METRICS.added():
        found.setdefault(f"Added by {METRICS.origin(name)}, not part of drive_sim", []).append(name)
    return found


def family_rows(columns: Sequence[Column]) -> dict[str, list[Row]]:
    """The rows of every family that has any."""
    found = {family: metric_rows(names, columns) for family, names in families().items()}
    return {family: rows for family, rows in found.items() if rows}


def timing_rows(results: Results) -> list[Row]:
    """Latency, pace and energy, in the order of `columns_of`; what was measured of no driver is left out."""
    drivers = results.timing.get("drivers", {})
    given = [column.driver.given for column in columns_of(results)]
    rows = []
    for name, metric in TIMING_METRICS.items():
        found = [drivers.get(driver, {}).get("metrics", {}).get(name) for driver in given]
        cells = [None if row is None else cell(EstimateRow(**row), plain=name == "real_time_factor") for row in found]
        if all(cell is None or cell.value == DASH for cell in cells):
            continue
        better = "↑" if metric.better == "higher" else "↓"
        what = " ".join(metric.__doc__.split())
        rows.append(Row(name, name.replace("_", " "), better, metric.formula, metric.source, what, cells))
    return rows


def cell(row: Bounded | None, plain: bool = False) -> Cell | None:
    """A number with its interval as shown; None where there is none."""
    if row is None:
        return None
    if plain:  # a factor, not a share
        return Cell(number(row.estimate, ""), "×", "")
    return Cell(estimate_text(row), unit_label(row.unit), interval_text(row))


def _known(results: Results, headline: str) -> list[tuple[Column, EstimateRow]]:
    rows = [(column, column.metrics[headline]) for column in columns_of(results) if headline in column.metrics]
    return [(column, row) for column, row in rows if row.estimate is not None]


def _end_of_scale(known: Sequence[tuple[Column, EstimateRow]]) -> float:
    ends = [bound for _, row in known for bound in (row.estimate, row.high) if bound is not None]
    return 1.0 if known and known[0][1].unit == "1" else max([*ends, 1e-9])


def headline_scale(results: Results, headline: str) -> str:
    """From where to where the chart's scale runs, in words."""
    known = _known(results, headline)
    return f"0 to {with_unit(_end_of_scale(known), known[0][1].unit)}" if known else ""


def headline_bars(results: Results, headline: str) -> list[DriverBar]:
    """The headline of every driver on one scale: of shares 0 to 100 %, else from 0 to the largest value."""
    known = _known(results, headline)
    top = _end_of_scale(known)

    def place(value: float | None, otherwise: float) -> float:
        return 100.0 * min(max((otherwise if value is None else value) / top, 0.0), 1.0)

    bars = []
    for column, row in known:
        estimate = row.estimate or 0.0
        bars.append(
            DriverBar(
                driver=column.driver,
                main=column.driver is results.driver,
                at=place(estimate, 0.0),
                low=place(row.low, estimate),
                high=place(row.high, estimate),
                text=f"{estimate_text(row)} {unit_label(row.unit)}",
                interval=interval_text(row),
                episodes=column.episodes,
            )
        )
    return bars


def baseline_episodes(results: Results) -> list[Baseline]:
    """Baselines that drove fewer episodes than the driver."""
    return [other for other in results.baselines if other.episodes < len(results.episodes)]
