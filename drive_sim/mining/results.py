"""``mined.json``: in which situations a driver fails, and where in the parameter ranges they lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from drive_sim.base.files import replace_file
from drive_sim.evaluation.result_facts import DriverFacts, FileFacts, Machine, ResultsPart

FILE_NAME = "mined.json"


class ShareRow(ResultsPart):
    """A share of failures."""

    failures: int = Field(ge=0)
    """Counted."""
    situations: int = Field(ge=0)
    """Driven."""
    estimate: float | None
    """The share [1]."""
    low: float | None
    """Lower end of its 95 % interval [1] (Wilson)."""
    high: float | None
    """Upper end [1]."""


class BinRow(ShareRow):
    """Situations that have about the same of a parameter; the share is that of the scenario's own draws."""

    value: str | None
    """What was chosen; null for numbers."""
    start: float
    """Smallest number, in the parameter's unit."""
    end: float
    """Largest number."""


class ParameterRow(ResultsPart):
    """How failures depend on one parameter, or on a feature that draws differ in besides."""

    name: str
    """Of the key of the scenario's file, or of the feature."""
    unit: str
    """"" where it has none."""
    searched: bool
    """Whether the file leaves it open, so that the search chose it; a feature follows from the draw."""
    p_value: float
    """Of no difference between the bins [1] (likelihood-ratio test)."""
    p_adjusted: float
    """The same for the number of parameters [1] (Holm)."""
    bins: list[BinRow]
    """In order."""


class ScenarioRow(ResultsPart):
    """What was found of one scenario."""

    name: str
    """As the suite names it."""
    file: str | None
    """The scenario narrowed to where the driver fails, in the output folder; null where too few failed to tell."""
    region: dict[str, list[float] | list[str]]
    """What of the ranges and choices is left in that file, for those that are narrowed."""
    uniform: ShareRow
    """Of situations drawn as the scenario itself draws."""
    searched: ShareRow
    """Of those that the search chose."""
    fresh: ShareRow | None
    """Of the first draws of ``file``, which no choice rests on."""
    causes: dict[str, int]
    """Failures by cause, the most frequent first."""
    preventable: int
    """Of the failures, those that a reference driver gets past."""
    parameters: list[ParameterRow]
    """The most separating first."""


class SituationRow(ResultsPart):
    """One failing situation."""

    file: str
    """Its scenario file in the output folder; ``drive-sim drive --scenario FILE`` drives it."""
    scenario: str
    """That it is a situation of."""
    round: int
    """Of the search, from 0."""
    uniform: bool
    """Whether it was drawn as the scenario itself draws."""
    cause: str
    """Why the driver failed."""
    again: bool
    """Whether it failed again when driven a second time, as it always does on a CPU."""
    reference_avoids: bool | None
    """Whether the reference driver after UN R157 hits no road user in it; null where none demands a reaction."""
    expert_passes: bool
    """Whether the expert gets past."""
    preventable: bool
    """Whether either of them does."""
    values: dict[str, float | int | str]
    """Of the parameters that the file leaves open."""
    features: dict[str, float | int | str]
    """What the draw is like besides."""


class Mined(ResultsPart):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    schema_number: Literal[1] = Field(default=1, alias="schema")
    """1."""
    driver: DriverFacts
    """The driver that was searched."""
    suite: str
    """Whose scenarios."""
    suite_source: FileFacts | None
    """The file of a suite of the user's own."""
    split: str
    """Whose draws: train or validation."""
    seed: int
    """Of the search."""
    episodes: int
    """Driven of each scenario, the fresh draws among them."""
    rounds: int
    """Of the search."""
    seconds: float
    """Driven at most in an episode [s]."""
    device: str
    """``cpu`` or ``cuda``."""
    versions: dict[str, str]
    """As in ``results.json``."""
    machine: Machine
    """What computed."""
    scenarios: list[ScenarioRow]
    """In the suite's order."""
    situations: list[SituationRow]
    """Every failing situation."""


def write_mined(mined: Mined, folder: Path) -> None:
    """Write ``folder/mined.json``."""
    text = json.dumps(mined.model_dump(by_alias=True), indent=1, allow_nan=False, ensure_ascii=False)
    replace_file(folder / FILE_NAME, text + "\n")
