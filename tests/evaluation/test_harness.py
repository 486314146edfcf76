"""Evaluation end to end, without the page: every drive scored once, the same twice, usable when interrupted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.model_folder import save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation import harness
from drive_sim.evaluation import real_time as realtime
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.logs.rollout_log import RolloutLog
from drive_sim.evaluation.report import page as report
from drive_sim.evaluation.report.words import findings, invalid_commands
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.running.scored_episode import load_scored
from drive_sim.evaluation.suites.suite import Suite, draw_suite, load_suite
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.world.simulator import Simulator

pytestmark = pytest.mark.slow

SHORT = 6.0
"""Seconds of an episode: enough to leave a bend straight on."""


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Shortens every suite, and changes what the caller says."""

    def change(**changes: Any) -> None:
        def load(name: str) -> Suite:
            return load_suite(name).model_copy(update={"seconds": SHORT, **changes})

        monkeypatch.setattr(harness, "load_suite", load)

    change()
    return change


@pytest.fixture
def score(tmp_path: Path, suite: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Results]:
    """Evaluates without baselines and without the page; each time into a folder of its own."""
    monkeypatch.setattr(report, "write_report", lambda page, *_: page.touch())

    def run(driver: str = "straight", name: str = "lane-keeping", **arguments: Any) -> Results:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        arguments = {"episodes": 4, "baselines": False} | arguments
        page = evaluate(driver, name, folder, **arguments)
        assert page == folder / "report.html"
        return load_results(folder)

    return run


def apart_from_timing(results: Results) -> str:
    return json.dumps(results.model_dump(exclude={"timing"}))


def test_the_same_evaluation_twice_is_the_same_apart_from_timing(score: Callable[..., Results]) -> None:
    first, again = score("expert"), score("expert")
    assert apart_from_timing(first) == apart_from_timing(again)
    assert first.timing != again.timing


@pytest.mark.parametrize("driver", ["straight", "expert", "pilotnet"])
def test_one_world_at_a_time_gives_what_a_batch_gives(driver: str, score: Callable[..., Results]) -> None:
    assert apart_from_timing(score(driver, batch=1)) == apart_from_timing(score(driver, batch=4))


def test_a_scored_episode_can_be_driven_again_exactly(score: Callable[..., Results], tmp_path: Path) -> None:
    results = score("pilotnet", episodes=3, latency=0.08)
    assert results.latency_s == pytest.approx(0.1)
    folder = next(path for path in tmp_path.iterdir() if path.is_dir())
    scored = load_scored(folder, 2)
    log = RolloutLog()
    simulator = Simulator([replace(scored.episode, time_limit=SHORT)], on_failure=scored.on_failure)
    run(simulator, scored.driver, [log])
    assert scored.verdict(log.episode(0)).startswith("the same episode:")
    other = RolloutLog()
    run(simulator, make_driver("straight"), [other])
    assert scored.verdict(other.episode(0)).startswith("not the same episode:")


def test_a_drive_of_a_compared_driver_can_be_driven_again_too(score: Callable[..., Results], tmp_path: Path) -> None:
    score("straight", episodes=2, against=["expert"])
    folder = next(path for path in tmp_path.iterdir() if path.is_dir())
    scored = load_scored(folder, 1, "expert")
    assert scored.driver.name == "expert"
    log = RolloutLog()
    run(Simulator([replace(scored.episode, time_limit=SHORT)], on_failure=scored.on_failure), scored.driver, [log])
    assert scored.verdict(log.episode(0)).startswith("the same episode:")
    assert load_scored(folder, 1, "straight").row == load_scored(folder, 1).row
    with pytest.raises(InputError, match="--driver: classical did not drive these episodes; use one of straight, ex"):
        load_scored(folder, 1, "classical")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, "episode: 9 is not there; give 0 to 0"),
        ({"driver": {"given": "nobody"}}, "there is no driver 'nobody'"),
        ({"driver": {"hash": "0123"}}, "driver.hash: is 0123, straight is another"),
        ({"seed": 5}, "episodes.0: is drawn otherwise"),
        ({"suite": "nothing"}, "'nothing' is not a suite"),
    ],
)
def test_an_episode_that_cannot_be_driven_again_is_one_line(
    change: dict[str, Any], complaint: str, score: Callable[..., Results], tmp_path: Path
) -> None:
    score(episodes=1)
    path = next(tmp_path.iterdir()) / "results.json"
    document = json.loads(path.read_text())
    for key, value in change.items():
        document[key] = document[key] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(document))
    with pytest.raises(InputError) as caught:
        load_scored(path, 0 if change else 9)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("real_time", [False, True])
