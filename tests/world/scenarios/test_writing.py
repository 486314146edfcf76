"""A scenario that is written to a file is the same scenario."""

from __future__ import annotations

import tomllib

import pytest

from drive_sim.base.toml import validated
from drive_sim.world.scenarios.scenario import SPLITS, list_scenarios, load_scenario
from drive_sim.world.scenarios.schema import ScenarioDefinition
from drive_sim.world.scenarios.writing import scenario_text, tables_of


@pytest.mark.parametrize("split", SPLITS)
def test_every_bundled_scenario_reads_back_as_it_was(split: str) -> None:
    for name in list_scenarios(split):
        definition = load_scenario(name, split).definition
        text = scenario_text(tables_of(definition))
        assert validated(ScenarioDefinition, tomllib.loads(text), name) == definition


def test_any_text_is_written_so_that_it_reads_back() -> None:
    tables = {"purpose": 'a "quoted"\nline \\ é \x7f', "encounters": {"odd name.x": {"position": (1e-05, 1e6)}}}
    found = tomllib.loads(scenario_text(tables))
    assert found == {"purpose": tables["purpose"], "encounters": {"odd name.x": {"position": [1e-05, 1e6]}}}
