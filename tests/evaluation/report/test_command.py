"""The command that a report prints for getting its numbers again: read by the command line, it asks for the same."""

from __future__ import annotations

import re
import shlex
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from drive_sim.cli import main as cli
from drive_sim.evaluation import real_time as realtime
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.report.page import command_line
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.episodes import BATCH, Conditions, DrivenEpisodes
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.suites.conditions import control_steps
from drive_sim.evaluation.suites.suite import load_suite

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "own_metric.py"
WITHOUT_A_TRACE = {"output", "thresholds", "junit", "videos", "traceback"}
"""Arguments that change no number."""


def asked_for(line: str) -> dict[str, Any]:
    """What the command line makes of ``drive-sim evaluate ...``, as far as numbers depend on it."""
    words = shlex.split(line)
    assert words[:2] == ["drive-sim", "evaluate"]
    found = cli.evaluate.make_context("evaluate", words[2:]).params
    asked = {name: value for name, value in found.items() if name not in WITHOUT_A_TRACE}
    return asked | {"latency": control_steps(asked["latency"] / 1000.0)}


def printed(page: Path) -> str:
    """The command in the report."""
    found = re.search(r"<pre>(drive-sim evaluate .*)</pre>", page.read_text(encoding="utf-8"))
    assert found is not None
    return unescape(found[1])


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """A folder with a blank in its name, and one straight road."""
    folder = tmp_path / "my roads"
    folder.mkdir()
    rows = "".join(f"{10.0 * k},0.0,4.0,4.0\n" for k in range(40))
    (folder / "straight.csv").write_text(f"# x_m,y_m,w_tr_right_m,w_tr_left_m\n{rows}", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "given",
    [
        "--suite lane-keeping --no-baselines",
        "--suite lane-keeping --seed 7 --batch 1 --latency 120 --no-baselines",
        "--suite lane-keeping --against expert --against human-model --no-baselines",
        "--suite lane-keeping --against expert",
        "--suite lane-keeping --real-time --no-baselines",
        "--suite uncertainty --no-baselines",
        "--scenario lane-keeping/rural --split validation --no-baselines",
        "--suite lane-keeping --driver-option speed=8.5 --no-baselines",
        "--suite lane-keeping --metrics METRICS --no-baselines",
        "--suite real-roads --roads ROADS --no-baselines",
    ],
)
@pytest.mark.slow
def test_the_command_line_reads_the_same_from_the_printed_command(
    given: str, tmp_path: Path, roads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime, "sleep", lambda seconds: None)
    given = given.replace("ROADS", shlex.quote(str(roads))).replace("METRICS", str(EXAMPLE))
    asked = asked_for(f"drive-sim evaluate straight {given} --episodes 1 --seconds 1.2345678 --output there")
    options = asked | {"latency": 0.05 * asked["latency"], "output": tmp_path / "out", "videos": 0}
    page = evaluate(**options)
    assert asked_for(printed(page)) == asked


@pytest.mark.slow
def test_on_a_gpu_the_command_says_so_and_how_many_worlds_at_once(results: Results) -> None:
    def told(batch: int) -> dict[str, Any]:
        suite = load_suite("lane-keeping")
        conditions = Conditions(suite.on_failure, "cuda", batch)
        evaluation = Evaluation(suite, 0, None, conditions, [], DrivenEpisodes(results.driver))
        line = command_line(results.model_copy(update={"device": "cuda"}), evaluation)
        return asked_for(line.replace("--episodes 0", "--episodes 1"))

    assert (told(BATCH["cuda"])["device"], told(BATCH["cuda"])["batch"]) == ("cuda", None)
    assert told(BATCH["cpu"])["batch"] == BATCH["cpu"]


def test_no_argument_of_the_command_is_forgotten_here() -> None:
    """Each is either in a command above, or changes no number."""
    known = {"driver", "suite", "roads", "episodes", "seconds", "batch", "device", "seed", "against", "real_time"}
    known |= {
        "latency",
        "baselines",
        "training_runs",
        "scenario",
        "split",
        "driver_options",
        "metrics",
    }  # the last in test_training_runs.py
    shown = {option.name for option in cli.evaluate.params if not getattr(option, "hidden", False)}
    assert shown == known | WITHOUT_A_TRACE
