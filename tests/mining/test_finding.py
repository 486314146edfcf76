"""Proposals, regions and separations on failures whose place is known; nothing is driven."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from drive_sim.compute.randomness import generator
from drive_sim.mining.parameters import Values, parameters_of
from drive_sim.mining.proposal import UNIFORM_EVERY, UNIFORM_SHARE, Proposal
from drive_sim.mining.region import failing_region, in_words
from drive_sim.mining.separation import separations
from drive_sim.world.scenarios.scenario import load_scenario

PARAMETERS = parameters_of(load_scenario("obstacle-avoidance/cut-out").definition)
UNIFORM = Proposal.uniform(PARAMETERS)


def fast_at_night(values: Values) -> bool:
    return values["weather"] == "night" and float(values["road.speed_limit"]) > 22.0


def late_and_near(values: Values) -> bool:
    return float(values["lead.when.value"]) < 2.15 and float(values["standing.ahead"]) < 185.0


class Searched:
    """Four rounds of 15 draws each towards failures of a known kind."""

    def __init__(self, fails: Callable[[Values], bool], seed: int) -> None:
        self.situations: list[Values] = []
        self.guided: list[bool] = []
        proposal, weights = UNIFORM, []
        for number in range(4):
            for index in range(15 * number, 15 * (number + 1)):
                uniform = number == 0 or index % UNIFORM_EVERY == 0
                drawn = (UNIFORM if uniform else proposal).draw(generator("finding", seed, index))
                self.situations.append(drawn)
                self.guided.append(not uniform)
                weights.append(proposal.weight(drawn) if number else 1.0)
            self.bad = [fails(one) for one in self.situations]
            self.weights = np.array(weights)
            proposal = proposal.towards(self.situations, self.bad, self.weights)

    def share(self, guided: bool) -> float:
        return float(np.mean([bad for bad, one in zip(self.bad, self.guided, strict=True) if one is guided]))


@pytest.fixture(scope="module")
def at_night() -> list[Searched]:
    return [Searched(fast_at_night, seed) for seed in range(4)]


def test_failures_in_a_corner_are_found_more_often_than_by_uniform_draws(at_night: list[Searched]) -> None:
    others = [Searched(late_and_near, seed) for seed in range(4)]
    for found in (at_night, others):
        guided, uniform = (np.mean([one.share(which) for one in found]) for which in (True, False))
        assert guided > 2.0 * uniform


def test_weighed_draws_are_the_scenarios_own(at_night: list[Searched]) -> None:
    one, rng = at_night[0], generator("own")
    towards = UNIFORM.towards(one.situations, one.bad, one.weights)
    drawn = [(towards if index % UNIFORM_EVERY else UNIFORM).draw(rng) for index in range(800)]
    weights, bad = np.array([towards.weight(values) for values in drawn]), [fast_at_night(values) for values in drawn]
    assert np.mean(bad) > 0.25
    assert weights @ bad / weights.sum() == pytest.approx(0.25 * 4.0 / 8.0, abs=0.04)
    assert weights.max() <= 1.0 / UNIFORM_SHARE


def test_the_region_is_the_corner_and_nothing_else(at_night: list[Searched]) -> None:
    regions = [failing_region(PARAMETERS, one.situations, one.bad) for one in at_night]
    for region in regions:
        assert region is not None
        assert region["weather"] == frozenset({"night"})
        low, high = region["road.speed_limit"]
        assert low > 20.0
        assert high == 26.0
        assert len(region) <= 3
    assert "weather night" in in_words(PARAMETERS, regions[0] or {})


def test_too_few_failures_make_no_region(at_night: list[Searched]) -> None:
    assert failing_region(PARAMETERS, at_night[0].situations, [True] * 4 + [False] * 56) is None


def test_the_parameters_of_the_corner_separate_most(at_night: list[Searched]) -> None:
    one = at_night[0]
    rows = separations(one.situations, one.bad, one.weights)
    assert {"weather", "road.speed_limit"} <= {row.name for row in rows[:4]}
    night = next(found for row in rows for found in row.bins if found.value == "night")
    assert night.share.interval.low > 0.125
    assert rows[0].p_adjusted < 0.05
    assert rows[-1].p_adjusted > 0.05


def test_draws_without_a_failure_lead_nowhere() -> None:
    situations = [UNIFORM.draw(generator("none", index)) for index in range(8)]
    proposal = UNIFORM.towards(situations, [False] * 8, np.ones(8))
    assert proposal.ratio(situations[0]) == pytest.approx(1.0)
    assert all(row.p_value == 1.0 for row in separations(situations, [False] * 8, np.ones(8)))
