"""The examples of docs/examples work as their page says: each command that it shows, on fewer and shorter episodes."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from drive_sim.cli import main as cli
from drive_sim.drivers.external.onnx_declaration import Declaration
from drive_sim.evaluation.results import load_results
from drive_sim.sensors.camera.rig import CameraConfig

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    command
    for command in re.findall(r"^drive-sim (evaluate .*|drive (?!.*--record).*--headless.*)$", PAGE, flags=re.MULTILINE)
    if ".onnx" not in command and ".zip" not in command
]
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
SHORT = ["--episodes", "2", "--seconds", "3", "--no-baselines", "--videos", "0"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples as the current folder."""
    monkeypatch.chdir(shutil.copytree(FOLDER, tmp_path / "examples"))
    return Path.cwd()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_works_in_the_folder(command: str, folder: Path) -> None:
    words = shlex.split(command)
    assert cli.run([*words, *(SHORT if words[0] == "evaluate" else [])]) == cli.DONE
    if words[0] == "evaluate":
        output = folder / words[words.index("--output") + 1]
        results = load_results(output)
        assert results.complete and len(results.episodes) == 2
        assert "Not drive_sim&#39;s own:" in (output / "report.html").read_text(encoding="utf-8").replace("'", "&#39;")


def test_the_python_of_the_page_works_in_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    (program,) = [one for one in PROGRAMS if "own_driver" in one]
    exec(program.replace("episodes=20", "episodes=2, seconds=3.0, baselines=False, videos=0"), {})
    assert load_results(folder / "runs" / "fast").driver.name == "Cautious"


@pytest.mark.thorough
def test_the_network_learns_and_drives(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("drive_sim.learning.recordings.WEATHERS_EACH", 1)
    record, train = re.findall(r"^drive-sim (drive .*--record .*|train .*)$", PAGE, flags=re.MULTILINE)
    short = shlex.split(record.replace("--minutes 10", "--minutes 0.1 --scenario lane-keeping/rural"))
    assert [cli.run([*short, "--seed", seed]) for seed in "01"] == [cli.DONE, cli.DONE]
    few = ["views=256", "chunk=256", "held_out=0", "network.options.channels=[4, 4]"]
    assert cli.run([*shlex.split(train), *(f"--set={change}" for change in few)]) == cli.DONE
    score = ["evaluate", "runs/tiny", "--suite", "lane-keeping", *SHORT, "--output"]
    assert cli.run([*score, "out"]) == cli.DONE
    assert load_results(folder / "out").driver.source is not None
    assert "network of tiny (own_network.py, SHA-256 " in (folder / "out" / "report.html").read_text(encoding="utf-8")
    (folder / "own_network.py").unlink()
    assert cli.run([*score, "other"]) == cli.BAD_INPUT
    assert "network.name: there is no file own_network.py; " in capsys.readouterr().err


def test_the_cautious_driver_needs_less_help_than_one_that_coasts(folder: Path) -> None:
    line = ["evaluate", "own_driver.py:Cautious", "--against", "own_driver.py:coast", "--suite", "lane-keeping"]
    line += ["--episodes", "4", "--seconds", "8", "--no-baselines", "--videos", "0", "--output", "out"]
    assert cli.run(line) == cli.DONE
    results = load_results(folder / "out")
    cautious, coasting = results.metrics, results.comparisons[0].metrics
    assert (cautious["autonomy"].estimate or 0.0) > (coasting["autonomy"].estimate or 0.0)


def test_the_onnx_file_of_the_page_is_checked_run_alone_and_scored(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("drive_sim.evaluation.running.export_check.SECONDS", 2.0)
    export, score = re.findall(r"^drive-sim (.*\.onnx .*)$", PAGE, flags=re.MULTILINE)
    assert cli.run(shlex.split(export)) == cli.DONE
    assert "outcomes: alike in 2 of 2 validation episodes" in capsys.readouterr().out
    (program,) = [one for one in PROGRAMS if "onnxruntime" in one]
    answers: dict[str, Any] = {}
    exec(program, answers)
    assert answers["curvature"].shape == answers["speed"].shape == (1,)
    assert cli.run([*shlex.split(score), *SHORT]) == cli.DONE
    assert "network of pilotnet (pilotnet.onnx, SHA-256 " in capsys.readouterr().out


def test_the_declaration_of_the_page_is_one() -> None:
    (text,) = re.findall(r"^```json\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    declared = Declaration.model_validate_json(text)
    assert declared.camera_configs("README.md") == (CameraConfig(),)
