"""Suites: which episodes a driver is scored on. Data under ``scenarios/suites``, or a file of the user's own.

This reads and draws them; a single scenario makes a suite, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.resources import suite_files
from drive_sim.base.text import user_path
from drive_sim.base.toml import read_toml, validated
from drive_sim.compute.randomness import key
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.outputs import check_names
from drive_sim.evaluation.suites.conditions import Condition
from drive_sim.world.roads.csv_import import load_road
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.files import load_definition
from drive_sim.world.scenarios.scenario import SPLITS, Scenario, first_number, load_scenario, scenario_for_road
from drive_sim.world.simulator import CONTROL_PERIOD

REAL_ROADS = "real-roads"
SCENARIO_EPISODES, SCENARIO_SECONDS = 20, 120.0
"""Episodes of a scenario that is scored alone, and how long each lasts at most [s], unless asked otherwise."""
BASELINES = ("human-model", "expert", "classical", "straight")
"""Baselines of a scenario that is scored alone."""


class Suite(BaseModel):
    """One suite; ``scenarios`` take turns, and each of their episodes has a road of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    purpose: str
    good_driver: str
    """What a good driver does, in a sentence."""
    split: Literal["train", "validation", "test"]
    scenarios: tuple[str, ...]
    """Names of bundled scenarios of the split; in a suite of one's own also files, ``.toml``, seen from its folder."""
    on_failure: Literal["terminate", "reset_to_lane"]
    episodes: int | None = Field(default=None, gt=0, le=100_000)
    """Drawn unless asked otherwise; real-roads: one for each road."""
    seconds: float = Field(gt=0.0, le=86_400.0)
    """Driven at most in an episode [s]."""
    headline: str
    """The metric that the verdict is about."""
    baselines: tuple[str, ...]
    """Drivers shown beside the one that is scored."""
    conditions: dict[str, Condition] = Field(default_factory=dict)
    """By name; the same episodes are driven under each, and each is compared with the first."""

    @field_validator("on_failure", mode="before")
    @classmethod
    def _by_its_new_name(cls, value: object) -> object:
        if value == "put_back":
            raise ValueError('"put_back" is called "reset_to_lane" now; write "reset_to_lane"')
        return value

    def given_name(self, scenario: str) -> str:
        """The name or file among `scenarios` of the scenario that episodes call ``scenario``."""
        files = {f"{Path(one).resolve().parent.name}/{Path(one).stem}": one for one in self.scenarios if _is_file(one)}
        return scenario if scenario in self.scenarios else files.get(scenario, scenario)

    def with_seconds(self, seconds: float | None) -> Suite:
        """The suite with episodes of at most ``seconds``, or as it is for None; InputError for less than a step."""
        if seconds is None:
            return self
        if not CONTROL_PERIOD <= seconds < math.inf:
            problem = "is endless" if seconds == math.inf else "is too short to drive"
            raise InputError("--seconds", "", f"{seconds:g} {problem}", "give one second or more")
        return self.model_copy(update={"seconds": seconds})


def list_suites() -> list[str]:
    """Names of the suites there are."""
    return list(suite_files())


def load_suite(name: str) -> Suite:
    """The suite of that name, or of a ``.toml`` file; InputError if there is none, or its file is wrong."""
    path = user_path(name) if _is_file(name) else suite_files().get(name)
    if path is None:
        hint = f"use one of {', '.join(list_suites())}, or a FILE.toml"
        raise InputError("--suite", "", f"{name!r} is not a suite", hint)
    suite = validated(Suite, {"name": path.stem, **read_toml(path)}, path, renamed={"yardsticks": "baselines"})
    if suite.split == "train":
        hint = "write validation or test; --scenario FILE --split train scores one scenario"
        raise InputError(path, "split", "is 'train', which drivers learn from", hint)
    if _is_file(name):
        scenarios = (str(path.parent / user_path(one)) if _is_file(one) else one for one in suite.scenarios)
        suite = suite.model_copy(update={"scenarios": tuple(scenarios)})
        if suite.name == REAL_ROADS:
            raise InputError(path, "name", f"is that of the suite {REAL_ROADS}", "call it something else")
    if suite.headline not in METRICS:
        raise InputError(path, "headline", f"{suite.headline!r} is not a metric", f"use one of {', '.join(METRICS)}")
    broken = METRICS.broken()
    if suite.headline in broken:
        raise broken[suite.headline]
    return suite