def test_answers_of_a_network_that_are_not_finite_are_counted_in_results(
    score: Callable[..., Results], tmp_path: Path, real_time: bool
) -> None:
    network = build_network(NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16)))
    with torch.no_grad():
        network.speed.bias[0] = math.nan
    save_model(tmp_path / "broken", network, CameraConfig("bonnet"), {}, "# a card\n")
    results = score(str(tmp_path / "broken"), episodes=2, seconds=1.0, real_time=real_time)
    counted = [row.invalid_commands for row in results.episodes]
    assert results.invalid_commands == sum(counted) == 40 and counted == [20, 20]
    assert "not a finite number 40 times, in 2 of 2 drives" in invalid_commands(results)
    assert "not a finite number" in " ".join(findings(results, load_suite("lane-keeping")))
    right = score("straight", episodes=2, seconds=1.0)
    assert right.invalid_commands == 0 and invalid_commands(right) == ""


def test_late_commands_drive_worse(score: Callable[..., Results]) -> None:
    at_once, late = (score("expert", episodes=8, latency=latency) for latency in (0.0, 0.5))
    error = [results.metrics["lateral_error_mean"].estimate for results in (at_once, late)]
    assert error[1] > 2.0 * error[0]


def test_every_drive_of_the_suite_is_scored_once_and_in_its_order(score: Callable[..., Results]) -> None:
    results = score(episodes=5, batch=2, seed=7)
    drawn = draw_suite(load_suite("lane-keeping"), 5, 7)
    scored = [(row.scenario, row.number, row.seed, row.road) for row in results.episodes]
    assert scored == [(e.scenario, e.number, e.seed, e.road.name) for e in drawn]
    assert results.complete
    assert all(0.0 < row.duration_s <= SHORT for row in results.episodes)


def test_another_seed_is_another_evaluation(score: Callable[..., Results]) -> None:
    assert {row.seed for row in score(seed=0).episodes}.isdisjoint(row.seed for row in score(seed=1).episodes)


def test_results_name_drivers_and_suite(score: Callable[..., Results]) -> None:
    results = score("expert", seed=3)
    assert (results.driver.name, results.driver.privileged, results.driver.hash) == ("expert", True, None)
    assert (results.suite, results.seed, results.device) == ("lane-keeping", 3, "cpu")
    assert {group.by for group in results.groups} == {"weather", "road_class", "scenario"}


def test_driving_straight_ahead_is_worse_than_the_expert_and_a_comparison_shows_it(
    score: Callable[..., Results], suite: Callable[..., None]
) -> None:
    suite(seconds=20.0)
    results = score("expert", against=["straight"], episodes=8)
    other = results.comparisons[0]
    row = next(row for row in other.comparison if row.metric == "lateral_error_mean")
    assert row.a == pytest.approx(results.metrics[row.metric].estimate)
    assert row.b == pytest.approx(other.metrics[row.metric].estimate)
    assert row.better == "expert"
    assert [e.seed for e in other.episodes] == [e.seed for e in results.episodes]


def test_baselines_stand_beside_the_driver_and_never_twice(
    score: Callable[..., Results], suite: Callable[..., None]
) -> None:
    suite(baselines=("expert", "straight"))
    results = score("expert", baselines=True)
    assert [other.driver.name for other in results.baselines] == ["straight"]
    assert results.baselines[0].episodes == 4
    assert results.baselines[0].comparison is not None
    assert results.baselines[0].comparison.metric == "autonomy"
    assert not score("expert", baselines=True, against=["straight"]).baselines


