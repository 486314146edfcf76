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
from drive_sim.compute.hardware import gpu_name, processor_name
from drive_sim.compute.threads import thread_count

SCHEMA = 2
FILE_NAME = "results.json"
_NUMERIC = ("numpy", "numba", "scipy", "torch")
"""Distributions on whose version the last bits of a result can depend."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileFacts(_Part):
    """A file of the user's own that results rest on."""

    file: str
    """As it was named, or as Python found it."""
    path: str | None = None
    """The same from the folder of the results, or absolute where no relative path leads there."""
    sha256: str
    """Of its content, 64 hexadecimal digits; what the file draws on in turn is not told."""


class ScenarioFacts(_Part):
    """A single scenario that was driven in place of a suite (``--scenario``)."""

    given: str
    """As it was named on the command line."""
    split: str
    """train, validation or test."""
    source: FileFacts | None = None
    """The file of a scenario of the user's own; null for a bundled one."""


class DriverFacts(_Part):
    """A driver."""

    name: str
    given: str
    """As it was named on the command line."""
    path: str | None = None
    """Folder of a model, from the folder of the results, or absolute where no relative path leads there; null for
    drivers and bundled models, which their names identify."""
    hash: str | None
    """Of a model's weights; null for programmed drivers, which the version of this package, or of ``package``,
    identifies."""
    privileged: bool
    """Whether it sees the simulator's truth instead of sensors."""
    controller: str
    """``model`` for a network, ``human`` for a person, else the name that the driver is registered by."""
    package: str | None = None
    """Name and version of another package that the driver, or its network, comes from; null for drive_sim's own."""
    source: FileFacts | None = None
    """The file that defines a driver, or a network, that is not drive_sim's own; null for drive_sim's own."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The driver's own options (``--driver-option``)."""


class Bounded(_Part):
    """A number with its 95 % interval; null where it is not known."""

    estimate: float | None
    low: float | None
    high: float | None
    unit: str


class EstimateRow(Bounded):
    """The number that episodes make of a metric."""

    episodes: int = Field(ge=0)
    """Episodes that had something to say."""
    basis: float | None
    """What it rests on, in the unit of `drive_sim.evaluation.metrics.Metric.basis`."""


class AddedMetric(_Part):
    """A metric that another package adds; drive_sim answers for none of it."""

    package: str
    """Name and version."""
    unit: str = ""
    formula: str = ""
    source: str = ""
    """Where the formula comes from, as the package says."""
    better: Literal["higher", "lower"] | None = None
    problem: str | None = None
    """Why it is missing, of all episodes or of some; null where it is not."""


class Group(_Part):
    """The metrics of the episodes that share something."""

    by: str
    """weather, road_class, scenario, variant or condition."""
    value: str
    metrics: dict[str, EstimateRow]


class EpisodeRow(BaseModel):
    """One episode; every metric stands beside these fields under its name, null where it does not apply."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, float | None]

    scenario: str
    split: str
    number: int
    """Which draw of the scenario it is."""
    road: str
    road_class: str
    weather: str
    variant: str = ""
    """Of the scenario, such as ``left-near-late``; "" where it has none."""
    condition: str = ""
    """Of the suite, under which it was driven; "" where the suite has none."""
    seed: int
    outcome: str
    duration_s: float
    distance_m: float
    interventions: int
    invalid_commands: int = 0
    """Commands that were not finite numbers, at which the ego brakes fully."""
    preventable: bool | None = None
    """Whether the reference driver after UN R157 hit no actor on this episode; null where none demands a reaction."""


class ComparisonRow(_Part):
    """One metric of the driver, a, against another, b, on the same episodes."""

    metric: str
    unit: str
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    """For the number of metrics compared (Holm)."""
    test: str
    episodes: int
    better: str | None
    """Name of the better driver; null if no difference can be shown."""
    sentence: str


class Baseline(_Part):
    """Another driver on the same episodes, or on the first of them."""

    driver: DriverFacts
    episodes: int = Field(ge=0)
    invalid_commands: int = 0
    """Of all its episodes, as `EpisodeRow.invalid_commands`."""
    metrics: dict[str, EstimateRow]
    comparison: ComparisonRow | None
    """The suite's headline of the driver, a, against this one, b; p_adjusted for the number of baselines."""


class ComparedDriver(_Part):
    """A driver that was compared with (``--against``)."""

    driver: DriverFacts
    metrics: dict[str, EstimateRow]
    comparison: list[ComparisonRow]
    episodes: list[EpisodeRow]


class AcrossRow(Bounded):
    """The mean over training runs of a metric; its interval is over training runs and roads (`training_runs`)."""

    iqm: float | None
    """Interquartile mean of the training runs; null for fewer than four."""
    spread: float | None
    """Standard deviation of the training runs."""
    worst: float | None
    training_runs: int = Field(ge=2)
    """That had something to say."""


