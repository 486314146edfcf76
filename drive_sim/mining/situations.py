"""Situations: draws of a scenario whose parameters are chosen, each a scenario of its own with one draw.

A situation is the scenario with every parameter pinned, under a name of its own: the name keys all else that is drawn
(road, sizes, colours, the weather's details), so that no two have the same road, and its file gives it again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.resources import scenarios_folder
from drive_sim.base.text import user_path
from drive_sim.base.toml import validated
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.mining.parameters import Parameter, Values, narrowed, parameters_of, pinned
from drive_sim.mining.region import Region
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.files import weather_domains
from drive_sim.world.scenarios.scenario import Scenario, load_scenario
from drive_sim.world.scenarios.schema import ScenarioDefinition

SITUATIONS, SCENARIOS = "situations", "scenarios"
"""Folders of the files of failing situations, and of scenarios narrowed to where a driver fails."""
SEARCHED_SPLITS = ("train", "validation")
"""Whose draws may be searched: those of test score drivers."""


@dataclass(frozen=True)
class Space:
    """What can be drawn of one scenario."""

    scenario: Scenario
    stem: str
    """Of the names of its files."""
    road_file: str | None
    """The scenario's road as a file one folder below ``folder`` names it."""
    parameters: list[Parameter]
    seconds: float
    """Driven at most [s]."""
    seed: int
    """Of the search, which names say: another search has other roads."""

    def key(self, index: int) -> str:
        """The name of the file of situation ``index``."""
        return f"{self.stem}-{index:03d}" + (f"-seed-{self.seed}" if self.seed else "")

    def situation(self, key: str, values: Values) -> tuple[dict[str, Any], Scenario]:
        """A situation's tables, and the scenario whose draw 0 it is."""
        tables = pinned(self.scenario.definition, self.parameters, values) | {"splits": [self.scenario.split]}
        return self._made(tables, f"{SITUATIONS}/{key}")

    def narrowed_to(self, region: Region) -> tuple[dict[str, Any], Scenario]:
        """The tables of the scenario within a region, and that scenario."""
        weathers = [weather_domains()[name].splits for name in self.scenario.definition.weather]
        splits = [one for one in SEARCHED_SPLITS if all(one in allowed for allowed in weathers)]
        tables = narrowed(self.scenario.definition, self.parameters, region) | {"splits": splits}
        return self._made(tables, f"{SCENARIOS}/{self.stem}")

    def draw(self, scenario: Scenario, number: int = 0) -> Episode:
        """An episode, no longer than an episode of the suite."""
        episode = scenario.draw(number)
        return replace(episode, time_limit=min(episode.time_limit, self.seconds))

    def _made(self, tables: dict[str, Any], name: str) -> tuple[dict[str, Any], Scenario]:
        if self.road_file is not None:
            tables["road"]["file"] = self.road_file
        definition = validated(ScenarioDefinition, _lists(tables), name)
        return tables, Scenario(name, self.scenario.split, definition, self.scenario.road)


def spaces_of(suite: Suite, seed: int, folder: Path) -> list[Space]:
    """What can be drawn of each scenario of a suite; ``folder`` is that of the output.

    Raises
    ------
    InputError
        The suite names no scenarios, has conditions, or a scenario is not of its split.
    """
    if not suite.scenarios:
        raise InputError("--suite", "", f"{suite.name} has no scenarios to search", "name a suite of scenarios")
    if suite.conditions:
        hint = "name a suite without conditions, such as lane-keeping"
        raise InputError("--suite", "", f"{suite.name} has conditions, which are not searched", hint)
    scenarios = [load_scenario(name, suite.split) for name in suite.scenarios]
    for name, scenario in zip(suite.scenarios, scenarios, strict=True):
        if scenario.split != suite.split:
            problem = f"{name} is a {scenario.split} scenario, which {suite.split} draws are not of"
            raise InputError("--suite", "", problem, f"name scenarios of {suite.split}")
    alike = Counter(_stem(scenario.name) for scenario in scenarios)
    found = []
    for name, scenario in zip(suite.scenarios, scenarios, strict=True):
        stem = _stem(scenario.name)
        stem = scenario.name.replace("/", "-") if alike[stem] > 1 else stem
        parameters = parameters_of(scenario.definition)
        road = _road_file(scenario, name, folder)
        found.append(Space(scenario, stem, road, parameters, suite.seconds, seed))
    return found


def _stem(name: str) -> str:
    return name.rpartition("/")[2]


def _road_file(scenario: Scenario, name: str, folder: Path) -> str | None:
    file = scenario.definition.road.file
    if file is None:
        return None
    path = user_path(name) if name.endswith(".toml") else scenarios_folder() / scenario.split / f"{name}.toml"
    target = (path.resolve().parent / user_path(file)).resolve()
    try:
        return Path(os.path.relpath(target, folder.resolve() / SITUATIONS)).as_posix()
    except ValueError:  # another drive, to which no relative path leads
        return target.as_posix()


def _lists(tables: Any) -> Any:
    """The same as a TOML reader gives it: lists for tuples."""
    if isinstance(tables, Mapping):
        return {name: _lists(value) for name, value in tables.items()}
    return [_lists(one) for one in tables] if isinstance(tables, Sequence) and not isinstance(tables, str) else tables
