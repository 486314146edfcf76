"""Pavings and roadsides are drawn from the episode's seed, as the weather's weights say, and shift no other draw."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from pydantic import ValidationError

from drive_sim.world.scenarios.episode import WeatherSpec, weather_arrays
from drive_sim.world.scenarios.files import surfaces, weather_domains
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.scenarios.weather_schema import WeatherRanges
from drive_sim.world.state import PAVINGS, ROADSIDE_SNOW, ROADSIDES


@pytest.mark.slow
def test_every_paving_and_roadside_of_a_weather_turns_up():
    scenario = load_scenario("weather/rural", "test")
    seen = {(w.name, PAVINGS[w.paving], ROADSIDES[w.roadside]) for w in (scenario.draw(n).weather for n in range(240))}
    assert {paving for _, paving, _ in seen} == set(PAVINGS)
    assert {roadside for _, _, roadside in seen} == set(ROADSIDES)
    for name, paving, roadside in seen:
        assert weather_domains()[name].paving[paving] > 0.0
        assert weather_domains()[name].roadside[roadside] > 0.0


def test_the_same_number_has_the_same_surfaces_again():
    scenario = load_scenario("lane-keeping/rural", "train")
    assert asdict(scenario.draw(7).weather) == asdict(scenario.draw(7).weather)


@pytest.mark.slow
def test_concrete_is_lighter_than_asphalt_whatever_the_weather():
    darkest = min(min(colour) for colour in surfaces()["concrete"].colours)
    assert darkest > 0.3
    scenario = load_scenario("lane-keeping/motorway", "train")
    drawn = [scenario.draw(n).weather for n in range(60)]
    concrete = [w.asphalt[0] for w in drawn if PAVINGS[w.paving] == "concrete"]
    assert concrete
    assert min(concrete) >= darkest


def test_an_unknown_surface_is_named():
    given = weather_domains()["dry"].model_dump() | {"paving": {"lava": 1.0}}
    with pytest.raises(ValidationError, match="there is no paving lava; choose from asphalt, patched, concrete"):
        WeatherRanges(**given)


def test_a_weather_that_was_recorded_before_there_were_surfaces_is_asphalt_between_grass():
    old = {k: v for k, v in asdict(WeatherSpec()).items() if k not in ("paving", "roadside", "shutter")}
    arrays = weather_arrays([WeatherSpec(**old), replace(WeatherSpec(), roadside=ROADSIDE_SNOW)])
    assert PAVINGS[arrays.paving[0]] == "asphalt"
    assert [ROADSIDES[k] for k in arrays.roadside] == ["grass", "snow"]
    assert arrays.shutter[0] == 1.0
