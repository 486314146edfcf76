"""What could have been prevented: the reference driver's verdict in metrics, episodes and results."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from drive_sim.evaluation import harness
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.metrics.metric import NOTHING, Ratio
from drive_sim.evaluation.report import page as report
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.running.preventability import judge_preventable
from drive_sim.evaluation.running.scored_episode import load_scored
from drive_sim.evaluation.statistics.estimates import estimate_all
from drive_sim.evaluation.suites.suite import load_suite
from drive_sim.rollout import run
from drive_sim.world.ego.single_track import GRAVITY
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTION_SPEED, EVENT_COLLISION_STATIC, EVENT_COLLISION_VEHICLE

pytestmark = pytest.mark.slow

EGO_LENGTH = 4.51
PREVENTABLE, UNAVOIDABLE = METRICS["preventable_collisions"], METRICS["unavoidable_collisions"]


@pytest.fixture
def episode(make_log: Callable, make_actor: Callable) -> Callable:
    """Ten steps with a car on the road that is hit in the sixth, or not; the reference's verdict."""

    def make(hit: bool, preventable: bool | None, road: str = "straight"):
        touched = [0 if hit and step == 5 else -1 for step in range(10)]
        events = {5: EVENT_COLLISION_VEHICLE} if hit else {}
        facts = {"preventable": preventable, "road": road}
        return make_log(10, (make_actor(),), facts=facts, hit_actor=touched, events=events)

    return make


@pytest.mark.parametrize(
    ("hit", "preventable", "expected"),
    [(True, True, (1, 0)), (True, False, (0, 1)), (False, True, (0, 0)), (False, False, (0, 0))],
)
def test_a_collision_is_either_preventable_or_unavoidable(episode, hit, preventable, expected) -> None:
    log = episode(hit, preventable)
    assert (PREVENTABLE(log), UNAVOIDABLE(log)) == tuple(Ratio(float(one), 1.0) for one in expected)


def test_without_an_actor_the_reference_gives_no_verdict(episode, make_log) -> None:
    assert PREVENTABLE(episode(True, None)) == UNAVOIDABLE(episode(True, None)) == NOTHING
    assert PREVENTABLE(make_log(10)) == NOTHING


def test_a_guard_rail_is_no_road_user(make_log, make_actor) -> None:
    log = make_log(10, (make_actor(),), facts={"preventable": True}, events={5: EVENT_COLLISION_STATIC})
    assert PREVENTABLE(log) == Ratio(0.0, 1.0)


def test_their_estimates_are_shares_of_the_episodes_with_others(episode) -> None:
    """2 of 5 preventable, 1 of 5 not; the sixth, without a verdict, does not count."""
    verdicts = [(True, True), (True, True), (True, False), (False, True), (False, False), (True, None)]
    logs = [episode(hit, verdict, road=f"road {number}") for number, (hit, verdict) in enumerate(verdicts)]
    found = estimate_all(logs)
    assert found["preventable_collisions"].estimate == pytest.approx(0.4)
    assert found["unavoidable_collisions"].estimate == pytest.approx(0.2)
    assert found["preventable_collisions"].episodes == 5


def test_the_verdict_does_not_depend_on_the_batch_and_is_none_without_an_actor() -> None:
    names = ["ncap/ccrb-12m-6", "ncap/ccrm", "alks/free-driving", "alks/cut-in-unavoidable"]
    episodes = [load_scenario(name, "test").draw(0) for name in names]
    verdicts = judge_preventable(episodes, "cpu", 32, lambda share, text: None)
    assert verdicts == [False, True, None, False]
    assert judge_preventable(episodes, "cpu", 1, lambda share, text: None) == verdicts


@pytest.mark.parametrize("suite", ["alks", "ncap"])
def test_the_scenarios_that_say_they_are_unavoidable_are_those_that_the_reference_does_not_survive(suite) -> None:
    scenarios = [load_scenario(name, "test") for name in list_scenarios("test", suite) if "free" not in name]
    verdicts = judge_preventable([one.draw(2) for one in scenarios], "cpu", 32, lambda share, text: None)
    marked = {one.name for one in scenarios if one.definition.unavoidable}
    assert marked == {one.name for one, verdict in zip(scenarios, verdicts, strict=True) if not verdict}


