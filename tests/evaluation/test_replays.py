"""Which drives are driven again and filmed, and that they are the same drives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drive_sim.drivers.driver import make_driver
from drive_sim.evaluation.drives import Conditions, Drives, drive
from drive_sim.evaluation.estimates import score_episode
from drive_sim.evaluation.replays import CameraCrew, make_crew, replay, worst_first, worst_of_each_kind, worth_filming
from drive_sim.evaluation.results import DriverFacts
from drive_sim.evaluation.suites import draw_suite, load_suite
from drive_sim.evaluation.trace import moment_of
from drive_sim.world.state import (
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
)


def test_a_drive_again_is_the_same_drive_and_is_filmed_around_its_moment() -> None:
    pytest.importorskip("pygame")
    suite = load_suite("lane-keeping").model_copy(update={"seconds": 9.0})
    episodes = draw_suite(suite, 2)
    driver = make_driver("straight")
    facts = DriverFacts(name="straight", given="straight", hash=None, privileged=False, controller="classical")
    drives = Drives(facts)
    drive(drives, driver, episodes, Conditions("put_back", "cpu", 2), lambda *_: None, keep_traces=True)
    moments = [trace.moment for trace in drives.traces]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drive_sim.evaluation.replays.encode", lambda frames, rate: b"%d" % len(list(frames)))
        again = replay(lambda _: driver, episodes, drives.scores, moments, [1], "put_back", "cpu", lambda *_: None)[0]
    assert again.same
    assert again.log.distance == drives.scores[1].distance
    assert moment_of(again.log) == moments[1]
    assert again.film.clip is not None
    assert again.film.start <= moments[1].time


def test_without_pygame_the_page_goes_without_films(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith(("pygame", "drive_sim.top_down")):
            raise ModuleNotFoundError("No module named 'pygame'", name="pygame")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    assert make_crew(None, None, None) is None  # type: ignore[arg-type]
    assert CameraCrew is not None


def scored(make_log, **arrays: Any) -> Any:
    return score_episode(make_log(100, **arrays))


def test_what_failed_comes_before_what_merely_swayed(make_log) -> None:
    fine = scored(make_log, events={99: EVENT_FINISH})
    swaying = scored(make_log, events={99: EVENT_FINISH}, d=np.linspace(0.0, 0.9, 100))
    helped = scored(make_log, events={50: EVENT_OFF_CENTRE, 99: EVENT_TIME_OUT}, interventions=[0] * 50 + [1] * 50)
    twice = scored(make_log, events={99: EVENT_TIME_OUT}, interventions=[0] * 30 + [1] * 30 + [2] * 40)
    assert worst_first([fine, swaying, helped, twice], "autonomy") == [3, 2, 1, 0]


def test_a_collision_comes_before_leaving_the_road(make_log) -> None:
    off, crash = (scored(make_log, events={99: event}) for event in (EVENT_OFF_ROAD, EVENT_COLLISION_VEHICLE))
    assert worst_first([off, crash], "collision_free_passes") == [1, 0]


def test_among_faultless_drives_the_closest_call_is_worst_and_one_that_met_nobody_is_not(make_log) -> None:
    gap = np.full((3, 100), 1e6)
    gap[1, 50], gap[2, 50] = 2.0, 0.3
    scores = [scored(make_log, events={99: EVENT_FINISH}, gap=one) for one in gap]
    assert worst_first(scores, "collision_free_passes") == [2, 1, 0]


def test_films_show_one_of_each_kind_before_a_second(make_log) -> None:
    off, crash = (scored(make_log, events={99: event}) for event in (EVENT_OFF_ROAD, EVENT_COLLISION_VEHICLE))
    scores = [crash, crash, crash, off]
    order = worst_first(scores, "collision_free_passes")
    assert worst_of_each_kind(scores, order, 2) == [0, 3]
    assert worst_of_each_kind(scores, order, 3) == [0, 1, 3]
    assert worst_of_each_kind(scores, order, 9) == order


def test_failures_are_filmed_before_close_calls_and_close_calls_only_where_few_drives_failed(make_log) -> None:
    fine = [scored(make_log, events={99: EVENT_FINISH}, d=np.full(100, error)) for error in (0.1, 0.4, 0.2)]
    crash = [scored(make_log, events={99: EVENT_COLLISION_VEHICLE}) for _ in range(3)]
    order = worst_first([*fine, *crash], "autonomy")
    assert worth_filming([*fine, *crash], order, most=8, least=3) == [3, 4, 5]
    assert worth_filming([*fine, *crash], order, most=2, least=3) == [3, 4]
    assert worth_filming([*fine, crash[0]], worst_first([*fine, crash[0]], "autonomy"), most=8, least=2) == [3, 1]