def test_a_slow_baseline_drives_the_first_drives_only_and_is_compared_on_those(
    score: Callable[..., Results], suite: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite(baselines=("straight",))
    monkeypatch.setattr(harness, "BASELINE_EPISODES", {"straight": 3})
    slow = score("expert", baselines=True).baselines[0]
    assert slow.episodes == 3
    assert slow.comparison is not None
    assert slow.comparison.episodes == 3


def test_an_interrupted_evaluation_keeps_the_batches_that_were_finished(
    tmp_path: Path, suite: Callable, score: Callable[..., Results]
) -> None:
    whole = score(episodes=4, batch=2)
    (tmp_path / "out").mkdir()
    older = [tmp_path / "out" / name for name in ("report.html", "report-vs-old.html")]
    for page in older:
        page.touch()

    def interrupt(share: float, text: str) -> None:
        if text.startswith("straight: 2 of 4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate("straight", "lane-keeping", tmp_path / "out", episodes=4, batch=2, report=interrupt, baselines=False)
    kept = load_results(tmp_path / "out")
    assert not kept.complete
    assert kept.episodes == whole.episodes[:2]
    # A page of an earlier evaluation would contradict it.
    assert not any(page.exists() for page in older)


def test_progress_only_ever_grows_and_ends_at_one(score: Callable[..., Results], suite: Callable[..., None]) -> None:
    suite(baselines=("expert",))
    told: list[float] = []
    score(baselines=True, batch=2, report=lambda share, text: told.append(share))
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert len(told) > 4


def test_real_time_paces_every_step_and_latency_is_reported(
    score: Callable[..., Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(realtime, "perf_counter", lambda: now[0])
    monkeypatch.setattr(realtime, "sleep", sleep)
    results = score(real_time=True, episodes=2)
    driven = sum(row.duration_s for row in results.episodes)
    # The clock stands still but for the sleeping, so that every step sleeps a whole control period.
    assert sum(slept) == pytest.approx(driven)
    assert slept == pytest.approx([0.05] * len(slept))
    assert results.timing["real_time"]
    latency = results.timing["drivers"]["straight"]["metrics"]
    assert latency["latency_p50"]["estimate"] == latency["latency_p99"]["estimate"] == 0.0
    assert apart_from_timing(results) == apart_from_timing(score(episodes=2))


def test_what_the_time_went_into_is_told_and_adds_up(score: Callable[..., Results]) -> None:
    results = score("pilotnet", batch=2)
    timing = results.timing["drivers"]["pilotnet"]
    parts = timing["wall_s_by_part"]
    assert list(parts) == ["physics", "sensors", "driver", "scoring", "other"]
    assert all(seconds > 0.0 for seconds in parts.values())
    assert sum(parts.values()) == pytest.approx(timing["wall_s"])
    assert timing["simulated_s"] == pytest.approx(sum(row.duration_s for row in results.episodes))
    assert timing["real_time_factor"] == pytest.approx(timing["simulated_s"] / timing["wall_s"])


def test_a_drive_lasts_as_many_seconds_as_asked_for(score: Callable[..., Results]) -> None:
    results = score(seconds=2.0)
    assert results.seconds == 2.0
    assert [row.duration_s for row in results.episodes] == pytest.approx([2.0] * 4)


def test_a_late_step_is_not_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [0.0], []
    monkeypatch.setattr(realtime, "perf_counter", lambda: now[0])
    monkeypatch.setattr(
        realtime, "sleep", lambda seconds: (slept.append(seconds), now.__setitem__(0, now[0] + seconds))
    )
    pacer = realtime.StepPacer()
    step: Any = type("Step", (), {"simulator": type("Simulator", (), {"control_period": 0.05})})
    pacer.on_reset(step.simulator, None)  # type: ignore[arg-type]
    for work in (0.01, 0.12, 0.01):
        now[0] += work
        pacer.on_step(step)
    assert slept == [pytest.approx(0.04), pytest.approx(0.04)]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"suite": "parking"}, "--suite: 'parking' is not a suite; use one of alks, lane-keeping"),
        ({"driver": "nobody"}, "driver: there is no driver 'nobody'"),
        ({"driver": "keyboard"}, "driver: keyboard needs a person at it"),
        ({"against": ["nobody"]}, "--against: there is no driver 'nobody'"),
        ({"against": ["keyboard"]}, "--against: keyboard needs a person"),
        ({"seconds": 0.0}, "--seconds: 0 is too short to drive"),
        ({"device": "tpu"}, "--device: there is no device 'tpu'"),
        ({"suite": "real-roads"}, "--roads: is missing"),
        ({"suite": "real-roads", "roads": "nowhere"}, "--roads: nowhere is not a folder"),
        ({"roads": "."}, "--roads: means nothing to suite lane-keeping"),
        ({"output": "file"}, "--output: file is a file; name a folder"),
        ({"output": "file/below"}, "--output: file/below cannot be written to"),
    ],
)
def test_bad_arguments_are_named_in_one_line_before_anything_is_driven(
    arguments: dict[str, Any], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    monkeypatch.setattr(harness, "drive", lambda *_, **__: pytest.fail("something was driven"))
    with pytest.raises(InputError) as caught:
        evaluate(**{"driver": "straight", "suite": "lane-keeping", "output": "out"} | arguments)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
