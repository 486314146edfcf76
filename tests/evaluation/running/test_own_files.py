"""Evaluations of what is not drive_sim's own: scored, marked, driven again, and ended without loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.base.resources import suite_files
from drive_sim.cli import main as cli
from drive_sim.evaluation import evaluate
from drive_sim.evaluation.report import page as report
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.running.scored_episode import load_scored

pytestmark = pytest.mark.slow

DRIVER = """
import numpy as np

class Mine:
    sensors = ("odometry",)

    def __init__(self, throttle=0.2):
        self.throttle, self.answers = throttle, 0

    def act(self, observation):
        return np.tile([0.0, self.throttle], (observation.batch_size, 1))

class Breaks(Mine):
    def act(self, observation):
        self.answers += 1
        return 1 / (45 - self.answers) * super().act(observation)
"""
SCENARIO = """
extends = "train/lane-keeping/rural"
purpose = "Drive a short country road."
"""
SHORT: dict[str, Any] = {"seconds": 2.0, "baselines": False, "videos": 0}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a driver, a scenario and a suite of the user's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(DRIVER, encoding="utf-8")
    (tmp_path / "road.toml").write_text(SCENARIO, encoding="utf-8")
    text = suite_files()["lane-keeping"].read_text(encoding="utf-8").replace('"lane-keeping/motorway"', '"road.toml"')
    (tmp_path / "suite.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def score(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Results]:
    """Evaluates without the page."""
    monkeypatch.setattr(report, "write_report", lambda page, *_: page.touch())

    def run(driver: Any, suite: str | None = None, **options: Any) -> Results:
        evaluate(driver, suite, "out", **{"episodes": 2, **SHORT, **options})
        return load_results("out")

    return run


def test_a_driver_of_a_file_is_marked_and_driven_again_from_anywhere(
    score: Callable[..., Results], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = score("mine.py:Mine", "lane-keeping", driver_options={"throttle": 0.3}).driver
    assert (facts.name, facts.given, facts.controller, facts.hash) == ("Mine", "mine.py:Mine", "Mine", None)
    assert facts.source is not None
    assert (facts.source.file, facts.source.path, facts.options) == ("mine.py", "../mine.py", {"throttle": 0.3})
    monkeypatch.chdir("/")
    assert load_scored(folder / "out", 1).driver.driver.throttle == 0.3  # type: ignore[attr-defined]
    (folder / "mine.py").write_text(DRIVER + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"driver\.source: has changed since it was scored: .*; restore it"):
        load_scored(folder / "out", 1)


def test_an_object_is_scored_as_its_class_by_reference_is(score: Callable[..., Results], folder: Path) -> None:
    class Local:
        sensors = ("odometry",)

        def act(self, observation: Any) -> Any:
            return np.tile([0.0, 0.2], (observation.batch_size, 1))

    def figures(results: Results) -> Any:
        return [row.model_dump() for row in results.episodes]

    by_object = score(Local(), suite="lane-keeping")
    assert by_object.driver.source is not None and by_object.driver.source.file.endswith("test_own_files.py")
    assert figures(by_object) == figures(score("mine.py:Mine", "lane-keeping"))
    assert figures(by_object) == figures(score(Local, "lane-keeping", batch=1))


def test_a_scenario_of_a_file_is_scored_alone_and_driven_again(
    score: Callable[..., Results], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = score("straight", scenario="road.toml", split="validation", episodes=3)
    assert results.suite == f"{folder.name}/road" and len(results.episodes) == 3
    assert {row.split for row in results.episodes} == {"validation"}
    assert results.scenario is not None and results.scenario.source is not None
    assert (results.scenario.given, results.scenario.source.path) == ("road.toml", "../road.toml")
    monkeypatch.chdir("/")
    assert load_scored(folder / "out", 2).row == results.episodes[2]
    (folder / "road.toml").unlink()
    with pytest.raises(InputError, match=r"scenario\.source: is gone: road\.toml; restore it"):
        load_scored(folder / "out", 2)


def test_a_bundled_scenario_is_scored_alone_and_is_drive_sims_own(score: Callable[..., Results]) -> None:
    results = score("straight", scenario="obstacle-avoidance/debris")
    assert results.suite == "obstacle-avoidance/debris"
    assert results.scenario is not None and results.scenario.source is None


def test_a_suite_of_a_file_names_scenarios_beside_it(
    score: Callable[..., Results], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = score("straight", "suite.toml", episodes=4)
    assert [row.scenario for row in results.episodes][:2] == [f"{folder.name}/road", "lane-keeping/rural"]
    assert results.suite == "suite" and results.suite_source is not None
    monkeypatch.chdir("/")
    assert load_scored(folder / "out", 0).row == results.episodes[0]


def test_what_was_driven_before_a_driver_raises_is_kept_and_the_line_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["evaluate", "mine.py:Breaks", "--suite", "lane-keeping", "--seconds", "2", "--batch", "1", "--videos", "0"]
    line += ["--episodes", "3", "--no-baselines", "--output", "out"]
    assert cli.run(line) == cli.BAD_INPUT
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == (
        "drive-sim: mine.py:16: Breaks.act raises ZeroDivisionError: division by zero; correct it; "
        "--traceback shows all of it"
    )
    results = load_results(folder / "out")
    assert (results.complete, len(results.episodes)) == (False, 1)
    assert cli.run([*line, "--traceback"]) == cli.BAD_INPUT
    assert "return 1 / (45 - self.answers)" in capsys.readouterr().err


def test_the_report_and_the_command_mark_what_is_not_drive_sims(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["evaluate", "mine.py:Mine", "--driver-option", "throttle=0.3", "--scenario", "road.toml", "--seconds", "2"]
    assert cli.run([*line, "--episodes", "2", "--no-baselines", "--videos", "0", "--output", "out"]) == cli.DONE
    results = load_results(folder / "out")
    assert results.driver.source is not None and results.scenario is not None and results.scenario.source is not None
    driver, scenario = (one.source.sha256[:16] for one in (results.driver, results.scenario) if one.source)
    told = f"driver Mine (mine.py, SHA-256 {driver}); scenario {folder.name}/road (road.toml, SHA-256 {scenario})"
    assert f"not drive_sim's own: {told}" in capsys.readouterr().out
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert told in page
    command = (
        "drive-sim evaluate mine.py:Mine --driver-option throttle=0.3 --scenario road.toml --split test --episodes"
    )
    assert command in page


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--suite", "lane-keeping", "--scenario", "road.toml"], "--scenario: cannot be given together with --suite"),
        ([], "--suite: is missing; give --suite NAME"),
        (["--suite", "lane-keeping", "--split", "train"], "--split: means nothing to a suite"),
        (["--suite", "suites.toml"], "suites.toml: does not exist"),
        (["--scenario", "roads.toml"], "roads.toml: does not exist"),
        (["--suite", "lane-keeping", "--driver-option", "3"], "evaluate: --driver-option: '3' is not KEY=VALUE"),
        (["--suite", "lane-keeping", "--driver-option", "x=1"], "--driver-option: x: is no option of straight"),
        (["--suite", "lane-keeping", "--training-runs", "pilotnet"], "--training-runs: means nothing to straight"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(
    options: list[str], complaint: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["evaluate", "straight", *options, "--output", "out"]) == cli.BAD_INPUT
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("drive-sim: ") and complaint in said


def test_older_reports_stay_until_new_results_are_written(
    score: Callable[..., Results], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score("straight", "lane-keeping")
    page, old = folder / "out" / "report.html", (folder / "out" / "results.json").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("drive_sim.evaluation.harness.write_results", full)
    with pytest.raises(InputError, match="cannot be written to"):
        score("straight", "lane-keeping")
    assert page.is_file() and (folder / "out" / "results.json").read_bytes() == old