def braking_needed(episode) -> float:
    """Deceleration [m/s²] that keeps the car from the other, held from when its brake is full: reckoned, not driven.

    A careful driver's time, 0.4 s to judge, 0.75 s to react and 0.6 s for the brake to build up (half of it lost), from
    when there is something to judge: the lead's braking, or a cut-in by 0.375 m. Both speeds are kept until then.
    """
    (other,) = episode.actors
    gap = other.start_s - episode.start_s - 0.5 * (other.length + EGO_LENGTH)
    spent = 0.4 + 0.75 + 0.5 * 0.6
    speed = episode.start_speed
    if other.action == ACTION_SPEED:
        # Both stop: v t + v² / 2a = gap + v² / 2b.
        return speed**2 / (2.0 * (gap + other.start_speed**2 / (2.0 * other.action_rate) - speed * spent))
    aside = abs(other.action_d - other.start_d)
    spent += other.action_duration * math.acos(1.0 - 2.0 * 0.375 / aside) / math.pi
    closing = speed - other.start_speed
    return closing**2 / (2.0 * max(other.trigger_value - closing * spent, 1e-3))


def test_what_is_unavoidable_asks_for_more_than_the_road_holds_and_what_is_not_for_less() -> None:
    """By physics, without a driver: a careful driver's time leaves less than the way that full grip takes."""
    for unavoidable, avoidable in (("ncap/ccrb-12m-6", "ncap/ccrb-40m-6"), ("alks/cut-in-unavoidable", "alks/cut-in")):
        for number in range(10):
            for name, expected in ((unavoidable, True), (avoidable, False)):
                episode = load_scenario(name, "test").draw(number)
                assert (braking_needed(episode) > GRAVITY * episode.weather.friction) == expected, name
                assert episode.unavoidable == expected


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, int], Results]:
    def score(driver: str, suite: str, episodes: int) -> Results:
        monkeypatch.setattr(report, "write_report", lambda page, *_: page.touch())
        monkeypatch.setattr(harness, "load_suite", lambda name: load_suite(name).model_copy(update={"seconds": 12.0}))
        evaluate(driver, suite, tmp_path / suite, episodes=episodes, baselines=False)
        return load_results(tmp_path / suite)

    return score


def test_results_say_of_every_episode_whether_it_was_preventable(results, tmp_path) -> None:
    found = results("straight", "ncap", 4)
    names = [row.scenario for row in found.episodes]
    verdicts = dict(zip(names, [row.preventable for row in found.episodes], strict=True))
    assert verdicts == {"ncap/ccrs": True, "ncap/ccrm": True, "ncap/ccrb-12m-2": True, "ncap/ccrb-12m-6": False}
    assert not found.baselines
    hit = [row.preventable for row in found.episodes if row.outcome.startswith("collision")]
    assert found.metrics["preventable_collisions"].estimate == pytest.approx(hit.count(True) / 4)
    assert found.metrics["unavoidable_collisions"].estimate == pytest.approx(hit.count(False) / 4)


def test_a_suite_without_actors_has_no_verdicts(results) -> None:
    found = results("straight", "lane-keeping", 2)
    assert {row.preventable for row in found.episodes} == {None}
    assert "preventable_collisions" not in found.metrics


def test_an_episode_with_a_verdict_can_be_driven_again(results, tmp_path, monkeypatch) -> None:
    from dataclasses import replace

    from drive_sim.evaluation.logs.rollout_log import RolloutLog

    results("straight", "ncap", 2)
    scored = load_scored(tmp_path / "ncap", 1)
    log = RolloutLog()
    run(Simulator([replace(scored.episode, time_limit=12.0)], on_failure=scored.on_failure), scored.driver, [log])
    assert scored.verdict(log.episode(0)).startswith("the same episode:")