def scenario_suite(name: str | Path, split: str | None = None) -> Suite:
    """The suite of one scenario alone, by its bundled name or ``.toml`` file.

    One whose actors demand a reaction is scored as obstacle-avoidance is, another one as lane-keeping. ``split`` says
    which draws are taken; of a bundled file, its folder does. Without one they are test's, or those of the last of
    `SPLITS` that the file is for.
    """
    scenario = load_scenario(str(name), split or _scored_split(str(name)))
    definition = scenario.definition
    met = any(actor.demands_reaction for one in definition.encounters.values() for actor in one.actors.values())
    return Suite(
        name=scenario.name,
        purpose=definition.purpose,
        good_driver=definition.good_driver,
        split=scenario.split,  # type: ignore[arg-type]  # load_scenario knows no other split
        scenarios=(str(name),),
        on_failure="terminate" if met else "reset_to_lane",
        episodes=SCENARIO_EPISODES,
        seconds=SCENARIO_SECONDS,
        headline="collision_free_passes" if met else "autonomy",
        baselines=BASELINES,
    )


def _scored_split(scenario: str) -> str:
    return max(load_definition(user_path(scenario)).splits, key=SPLITS.index) if _is_file(scenario) else "test"


def _is_file(name: str) -> bool:
    return name.endswith(".toml")


def draw_suite(
    suite: Suite,
    episodes: int | None = None,
    seed: int = 0,
    roads: Path | None = None,
    leave_out: Callable[[Path, InputError], None] | None = None,
) -> list[Episode]:
    """The suite's episodes, always the same for the same arguments; scenarios take turns.

    Every condition drives these: ``episodes`` is their number under each. ``leave_out`` is told of each road file in
    the folder ``roads`` that cannot be used, and the suite is drawn without it; where there is no ``leave_out``, the
    first such file is an error.
    """
    if suite.name == REAL_ROADS:
        return _real_roads(suite, episodes, seed, roads, leave_out)
    if roads is not None:
        raise InputError("--roads", "", f"means nothing to suite {suite.name}", f"use it with --suite {REAL_ROADS}")
    scenarios = [load_scenario(name, suite.split) for name in suite.scenarios]
    count = episodes or suite.episodes or len(scenarios)
    drawn = []
    for index in range(count):
        # Seed 0 takes the first draws of each scenario; another seed takes others far away from them.
        number = index // len(scenarios) + (key("suite", suite.name, seed) % 2**40 if seed else 0)
        episode = scenarios[index % len(scenarios)].draw(number)
        drawn.append(replace(episode, time_limit=min(episode.time_limit, suite.seconds)))
    return drawn


def _real_roads(
    suite: Suite,
    episodes: int | None,
    seed: int,
    folder: Path | None,
    leave_out: Callable[[Path, InputError], None] | None,
) -> list[Episode]:
    hint = "name a folder of centre-line CSV files"
    if folder is None:
        raise InputError("--roads", "", f"is missing; suite {suite.name} needs it", hint)
    folder = user_path(folder)
    if not folder.is_dir():
        raise InputError("--roads", "", f"{folder} is not a folder", hint)
    paths = listed(folder, "*.csv")
    if not paths:
        raise InputError("--roads", "", f"{folder} holds no .csv file", hint)
    scenarios, first_error = [], None
    for path in paths:
        try:
            scenarios.append(_scenario_of(path))
        except InputError as error:
            if leave_out is None:
                raise
            first_error = first_error or error
            leave_out(path, error)
    if first_error is not None and not scenarios:
        raise first_error
    count, first = episodes or len(scenarios), first_number(seed)
    drawn = [scenarios[index % len(scenarios)].draw(first + index // len(scenarios)) for index in range(count)]
    return [replace(episode, time_limit=min(episode.time_limit, suite.seconds)) for episode in drawn]


def _scenario_of(path: Path) -> Scenario:
    """Driving the road of a file; InputError if it is none."""
    check_names({"--roads": [path.name]})
    return scenario_for_road(load_road(path))
