"""Thresholds: what results must reach for an evaluation to count as passed, given in a TOML file.

One table a metric; ``bound`` says what is judged, the estimate (by default) or an end of its 95 % interval:

    [autonomy]
    at_least = 0.95
    bound = "low"

    [collisions_per_km]
    at_most = 0.5
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from drive_sim.base.errors import InputError
from drive_sim.base.text import user_path
from drive_sim.base.toml import read_toml, validated
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.results import Results


class Threshold(BaseModel):
    """What one metric must reach."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    at_least: float | None = None
    """The least that passes [``unit``]; null where there is ``at_most``."""
    at_most: float | None = None
    """The most that passes [``unit``]; null where there is ``at_least``."""
    bound: Literal["estimate", "low", "high"] = "estimate"
    """What is judged: ``estimate``, the default, or an end of its 95 % interval, ``low`` or ``high``."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Threshold:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("has not one limit; give either at_least or at_most")
        return self


@dataclass(frozen=True)
class Verdict:
    """Whether one threshold was reached."""

    metric: str
    passed: bool
    sentence: str


def load_thresholds(path: str | Path) -> dict[str, Threshold]:
    """The thresholds of a file, by metric.

    Raises
    ------
    InputError
        The file cannot be read or does not fit; names the file, the field and a hint.
    """
    path = user_path(path)
    document = read_toml(path)
    if not document:
        raise InputError(path, "", "has no threshold", "add a table such as [autonomy] with at_least = 0.95")
    found = {}
    for name, table in document.items():
        if name not in METRICS:
            raise InputError(path, name, "is not a metric", f"use one of {', '.join(sorted(METRICS))}")
        if not isinstance(table, dict):
            raise InputError(path, name, "is not a table", f"write [{name}] and at_least or at_most below it")
        found[name] = validated(Threshold, table, path, name)
    return found


def judge(results: Results, thresholds: dict[str, Threshold]) -> list[Verdict]:
    """The verdict on every threshold; what the results do not know has not reached it."""
    return [_judge(results, name, threshold) for name, threshold in thresholds.items()]


def _judge(results: Results, name: str, threshold: Threshold) -> Verdict:
    row = results.metrics.get(name)
    value = None if row is None else getattr(row, threshold.bound)
    sign, wanted = (">=", threshold.at_least) if threshold.at_most is None else ("<=", threshold.at_most)
    assert wanted is not None
    what = name if threshold.bound == "estimate" else f"{name} ({threshold.bound} end of its interval)"
    if value is None:
        return Verdict(name, False, f"{what} is not known; wanted {sign} {wanted:g}")
    passed = value >= wanted if sign == ">=" else value <= wanted
    return Verdict(name, passed, f"{what} is {value:.4g}; wanted {sign} {wanted:g}")
