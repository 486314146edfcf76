"""Which episodes are driven again and captured, and that they are the same episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation.logs.trace import moment_of
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.running import replays
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes, drive
from drive_sim.evaluation.running.replays import replay, worst_first, worst_of_each_kind, worth_capturing
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.statistics.estimates import score_episode
from drive_sim.evaluation.suites.suite import draw_suite, load_suite
from drive_sim.evaluation.video import capture as video_capture
from drive_sim.evaluation.video.capture import make_crew
from drive_sim.evaluation.video.traces import CommandTraces
from drive_sim.world.state import (
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
    EVENT_WRONG_WAY,
)


@pytest.fixture
def straight_on() -> tuple[Evaluation, Any]:
    """Three short episodes straight ahead, and who drove them."""
    suite = load_suite("lane-keeping").model_copy(update={"seconds": 9.0})
    driver, conditions = make_driver("straight"), Conditions("reset_to_lane", "cpu", 3)
    facts = DriverFacts(name="straight", given="straight", hash=None, privileged=False, controller="classical")
    evaluation = Evaluation(suite, 0, None, conditions, draw_suite(suite, 3), DrivenEpisodes(facts))
    drive(evaluation.driver, driver, evaluation.drawn, conditions, lambda *_: None, keep_traces=True)
    return evaluation, driver


@pytest.mark.parametrize("at_once", [1, 8])
@pytest.mark.slow
def test_drives_again_are_the_same_drives_to_the_bit_and_captured_around_their_moments(
    straight_on: tuple[Evaluation, Any], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pygame")
    pytest.importorskip("av")
    evaluation, driver = straight_on
    times: list[list[float]] = []

    def note(shots: Any, caption: Any) -> Any:
        times.append([shot.time for shot in shots])
        return CommandTraces(shots, caption)

    monkeypatch.setattr(replays, "AT_ONCE", at_once)
    monkeypatch.setattr(video_capture, "CommandTraces", note)
    monkeypatch.setattr(video_capture, "encode", lambda frames, rate: b"%d at %g" % (len(list(frames)), rate))
    which = [2, 0]
    again = replay(evaluation, evaluation.driver, driver, which, lambda *_: None)
    assert [one.index for one in again] == which
    for one, taken in zip(again, times, strict=True):
        score, moment = evaluation.driver.scores[one.index], evaluation.driver.traces[one.index].moment
        assert one.same
        assert one.log.distance == score.distance
        assert moment_of(one.log) == moment
        # The moment is itself among the images, which come ten a second; the last stands for 1.2 s.
        assert min(abs(time - moment.time) for time in taken) < 1e-9
        assert np.diff(taken) == pytest.approx(0.1)
        assert taken[0] == one.video.start
        assert (taken[0], taken[-1]) == pytest.approx((moment.time - 5.0, min(moment.time + 2.0, 9.0)), abs=0.11)
        assert one.video.clip == b"%d at 10" % (len(taken) + 12)
        assert one.video.poster is not None


@pytest.mark.slow
def test_capturing_one_drive_of_a_batch_shows_what_capturing_it_alone_shows(
    straight_on: tuple[Evaluation, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pygame")
    pytest.importorskip("av")
    evaluation, driver = straight_on
    monkeypatch.setattr(
        video_capture, "encode", lambda frames, rate: b"".join(frame.tobytes() for frame in frames)[::97]
    )
    together = replay(evaluation, evaluation.driver, driver, [0, 1, 2], lambda *_: None)
    alone = replay(evaluation, evaluation.driver, driver, [1], lambda *_: None)
    assert together[1].video == alone[0].video
    assert together[0].video != alone[0].video


def test_without_pygame_the_page_goes_without_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith(("pygame", "drive_sim.top_down")):
            raise ModuleNotFoundError("No module named 'pygame'", name="pygame")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    assert make_crew(None, None, None) is None  # type: ignore[arg-type]


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


def test_among_faultless_episodes_the_closest_call_is_worst_and_one_without_actors_is_not(make_log) -> None:
    gap = np.full((3, 100), 1e6)
    gap[1, 50], gap[2, 50] = 2.0, 0.3
    scores = [scored(make_log, events={99: EVENT_FINISH}, gap=one) for one in gap]
    assert worst_first(scores, "collision_free_passes") == [2, 1, 0]


def test_videos_show_one_of_each_kind_before_a_second(make_log) -> None:
    off, crash = (scored(make_log, events={99: event}) for event in (EVENT_OFF_ROAD, EVENT_COLLISION_VEHICLE))
    scores = [crash, crash, crash, off]
    order = worst_first(scores, "collision_free_passes")
    assert worst_of_each_kind(scores, order, 2) == [0, 3]
    assert worst_of_each_kind(scores, order, 3) == [0, 1, 3]
    assert worst_of_each_kind(scores, order, 9) == order


def test_failures_are_captured_before_close_calls_and_close_calls_only_where_few_drives_failed(make_log) -> None:
    fine = [scored(make_log, events={99: EVENT_FINISH}, d=np.full(100, error)) for error in (0.1, 0.4, 0.2)]
    crash = [scored(make_log, events={99: EVENT_COLLISION_VEHICLE}) for _ in range(3)]
    order = worst_first([*fine, *crash], "autonomy")
    assert worth_capturing([*fine, *crash], order, most=8, least=3) == [3, 4, 5]
    assert worth_capturing([*fine, *crash], order, most=2, least=3) == [3, 4]
    assert worth_capturing([*fine, *crash], order, most=None, least=4) == [3, 4, 5, 1]
    assert worth_capturing([*fine, *crash], order, most=0, least=3) == []
    assert worth_capturing([*fine, crash[0]], worst_first([*fine, crash[0]], "autonomy"), most=8, least=2) == [3, 1]


def test_replays_and_outcomes_order_severity_alike(make_log) -> None:
    off_road, wrong_way = (scored(make_log, events={99: event}) for event in (EVENT_OFF_ROAD, EVENT_WRONG_WAY))
    both = scored(make_log, events={99: EVENT_OFF_ROAD | EVENT_WRONG_WAY})
    assert both.outcome == off_road.outcome
    assert worst_first([wrong_way, off_road], "collision_free_passes") == [1, 0]
