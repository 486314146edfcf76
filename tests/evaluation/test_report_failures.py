"""The list of failed drives: all of them up to a cap, worst first, each with what drives it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drive_sim.evaluation import report_failures
from drive_sim.evaluation.drives import Conditions, Drives
from drive_sim.evaluation.estimates import score_episode
from drive_sim.evaluation.replays import worst_first
from drive_sim.evaluation.report_failures import Failures, failures
from drive_sim.evaluation.results import EpisodeRow, Results
from drive_sim.evaluation.suites import load_suite
from drive_sim.evaluation.summary import Evaluation
from drive_sim.evaluation.trace import trace_of
from drive_sim.world.state import EVENT_COLLISION_PEDESTRIAN, EVENT_COLLISION_VEHICLE, EVENT_FINISH, EVENT_OFF_ROAD

ENDS = (EVENT_FINISH, EVENT_OFF_ROAD, EVENT_COLLISION_PEDESTRIAN, EVENT_COLLISION_VEHICLE)
FOLDER = Path("my runs/night")


@pytest.fixture
def listed(make_log, made_results: Results):
    """The list of four drives, of which the first arrived."""

    def make(condition: str = "", **row_changes: Any) -> Failures:
        logs = [make_log(100, events={99: end}, facts={"condition": condition}) for end in ENDS]
        drives = Drives(made_results.driver, [score_episode(log) for log in logs], [trace_of(log) for log in logs])
        suite = load_suite("obstacle-avoidance")
        evaluation = Evaluation(suite, 0, None, Conditions(suite.on_failure, "cpu", 1), [], drives)
        rows = [EpisodeRow(**score.to_json()).model_copy(update=row_changes) for score in drives.scores]
        order = worst_first(drives.scores, suite.headline)
        return failures(made_results.model_copy(update={"episodes": rows}), evaluation, order, FOLDER, [2])

    return make


def test_failures_are_listed_worst_first_and_arrivals_are_not(listed) -> None:
    found = listed()
    assert [row.index for row in found.rows] == [2, 3, 1]
    assert (found.count, found.more) == (3, 0)
    assert [row.filmed for row in found.rows] == [True, False, False]


def test_a_row_says_what_where_when_and_how_to_see_it_again(listed) -> None:
    row = listed().rows[0]
    assert row.what == "collision with a pedestrian or cyclist"
    assert row.time == pytest.approx(10.0)
    assert (row.where, row.along) == ("made, dry", "100 m of 100 m on straight")
    assert row.command == "drive-sim replay 'my runs/night' 2"


def test_more_failures_than_fit_are_counted(listed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_failures, "MOST_ROWS", 1)
    found = listed()
    assert (len(found.rows), found.more, found.count) == (1, 2, 3)


def test_who_could_have_prevented_it_is_shown_where_it_was_judged(listed) -> None:
    assert not listed().judged
    assert not listed(preventable=None).judged
    found = listed(preventable=True)
    assert found.judged
    assert {row.preventable for row in found.rows} == {"yes"}
    assert {row.preventable for row in listed(preventable=False).rows} == {"no"}


def test_a_condition_stands_behind_the_weather(listed) -> None:
    assert listed(condition="camera blind for 1 s").rows[0].where == "made, dry, camera blind for 1 s"
