"""What scenarios leave open: names and units, and files in which it is pinned or narrowed."""

from __future__ import annotations

import tomllib

import pytest

from drive_sim.base.toml import validated
from drive_sim.compute.randomness import generator
from drive_sim.mining.parameters import narrowed, parameters_of, pinned
from drive_sim.mining.proposal import Proposal
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.scenarios.schema import ScenarioDefinition
from drive_sim.world.scenarios.writing import scenario_text

CUT_OUT = load_scenario("obstacle-avoidance/cut-out").definition


def test_a_parameter_of_variants_has_one_name_and_a_unit() -> None:
    found = {one.name: one for one in parameters_of(CUT_OUT)}
    assert next(iter(found)) == "variant"
    assert found["lead.when.value"].unit == "s"
    assert found["lead.when.value"].bounds == (2.0, 2.8)
    assert found["lead.when.value"].places["left-near-late"].bounds == (2.0, 2.3)
    assert found["weather"].options == ["dry", "fog", "night", "rain"]
    assert found["lead.kind"].places["left-near-late"].options == {"car": 0.75, "lorry": 0.25}


def test_a_range_that_an_action_does_not_use_is_no_parameter() -> None:
    assert "lead.then.duration" in {one.name for one in parameters_of(CUT_OUT)}
    assert "lead.then.rate" not in {one.name for one in parameters_of(CUT_OUT)}


@pytest.mark.parametrize("name", list_scenarios("train"))
def test_a_pinned_scenario_leaves_nothing_open(name: str) -> None:
    definition = load_scenario(name).definition
    parameters = parameters_of(definition)
    values = Proposal.uniform(parameters).draw(generator("pinned", name))
    tables = tomllib.loads(scenario_text(pinned(definition, parameters, values)))
    assert parameters_of(validated(ScenarioDefinition, tables, name)) == []


def test_a_narrowed_scenario_keeps_the_variants_that_reach_into_the_region() -> None:
    region = {"lead.when.value": (2.2, 2.45), "weather": frozenset({"fog"}), "lead.kind": frozenset({"lorry"})}
    tables = narrowed(CUT_OUT, parameters_of(CUT_OUT), region)
    found = validated(ScenarioDefinition, tomllib.loads(scenario_text(tables)), "narrowed")
    assert found.encounters["left-near-late"].actors["lead"].when.value == (2.2, 2.3)
    assert found.encounters["left-far-late"].actors["lead"].when.value == (2.4, 2.45)
    assert found.encounters["right-far-late"].actors["lead"].kind == ("lorry",)
    assert found.weather == {"fog": 1.0}
    near = narrowed(CUT_OUT, parameters_of(CUT_OUT), {"lead.when.value": (2.0, 2.25)})
    assert sorted(near["encounters"]) == ["left-near-late", "right-near-late"]