class TrainingRun(_Part):
    """A further training run of the driver (``--training-runs``)."""

    driver: DriverFacts
    metrics: dict[str, EstimateRow]
    episodes: list[EpisodeRow]


class TrainingRuns(_Part):
    """The driver and its further training runs on the same episodes."""

    headline: str
    """The suite's."""
    worst: str | None
    """``given`` of the training run with the worst headline; null where the headline says nothing of two."""
    metrics: dict[str, AcrossRow]
    runs: list[TrainingRun]


class ConditionRow(_Part):
    """What one of the suite's conditions, a, does to the driver, against the first of them, b, on the same episodes."""

    name: str
    settings: dict[str, float]
    """Fields of `drive_sim.evaluation.suites.conditions.Condition` that are not as usual."""
    comparison: list[ComparisonRow]
    """Of the headline and what explains it; p_adjusted for the number of conditions and metrics. None for the first."""


class Machine(_Part):
    """What computed the results: last bits, and so now and then an outcome, differ between kinds of processor."""

    processor: str
    """Model of the processor, as the system calls it."""
    cores: int = Field(ge=1)
    """Threads that loops were spread over; results do not depend on them."""
    gpu: str | None = None
    """Name of the GPU; null where everything was computed on the processor."""

    @classmethod
    def this(cls, device: str) -> Machine:
        """The machine that runs this, computing on ``device``: "cpu" or "cuda"."""
        return cls(processor=processor_name(), cores=thread_count(), gpu=gpu_name() if device == "cuda" else None)

    @property
    def name(self) -> str:
        """Processor and GPU in words."""
        return self.processor if self.gpu is None else f"{self.gpu}, {self.processor}"

    def difference(self, other: Machine) -> str:
        """In a clause that ``other`` computes with another processor or GPU; empty if it does not."""
        return "" if self.name == other.name else f"computed on {self.name}, not {other.name}"


class LeftOut(_Part):
    """A file that was to be driven and could not be used."""

    file: str
    """Its name in the folder ``roads``."""
    problem: str
    """What is wrong with it, where."""
    hint: str
    """How to put it right."""

    @classmethod
    def of(cls, file: str, error: InputError) -> LeftOut:
        """The file that ``error`` is about."""
        problem = " ".join(f"{error.field}: {error.problem}".split()) if error.field else error.problem
        shown = file.encode("utf-8", "backslashreplace").decode("utf-8")
        return cls(file=shown, problem=problem, hint=error.hint)

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return f"left out: {self.file}: {self.problem}; {self.hint}"


class _DriverTiming(BaseModel):
    """What sentences and tables read of a driver's timing; there is more."""

    energy_missing: str | None = None
    energy_window_s: float = 0.0
    metrics: dict[str, EstimateRow] = Field(default_factory=dict)


class _Timing(BaseModel):
    drivers: dict[str, _DriverTiming] = Field(default_factory=dict)


class Results(_Part):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    schema_number: Literal[2] = Field(default=2, alias="schema")
    complete: bool
    """False if the evaluation was interrupted, or ended by a driver that raised: then the episodes are those of the
    batches that were finished."""
    driver: DriverFacts
    suite: str
    """Its name; that of the scenario where a single one was driven."""
    suite_source: FileFacts | None = None
    """The file of a suite of the user's own; null for a bundled one."""
    scenario: ScenarioFacts | None = None
    """The one scenario that was driven; null where a suite was."""
    seed: int
    roads: str | None
    """Folder of the road files, for real-roads, as it was named on the command line."""
    roads_path: str | None = None
    """The same folder from the folder of the results, as `DriverFacts.path`."""
    left_out: list[LeftOut] = Field(default_factory=list)
    """Files of that folder that could not be used; the exit status is 1 if there are any."""
    device: str
    seconds: float | None = Field(default=None, gt=0.0)
    """Driven at most in an episode [s] where it was asked for; else as the suite says."""
    latency_s: float = Field(default=0.0, ge=0.0, le=10.0)
    """Delay that was put on every command of the driver [s]; its baselines drove without."""
    versions: dict[str, str]
    machine: Machine | None = None
    """What computed; null in files of drive_sim before it was told."""
    invalid_commands: int = 0
    """Of all the driver's episodes, as `EpisodeRow.invalid_commands`."""
    metrics: dict[str, EstimateRow]
    added_metrics: dict[str, AddedMetric] = Field(default_factory=dict)
    """Which of the metrics, in ``metrics`` and elsewhere, other packages add; or would, but for a ``problem``."""
    groups: list[Group]
    conditions: list[ConditionRow] = Field(default_factory=list)
    """In the suite's order; empty where it has none. Episodes come condition by condition, the same ones each time."""
    episodes: list[EpisodeRow]
    baselines: list[Baseline]
    comparisons: list[ComparedDriver]
    training_runs: TrainingRuns | None = None
    """Null without ``--training-runs``."""
    timing: dict[str, Any]
    """Wall-clock figures: never the same twice."""

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
