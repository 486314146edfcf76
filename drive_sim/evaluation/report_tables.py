"""Tables of the report: metrics with yardsticks beside them, the heat map, the headline's intervals as a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_sim.evaluation.estimates import EpisodeScore
from drive_sim.evaluation.metrics import METRICS, TIMING_METRICS, Ratio
from drive_sim.evaluation.metrics.comfort import COMFORT_METRICS
from drive_sim.evaluation.metrics.drive import DRIVE_METRICS
from drive_sim.evaluation.metrics.lane import LANE_METRICS
from drive_sim.evaluation.metrics.nuplan import NUPLAN_METRICS
from drive_sim.evaluation.metrics.obstacles import OBSTACLE_METRICS
from drive_sim.evaluation.report_words import (
    arrow,
    estimate_text,
    interval_text,
    number,
    percent,
    unit_label,
)
from drive_sim.evaluation.results import DriverFacts, EstimateRow, Results, Yardstick
from drive_sim.world.road_import import ROAD_CLASS as IMPORTED

FAMILIES = {
    "Lane keeping": LANE_METRICS,
    "Other road users": OBSTACLE_METRICS,
    "The whole drive": DRIVE_METRICS,
    "nuPlan's closed-loop score": NUPLAN_METRICS,
    "Comfort": COMFORT_METRICS,
}
"""All metrics, in the order in which the report shows them."""
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
WORST_SHADE = 0.5
"""Shortfall from a perfect share at which a cell of the heat map is as dark as it gets."""


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


@dataclass(frozen=True)
class Bar:
    """One driver's headline in the chart: places as shares of its width, in percent."""

    driver: DriverFacts
    main: bool
    at: float
    low: float
    high: float
    text: str
    interval: str
    episodes: int


@dataclass(frozen=True)
class HeatCell:
    """One group of drives."""

    value: str
    shade: float
    """0 perfect .. 1 bad."""
    episodes: int


@dataclass(frozen=True)
class HeatMap:
    """The headline by two facts; a cell without drives is None."""

    rows: list[str]
    columns: list[str]
    cells: list[list[HeatCell | None]]
    row_fact: str
    column_fact: str


def columns_of(results: Results) -> list[Column]:
    """The driver, those it was compared with, then yardsticks."""
    found = [Column(results.driver, results.metrics, len(results.episodes))]
    found += [Column(rival.driver, rival.metrics, len(rival.episodes)) for rival in results.comparisons]
    return found + [Column(other.driver, other.metrics, other.episodes) for other in results.yardsticks]


def metric_rows(names: Sequence[str], columns: Sequence[Column]) -> list[Row]:
    """A row for each metric that says something about the first column's driver."""
    rows = []
    for name in names:
        if name not in columns[0].metrics:
            continue
        metric = METRICS[name]
        what = " ".join(metric.__doc__.split())
        cells = [_cell(column.metrics.get(name)) for column in columns]
        rows.append(Row(name, name.replace("_", " "), arrow(name), metric.formula, metric.source, what, cells))
    return rows


def family_rows(columns: Sequence[Column]) -> dict[str, list[Row]]:
    """The rows of every family that has any."""
    found = {family: metric_rows([metric.name for metric in metrics], columns) for family, metrics in FAMILIES.items()}
    return {family: rows for family, rows in found.items() if rows}


def timing_rows(results: Results) -> list[Row]:
    """Latency and pace, in the order of `columns_of`."""
    drivers = results.timing["drivers"]
    given = [column.driver.given for column in columns_of(results)]
    rows = []
    for name, metric in TIMING_METRICS.items():
        found = [drivers.get(driver, {}).get("metrics", {}).get(name) for driver in given]
        cells = [None if row is None else _cell(EstimateRow(**row), plain=name == "real_time_factor") for row in found]
        better = "↑" if metric.better == "higher" else "↓"
        what = " ".join(metric.__doc__.split())
        rows.append(Row(name, name.replace("_", " "), better, metric.formula, "wall clock", what, cells))
    return rows


def _cell(row: EstimateRow | None, plain: bool = False) -> Cell | None:
    if row is None:
        return None
    if plain:  # a factor, not a share
        return Cell(number(row.estimate, ""), "×", "")
    return Cell(estimate_text(row), unit_label(row.unit), interval_text(row))


def headline_bars(results: Results, headline: str) -> list[Bar]:
    """The headline of every driver on one scale: of shares 0 to 100 %, else from 0 to the largest value."""
    rows = [(column, column.metrics[headline]) for column in columns_of(results) if headline in column.metrics]
    known = [(column, row) for column, row in rows if row.estimate is not None]
    ends = [bound for _, row in known for bound in (row.estimate, row.high) if bound is not None]
    top = 1.0 if known and known[0][1].unit == "1" else max([*ends, 1e-9])

    def place(value: float | None, otherwise: float) -> float:
        return 100.0 * min(max((otherwise if value is None else value) / top, 0.0), 1.0)

    bars = []
    for column, row in known:
        estimate = row.estimate or 0.0
        bars.append(
            Bar(
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


def heat_map(scores: Sequence[EpisodeScore], headline: str) -> HeatMap | None:
    """The headline by the two facts that tell the suite's drives apart; None where nothing does."""
    metric = METRICS[headline]
    if metric.unit != "1":
        return None

    def kinds(fact: str) -> list[str]:
        return sorted({str(getattr(score.facts, fact)) for score in scores})

    row_fact = next((fact for fact in ("scenario", "road_class") if len(kinds(fact)) > 1), "road_class")
    if kinds("road_class") == [IMPORTED]:
        row_fact = "road"
    elif len(kinds("road_class")) == len(kinds("scenario")):
        row_fact = "road_class"
    rows, columns = kinds(row_fact), kinds("weather")
    if len(rows) * len(columns) < 2:
        return None
    cells: list[list[HeatCell | None]] = []
    for row in rows:
        line = []
        for column in columns:
            members = [s for s in scores if getattr(s.facts, row_fact) == row and s.facts.weather == column]
            line.append(_heat_cell(members, headline))
        cells.append(line)
    # All scenarios of a suite begin with its name, which the page says anyway.
    names = [row.rpartition("/")[2] for row in rows]
    return HeatMap(names, columns, cells, row_fact.replace("_", " "), "weather")


def _heat_cell(members: Sequence[EpisodeScore], headline: str) -> HeatCell | None:
    ratios = [score.ratios[headline] for score in members]
    total = Ratio(sum(ratio.numerator for ratio in ratios), sum(ratio.denominator for ratio in ratios))
    if not total.denominator:
        return None
    value = METRICS[headline].of(total)
    return HeatCell(percent(value), min(max((1.0 - value) / WORST_SHADE, 0.0), 1.0), len(members))


def yardstick_episodes(results: Results) -> list[Yardstick]:
    """Yardsticks that drove fewer episodes than the driver."""
    return [other for other in results.yardsticks if other.episodes < len(results.episodes)]
