"""The episodes that two results share: how they ended for both, and each metric of one against the other.

``results.json`` holds the number that each metric is of an episode, not what it is a ratio of. So each episode weighs
the same here, where `drive_sim.evaluation.statistics.comparison.compare` lets it weigh as much as it drove.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.result_rows import ComparisonRow, EpisodeRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.replays import arrived
from drive_sim.evaluation.statistics.comparison import COMPARED, Comparison, PairedOutcomes, holm, pair_outcomes
from drive_sim.evaluation.statistics.intervals import ClusterBootstrap, mcnemar


@dataclass(frozen=True)
class Pair:
    """One episode that both drove."""

    indices: tuple[int, int]
    """In A's and in B's results."""
    rows: tuple[EpisodeRow, EpisodeRow]


@dataclass(frozen=True)
class Paired:
    """What the shared episodes say."""

    pairs: list[Pair]
    outcomes: PairedOutcomes
    comparison: list[ComparisonRow]


def pairs_of(first: Results, second: Results) -> list[Pair]:
    """The episodes that both results hold, in A's order."""
    places = {_key(row): index for index, row in enumerate(second.episodes)}
    found = []
    for index, row in enumerate(first.episodes):
        other = places.get(_key(row))
        if other is not None:
            found.append(Pair((index, other), (row, second.episodes[other])))
    return found


def paired(pairs: list[Pair], names: tuple[str, str], seed: int = 0) -> Paired:
    """What the ``pairs``, of which there are some, say of the drivers called ``names``."""
    outcomes = pair_outcomes(*([arrived(pair.rows[side]) for pair in pairs] for side in (0, 1)))
    bootstrap = ClusterBootstrap([f"{pair.rows[0].road_class}/{pair.rows[0].road}" for pair in pairs], seed)
    found = [one for name in COMPARED if (one := _compared(name, pairs, names, bootstrap)) is not None]
    adjusted = holm([one.p_value for one in found])
    rows = [replace(one, p_adjusted=p).to_json() for one, p in zip(found, adjusted, strict=True)]
    return Paired(pairs, outcomes, [ComparisonRow(**row) for row in rows])


def _key(row: EpisodeRow) -> tuple[str | int, ...]:
    return row.scenario, row.split, row.number, row.seed, row.road, row.condition


def _compared(
    name: str, pairs: Sequence[Pair], names: tuple[str, str], bootstrap: ClusterBootstrap
) -> Comparison | None:
    """The mean of a metric over the episodes in which it applies to both; None where it applies to none."""
    values = np.array([[_value(row, name) for row in pair.rows] for pair in pairs])
    both = np.isfinite(values).all(axis=1)
    if not both.any():
        return None
    a, b = (bootstrap.ratio(np.where(both, values[:, side], 0.0), both) for side in (0, 1))
    difference = a.minus(b)
    test: Literal["McNemar, exact", "paired bootstrap of roads"] = "paired bootstrap of roads"
    p_value = difference.p_value()
    if METRICS[name].aggregation == "rate":
        test, p_value = "McNemar, exact", mcnemar(*(values[both] == 1.0).T)
    return Comparison(
        name, METRICS[name].unit, *names, a.estimate, b.estimate, difference.estimate, *difference.interval(),
        p_value=p_value, p_adjusted=p_value, test=test, episodes=int(both.sum()),
    )  # fmt: skip


def _value(row: EpisodeRow, name: str) -> float:
    value = (row.model_extra or {}).get(name)
    return math.nan if value is None else float(value)
