"""The failed episodes: all of them, by scenario and worst first, each with what drives it again and its video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drive_sim.evaluation.logs.trace import trace_of
from drive_sim.evaluation.report import failures as report_failures
from drive_sim.evaluation.report.failures import Failures, failures
from drive_sim.evaluation.report.videos import ShownEpisode
from drive_sim.evaluation.result_rows import EpisodeRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes
from drive_sim.evaluation.running.replays import worst_first
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.statistics.estimates import score_episode
from drive_sim.evaluation.suites.suite import load_suite
from drive_sim.world.state import EVENT_COLLISION_PEDESTRIAN, EVENT_COLLISION_VEHICLE, EVENT_FINISH, EVENT_OFF_ROAD

ENDS = (EVENT_FINISH, EVENT_OFF_ROAD, EVENT_COLLISION_PEDESTRIAN, EVENT_COLLISION_VEHICLE)
FOLDER = Path("my runs/night")
VIDEO = ShownEpisode(
    index=2, title="", moment="", failed=True, facts="", others="", clip=None, poster=None, clip_start=0.0,
    duration=1.0, map="", plots="", command="", again="", same=True,
)  # fmt: skip


@pytest.fixture
def listed(make_log, made_results: Results):
    """The list of four episodes, of which the first arrived."""

    def make(condition: str = "", scenarios: tuple[str, ...] = ("hand/made",) * 4, **row_changes: Any) -> Failures:
        logs = [
            make_log(100, events={99: end}, facts={"condition": condition, "scenario": scenario})
            for end, scenario in zip(ENDS, scenarios, strict=True)
        ]
        driven = DrivenEpisodes(
            made_results.driver, [score_episode(log) for log in logs], [trace_of(log) for log in logs]
        )
        suite = load_suite("obstacle-avoidance")
        evaluation = Evaluation(suite, 0, None, Conditions(suite.on_failure, "cpu", 1), [], driven)
        rows = [EpisodeRow(**score.to_json()).model_copy(update=row_changes) for score in driven.scores]
        order = worst_first(driven.scores, suite.headline)
        return failures(made_results.model_copy(update={"episodes": rows}), evaluation, order, FOLDER, [VIDEO])

    return make


def test_failures_are_listed_worst_first_and_arrivals_are_not(listed) -> None:
    found = listed()
    (group,) = found.groups
    assert [row.index for row in group.rows] == [2, 3, 1]
    assert (found.count, found.captured) == (3, 1)
    assert [row.video for row in group.rows] == [VIDEO, None, None]
    assert group.videos == [VIDEO]


def test_the_scenario_of_the_worst_comes_first_and_says_how_many_of_its_drives_failed_and_how(listed) -> None:
    found = listed(scenarios=("a/cones", "a/cones", "a/cones", "a/rain"))
    assert [(group.scenario, len(group.rows), group.episodes) for group in found.groups] == [
        ("cones", 2, 3),
        ("rain", 1, 1),
    ]
    assert found.groups[0].what == "1 × collision with a pedestrian or cyclist, 1 × off the road"
    assert found.count == 3


def test_scenarios_are_folded_where_the_list_gets_long_and_the_worst_never_is(
    listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenarios = ("a/cones", "a/cones", "a/cones", "a/rain")
    assert [group.unfolded for group in listed(scenarios=scenarios).groups] == [True, True]
    monkeypatch.setattr(report_failures, "SHOWN", 1)
    assert [group.unfolded for group in listed(scenarios=scenarios).groups] == [True, False]


def test_a_row_says_what_where_when_and_how_to_see_it_again(listed) -> None:
    row = listed().groups[0].rows[0]
    assert row.what == "collision with a pedestrian or cyclist"
    assert row.time == pytest.approx(10.0)
    assert (row.where, row.along) == ("made, dry", "100 m of 100 m on straight")
    assert row.command == "drive-sim replay 'my runs/night' 2"


def test_preventability_is_shown_where_it_was_judged(listed) -> None:
    assert not listed().judged
    assert not listed(preventable=None).judged
    found = listed(preventable=True)
    assert found.judged
    assert {row.preventable for row in found.groups[0].rows} == {"yes"}
    assert {row.preventable for row in listed(preventable=False).groups[0].rows} == {"no"}


def test_a_condition_stands_behind_the_weather(listed) -> None:
    assert listed(condition="camera blind for 1 s").groups[0].rows[0].where == "made, dry, camera blind for 1 s"
