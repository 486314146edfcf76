"""What episodes cannot show is said: few episodes, rare failures, weather that was not there, one training run."""

from __future__ import annotations

from typing import Any

import pytest

from drive_sim.evaluation.report.limits import REAL_WORLD, limits
from drive_sim.evaluation.report.words import findings, preventable
from drive_sim.evaluation.result_rows import EstimateRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.suites.suite import load_suite, scenario_suite

LANES, OBSTACLES = load_suite("lane-keeping"), load_suite("obstacle-avoidance")


def estimate(value: float | None, low: float, high: float, unit: str = "1", basis: float = 50.0) -> EstimateRow:
    return EstimateRow(estimate=value, low=low, high=high, unit=unit, episodes=50, basis=basis)


@pytest.fixture
def said(made_results: Results):
    """What is said of results with these changes, as one text."""

    def say(suite: Any, **changes: Any) -> str:
        return " ".join(limits(made_results.model_copy(update=changes), suite))

    return say


def test_the_width_of_the_interval_is_put_into_words(said) -> None:
    told = said(OBSTACLES, metrics={"collision_free_passes": estimate(0.857, 0.697, 0.94)})
    assert "may be anything from 69.7 to 94 %: 50 episodes cannot tell it closer" in told


def test_episodes_that_drivers_learn_from_are_said_to_be_such(said) -> None:
    assert "episodes of the split train, which drivers learn from" in said(
        scenario_suite("lane-keeping/rural", "train")
    )
    assert "split train" not in said(LANES)


def test_no_contact_in_299_encounters_shows_less_than_a_hundredth_and_no_more(said) -> None:
    clean = {"collisions_per_km": estimate(0.0, 0.0, 0.2, "1/km"), "collision_free_passes": estimate(1.0, 0.98, 1.0)}
    met = {**clean, "collision_free_passes": estimate(1.0, 0.98, 1.0, basis=299.0)}
    assert "No contact in 299 encounters shows, with 95 % confidence, that fewer than 1 %" in said(
        OBSTACLES, metrics=met
    )
    hit = {**met, "collisions_per_km": estimate(0.1, 0.01, 0.4, "1/km")}
    assert "No contact" not in said(OBSTACLES, metrics=hit)


def test_without_help_it_is_said_how_long_it_takes_to_show_it_is_never_needed(said, made_row) -> None:
    assert "takes 5 h of driving without any help" in said(LANES, episodes=[made_row(), made_row()])
    assert "5 h" not in said(LANES, episodes=[made_row(), made_row(interventions=1)])


def test_few_drives_behind_each_cell_make_hints_and_many_do_not(said, made_row) -> None:
    rain = made_row(weather="rain")
    assert "driven more than twice in the same weather" in said(OBSTACLES, episodes=[made_row(), made_row(), rain])
    assert "driven more than" not in said(OBSTACLES, episodes=[*[made_row()] * 30, *[rain] * 30])


def test_weather_that_no_drive_had_is_named(said, made_row) -> None:
    told = said(
        OBSTACLES, episodes=[made_row(weather=name) for name in ("dry", "rain", "fog", "night", "dusk", "worn")]
    )
    assert "No episode had these weathers, of which nothing is said: low sun and snow." in told


def test_a_trained_network_is_one_of_many_and_a_program_is_not(said, made_results: Results) -> None:
    model = made_results.driver.model_copy(update={"controller": "model"})
    assert "the network of one training run" in said(LANES, driver=model)
    assert "training" not in said(LANES)


def test_a_world_that_waits_says_nothing_of_the_clock(said) -> None:
    assert "came 100 ms late" in said(LANES, latency_s=0.1)
    assert "The world waited" not in said(LANES, timing={"real_time": True})
    assert said(LANES, timing={"real_time": True}).endswith(REAL_WORLD)


def test_the_findings_name_where_it_failed_most(made_results: Results, made_row) -> None:
    rows = [
        made_row(scenario="obstacle-avoidance/crossing-pedestrian", outcome="collision with a pedestrian or cyclist"),
        made_row(scenario="obstacle-avoidance/crossing-pedestrian"),
        *[made_row(scenario="obstacle-avoidance/debris", outcome="stall")] * 2,
        made_row(),
    ]
    told = " ".join(findings(made_results.model_copy(update={"episodes": rows}), OBSTACLES))
    assert (
        "It failed most in debris (2 of 2 episodes) and crossing pedestrian (1 of 2 episodes); "
        "nothing failed in 1 of the 3 scenarios." in told
    )


def test_preventable_collisions_are_counted_where_they_were_judged(made_results: Results, made_row) -> None:
    crash = {"outcome": "collision with a vehicle"}
    rows = [made_row(**crash).model_copy(update={"preventable": verdict}) for verdict in (True, True, False, None)]
    assert [preventable(one) for one in rows] == [True, True, False, None]
    assert preventable(made_row()) is None
    told = " ".join(findings(made_results.model_copy(update={"episodes": rows}), OBSTACLES))
    assert "Of the 3 failures that could be judged so, 2 were preventable" in told
    for verdict, said in (
        (True, "The one failure that could be judged so was preventable: the reference driver after UN R157 did not"),
        (False, "The one failure that could be judged so was not preventable: the reference driver after UN R157 coll"),
    ):
        alone = [made_row(**crash).model_copy(update={"preventable": verdict})]
        assert said in " ".join(findings(made_results.model_copy(update={"episodes": alone}), OBSTACLES))
    unjudged = " ".join(findings(made_results.model_copy(update={"episodes": [made_row(**crash)]}), OBSTACLES))
    assert "preventable" not in unjudged
