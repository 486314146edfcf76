"""``results.json``: what an evaluation found, as data. Its schema, its writer and its reader.

Everything but ``timing`` is a function of the arguments alone: the same evaluation twice gives the same file apart
from that key. Numbers are written in full; only reports round them. JSON has no NaN: what is not known is null.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.base.files import replace_file
from drive_sim.base.json import checked, read_json
from drive_sim.evaluation.result_facts import (
    AddedMetric,
    DriverFacts,
    FileFacts,
    LeftOut,
    Machine,
    ResultsPart,
    ScenarioFacts,
)
from drive_sim.evaluation.result_rows import (
    Baseline,
    ComparedDriver,
    ConditionRow,
    EpisodeRow,
    EstimateRow,
    Group,
    TrainingRuns,
)

SCHEMA = 2
FILE_NAME = "results.json"
_NUMERIC = ("numpy", "numba", "scipy", "torch")
"""Distributions on whose version the last bits of a result can depend."""


class _DriverTiming(BaseModel):
    """What sentences and tables read of a driver's timing; there is more."""

    energy_missing: str | None = None
    energy_window_s: float = 0.0
    metrics: dict[str, EstimateRow] = Field(default_factory=dict)


class _Timing(BaseModel):
    drivers: dict[str, _DriverTiming] = Field(default_factory=dict)


class Results(ResultsPart):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    schema_number: Literal[2] = Field(default=2, alias="schema")
    """2; 1 had the fields of training runs under other names, and is refused."""
    complete: bool
    """False if the evaluation was interrupted, or ended by a driver that raised: then ``episodes`` are those of the
    batches that were finished."""
    driver: DriverFacts
    """The driver that was scored."""
    suite: str
    """Name of the suite; that of the scenario where a single one was driven."""
    suite_source: FileFacts | None = None
    """The file of a suite of the user's own; null for a bundled one."""
    scenario: ScenarioFacts | None = None
    """The one scenario that was driven (``--scenario``); null where a suite was."""
    seed: int
    """Of the suite's draws and of the bootstrap."""
    roads: str | None
    """Folder of the road files of suite real-roads, as it was named on the command line."""
    roads_path: str | None = None
    """The same folder as seen from the folder of the results."""
    left_out: list[LeftOut] = Field(default_factory=list)
    """Files of that folder that could not be used."""
    device: str
    """``cpu`` or ``cuda``."""
    seconds: float | None = Field(default=None, gt=0.0)
    """Driven at most in an episode where ``--seconds`` asked for it [s]; else as the suite says."""
    latency_s: float = Field(default=0.0, ge=0.0, le=10.0)
    """Delay put on every command of the driver and of those it was compared with [s] (``--latency``); baselines
    drove without."""
    versions: dict[str, str]
    """Versions of drive_sim, Python, and what computes: numpy, numba, scipy, torch."""
    machine: Machine | None = None
    """What computed; null in files of drive_sim before it was told."""
    invalid_commands: int = 0
    """Of all the driver's episodes together [1], as in `EpisodeRow`."""
    metrics: dict[str, EstimateRow]
    """The driver's metrics over all episodes, by name; those that apply to none are absent."""
    added_metrics: dict[str, AddedMetric] = Field(default_factory=dict)
    """Which of all metrics, by name, other packages add; or would, but for a problem."""
    groups: list[Group]
    """The same metrics over the episodes that share a fact."""
    conditions: list[ConditionRow] = Field(default_factory=list)
    """In the suite's order; empty where it has none. Episodes come condition by condition, the same ones each time."""
    episodes: list[EpisodeRow]
    """One for each episode; ``drive-sim replay DIR N`` drives number N of this list again, counted from 0."""
    baselines: list[Baseline]
    """The suite's own drivers to compare with."""
    comparisons: list[ComparedDriver]
    """Those of ``--against``."""
    training_runs: TrainingRuns | None = None
    """The driver and its further training runs; null without ``--training-runs``."""
    timing: dict[str, Any]
    """Wall-clock figures, never the same twice."""

    @field_validator("timing")
    @classmethod
    def _readable(cls, timing: dict[str, Any]) -> dict[str, Any]:
        _Timing.model_validate(timing)
        return timing

    @model_validator(mode="after")
    def _the_worst_is_there(self) -> Results:
        runs = self.training_runs
        if runs is not None and runs.worst not in (None, self.driver.given, *(run.driver.given for run in runs.runs)):
            raise ValueError(f"training_runs.worst is {runs.worst!r}, which is none of the runs")
        return self


def versions() -> dict[str, str]:
    """Versions of this package, of Python and of what computes; what is not installed is left out."""
    found = {"drive_sim": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for name in _NUMERIC:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_results(results: Results, folder: Path) -> Path:
    """Write ``folder/results.json``; the file is complete before it gets its name. Returns its path."""
    path = folder / FILE_NAME
    text = json.dumps(results.model_dump(by_alias=True), indent=1, allow_nan=False, ensure_ascii=False)
    replace_file(path, text + "\n")
    return path


def load_results(path: str | Path) -> Results:
    """Read a ``results.json``, or the one in a folder.

    Raises
    ------
    InputError
        naming the file, the field and the hint.
    """
    path = Path(path)
    if path.is_dir():
        path = path / FILE_NAME
    again = "evaluate again, or copy the whole file"
    document = read_json(path, again, missing="name a folder that drive-sim evaluate wrote")
    if document.get("schema") == 1:
        problem = "is 1, of drive_sim before its fields were renamed (trainings is now training_runs)"
        raise InputError(path, "schema", problem, "evaluate again, which writes schema 2")
    if document.get("schema") != SCHEMA:
        raise InputError(path, "schema", f"is {document.get('schema')!r}", f"give results of schema {SCHEMA}")
    return checked(Results, document, path, hint=again)
