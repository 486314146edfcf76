"""A profile's stages are those of the real step and image, and their sum with the rest is the whole."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from click.testing import CliRunner

from drive_sim.bench import Effort
from drive_sim.bench.episodes import Batch
from drive_sim.bench.profiling import run_profile
from drive_sim.bench.profiling import stages as stages_module
from drive_sim.bench.profiling.parts import step_in_parts
from drive_sim.bench.profiling.stages import Profile, Stopwatch, stage
from drive_sim.bench.profiling.step import STAGES, Clock
from drive_sim.cli.bench import bench

TINY = Effort(repeats=2, least_time=0.0, episodes=2, steps=4, batch=4)


@pytest.mark.slow
def test_the_parts_of_a_step_are_the_step_to_the_bit() -> None:
    effort = Effort(episodes=4, steps=80, batch=8)
    whole, parts = (Batch(0, effort.batch, "cpu", effort.episodes, effort.steps) for _ in range(2))
    step = step_in_parts(parts.simulator, lambda part, call: call)
    hard = np.array([[1.0, 1.0]] * effort.batch, np.float32)
    for number, action in enumerate(whole.actions):
        # Off the road in between, so that events and resets to the lane are compared too.
        given = hard if 20 <= number < 60 else action
        whole.simulator.step(given)
        step(given)
    assert whole.simulator.state.interventions.any()
    for name, ours, theirs in zip(
        whole.simulator.state._fields, whole.simulator.state, parts.simulator.state, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict]:
    """Lines and JSON file of a profile of the smallest effort."""
    output = tmp_path_factory.mktemp("profile") / "profile.json"
    return list(run_profile("cpu", output, TINY)), json.loads(output.read_text(encoding="utf-8"))


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_stages_and_rest_make_the_whole(profiled: tuple[list[str], dict]) -> None:
    lines, document = profiled
    figures = document["figures"]
    step, image = document["profile"]["step"], document["profile"]["image"]
    assert step["stages"] == [f"step.{name}" for name in STAGES]
    assert image["stages"] == [f"image.{name}" for name in ("ground", "scenery", "actors", "weather", "faults")]
    assert {"step.plain", "image.lens", "image.labels", "image.weather.night"} <= {*step["beside"], *image["beside"]}
    assert all(figures[name]["median"] > 0.0 for name in step["stages"])
    assert figures["step.camera"]["median"] < figures["step.whole"]["median"]
    assert not step["skipped"]
    for profile in (step, image):
        assert {*profile["stages"], profile["rest"], profile["whole"], *profile["beside"]} <= figures.keys()
        for key in (*profile["stages"], profile["rest"], profile["whole"]):
            assert any(line.startswith(f"| {figures[key]['what']} ") for line in lines), key


def test_the_rest_is_the_whole_less_its_stages_in_each_repeat() -> None:
    first, second = stage("work.a", "a", [1e-6, 2e-6]), stage("work.b", "b", [3e-6, 3e-6])
    beside = stage("work.c", "c", [7e-6, 7e-6])
    profile = Profile("work", "some work", (first, second), stage("work.whole", "whole", [5e-6, 9e-6]), (beside,))
    assert profile.rest.values == pytest.approx((1.0, 4.0))
    shares = {figure.key: share for figure, share in profile.rows()}
    assert shares["work.whole"] == 100.0
    assert shares["work.a"] == pytest.approx(100.0 * 1.5 / 7.0)
    assert shares["work.rest"] == pytest.approx(100.0 * 2.5 / 7.0)
    assert shares["work.c"] is None
    assert list(shares) == ["work.a", "work.b", "work.rest", "work.whole", "work.c"]


def test_a_stopwatch_adds_up_the_calls_of_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(stages_module, "perf_counter", lambda: now[0])

    class Worker:
        def work(self, seconds: float, *, twice: bool = False) -> str:
            now[0] += 2.0 * seconds if twice else seconds
            return "done"

    worker, watch = Worker(), Stopwatch("cpu")
    watch.attach("work", worker, "work")
    assert worker.work(2.0) == "done"
    assert worker.work(1.0, twice=True) == "done"
    now[0] += 100.0
    assert watch.seconds == {"work": 4.0}
    watch.clear()
    assert not watch.seconds


def test_a_clock_times_from_the_last_reset_to_the_first_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[float] = []
    clock = Clock(lambda: begun.append(perf_counter()))
    now = iter((1.0, 5.0, 8.0, 20.0))
    monkeypatch.setattr("drive_sim.bench.profiling.step.perf_counter", lambda: next(now))
    for told in (clock.on_reset, clock.on_reset, clock.on_step, clock.on_finish, clock.on_finish):
        told()
    assert clock.seconds == 3.0
    assert len(begun) == 2


def test_the_command_profiles_where_it_is_asked_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple] = []
    monkeypatch.setattr("drive_sim.bench.profiling.run_profile", lambda *given: asked.append(given) or ["a line"])
    answer = CliRunner().invoke(bench, ["--profile", "--output", str(tmp_path / "profile.json")])
    assert answer.output.endswith("a line\n")
    assert asked == [("cpu", tmp_path / "profile.json")]
