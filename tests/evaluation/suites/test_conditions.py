"""Conditions of a suite: the same episodes under each, compared with the first, and driven again under their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_sim.evaluation import harness
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.logs.rollout_log import RolloutLog
from drive_sim.evaluation.report import page as report
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.running import scored_episode as scored
from drive_sim.evaluation.running.replays import replay
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.suites.conditions import AS_IT_IS, Condition, degraded
from drive_sim.evaluation.suites.suite import Suite, load_suite
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.suite import Observation
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

HARD = {
    "clean": Condition(),
    "faults": Condition(camera_noise=20.0, camera_dirt=1.0, dropped_frames=0.5),
    "late": Condition(latency=0.6),
    "moved": Condition(camera_left=0.5, camera_yaw=0.2),
}


class Watcher:
    """Keeps what it is shown; asks for a camera of its own."""

    name, privileged, controller, sensors = "watcher", False, "model", ("camera",)
    camera = CameraConfig(width=40, height=16)

    def reset(self, simulator: Any, mask: Any, batch_size: int) -> None:
        """Forget what was seen."""
        self.seen: list[np.ndarray] = []

    def act(self, observation: Observation) -> np.ndarray:
        """Roll on."""
        self.seen.append(observation.camera["front"].copy())
        return np.zeros((observation.batch_size, 2), np.float32)


def images(condition: Condition) -> np.ndarray:
    watcher = Watcher()
    run(Simulator([load_scenario("lane-keeping/rural").draw(3)]), degraded(watcher, condition), max_steps=6)
    return np.array(watcher.seen)


def _hard(patch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> Suite:
        return load_suite(name).model_copy(update={"conditions": HARD})

    patch.setattr(harness, "load_suite", load)
    patch.setattr(scored, "load_suite", load)


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lane keeping under the conditions of `HARD`, whoever asks for it."""
    _hard(monkeypatch)


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an evaluation of PilotNet: eight short episodes under each condition."""
    folder = tmp_path_factory.mktemp("driven")
    with pytest.MonkeyPatch.context() as patch:
        _hard(patch)
        patch.setattr(report, "write_report", lambda page, *_: page.touch())
        evaluate("pilotnet", "lane-keeping", folder, episodes=8, baselines=False, seconds=3.0)
    return folder


@pytest.fixture
def score(tmp_path: Path, suite: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Results]:
    """Evaluates four short episodes under each condition, without baselines and without the page."""
    monkeypatch.setattr(report, "write_report", lambda page, *_: page.touch())

    def go(driver: str = "pilotnet", **arguments: Any) -> Results:
        arguments = {"episodes": 4, "baselines": False, "seconds": 6.0} | arguments
        evaluate(driver, "lane-keeping", tmp_path / "out", **arguments)
        return load_results(tmp_path / "out")

    return go


def rows(results: Results, condition: str) -> list[Any]:
    return [row for row in results.episodes if row.condition == condition]


@pytest.mark.slow
def test_the_driver_is_shown_what_another_camera_sees_and_does_not_know_it() -> None:
    clean = images(AS_IT_IS)
    assert np.array_equal(clean, images(Condition(latency=0.2)))
    for name in ("faults", "moved"):
        assert not np.array_equal(clean, images(HARD[name]))
    assert Watcher.camera == CameraConfig(width=40, height=16)
    turned = degraded(Watcher(), HARD["moved"])
    assert (turned.camera.y, turned.camera.yaw) == (0.5, 0.2)  # type: ignore[attr-defined]


def test_a_camera_turned_to_the_left_sees_things_further_right() -> None:
    camera = Watcher.camera
    ahead = np.array([20.0, 0.0, 0.0])
    assert HARD["moved"].moved(camera).project(ahead)[0] > camera.project(ahead)[0] + 1.0


@pytest.mark.slow
def test_every_condition_drives_the_same_episodes(score: Callable[..., Results]) -> None:
    results = score("straight")
    driven = [[(row.scenario, row.number, row.seed) for row in rows(results, name)] for name in HARD]
    assert driven[0] == driven[1] == driven[2] == driven[3]
    assert len(results.episodes) == 16
    assert [row.name for row in results.conditions] == list(HARD)
    assert {group.value for group in results.groups if group.by == "condition"} == set(HARD)


@pytest.mark.slow
def test_each_condition_is_compared_with_the_first_on_the_same_episodes(driven: Path) -> None:
    clean, *others = load_results(driven).conditions
    assert not clean.comparison and not clean.settings
    for other in others:
        assert {row.metric for row in other.comparison} >= {"autonomy", "lateral_error_mean"}
        assert all(row.episodes == 8 for row in other.comparison)
    moved = next(row for row in others[-1].comparison if row.metric == "lateral_error_mean")
    assert moved.difference is not None and moved.difference > 0.0
    assert moved.low is not None and moved.low <= moved.difference
    assert others[1].settings == {"latency": 0.6}


@pytest.mark.slow
def test_a_driver_without_a_camera_feels_latency_only(score: Callable[..., Results]) -> None:
    results = score("expert")
    driven = {name: [row.model_copy(update={"condition": ""}) for row in rows(results, name)] for name in HARD}
    assert driven["clean"] == driven["faults"] == driven["moved"]
    assert driven["clean"] != driven["late"]


@pytest.mark.parametrize("number", [1, 9, 17, 25])
@pytest.mark.slow
def test_an_episode_is_driven_again_under_its_condition(number: int, driven: Path, suite: None) -> None:
    again = scored.load_scored(driven, number)
    assert again.episode.time_limit == 3.0
    log = RolloutLog()
    run(Simulator([again.episode], on_failure=again.on_failure), again.driver, [log])
    assert again.verdict(log.episode(0)).startswith("the same episode:")


@pytest.mark.slow
def test_the_page_drives_its_episodes_again_under_their_conditions(
    tmp_path: Path, suite: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []

    def check(page: Path, results: Results, evaluation: Evaluation, drivers: Any, *_: Any) -> None:
        scores = evaluation.driver.scores
        monkeypatch.setattr("drive_sim.evaluation.running.replays.make_crew", lambda *_: None)
        again = replay(evaluation, evaluation.driver, drivers[0], range(len(scores)), lambda *_: None)
        found.extend(one.log.distance == score.distance for one, score in zip(again, scores, strict=True))

    monkeypatch.setattr(report, "write_report", check)
    evaluate("pilotnet", "lane-keeping", tmp_path / "out", episodes=2, baselines=False, seconds=3.0)
    assert found == [True] * 8


@pytest.mark.slow
def test_titles_of_videos_and_maps_name_the_condition(
    tmp_path: Path, suite: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = evaluate("straight", "lane-keeping", tmp_path / "out", videos=2, episodes=1, baselines=False, seconds=3.0)
    text = page.read_text(encoding="utf-8")
    title = r"\d+{} [\w-]+, [\w-]+, (\w+)<"
    assert sorted(re.findall(title.format(" ·"), text)) == sorted(HARD)
    videos = re.findall("<h[34]>Episode " + title.format(":"), text)
    assert videos and set(videos) <= set(HARD)


@pytest.mark.slow
def test_baselines_and_compared_drivers_bear_the_same_conditions(
    score: Callable[..., Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "BASELINE_EPISODES", {"straight": 1})
    results = score("expert", against=["straight"], baselines=False)
    assert [row.condition for row in results.comparisons[0].episodes] == [row.condition for row in results.episodes]


@pytest.mark.slow
def test_a_slow_baseline_drives_the_first_conditions_only_and_is_compared_on_those(
    score: Callable[..., Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = load_suite("lane-keeping").model_copy(update={"conditions": HARD, "baselines": ("straight",)})
    monkeypatch.setattr(harness, "load_suite", lambda name: straight)
    monkeypatch.setattr(harness, "BASELINE_EPISODES", {"straight": 6})
    told: list[float] = []
    slow = score("expert", baselines=True, seconds=3.0, report=lambda share, text: told.append(share)).baselines[0]
    assert slow.episodes == 6  # the four under the first condition, two under the next
    assert slow.comparison is not None and slow.comparison.episodes == 6
    assert told == sorted(told) and told[-1] == 1.0


@pytest.mark.slow
def test_an_interruption_keeps_the_conditions_that_were_driven(score: Callable[..., Results], tmp_path: Path) -> None:
    def interrupt(share: float, text: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score("straight", report=interrupt)
    results = load_results(tmp_path / "out")
    assert not results.complete
    assert {row.condition for row in results.episodes} == {"clean", "faults", "late"}
    assert [bool(row.comparison) for row in results.conditions] == [False, True, True, False]
