"""Metrics of a file of the user's own: among the others for an evaluation, marked, and told where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.metrics.own import added_metrics

FILE = """
from drive_sim.evaluation.metrics.lane import LANE_METRICS
from drive_sim.evaluation.metrics.metric import metric

imported = LANE_METRICS[0]

def mine(name, measure):
    measure.__name__ = name
    facts = dict(formula="f", source="s", aggregation="mean", better="lower")
    return metric("m/s", **facts)(measure)

mean_speed = mine("mean_speed", lambda log: log.speed.mean())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scores.py").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_the_metrics_that_a_file_defines_are_there_meanwhile(folder: Path) -> None:
    before = list(METRICS)
    with added_metrics(["scores.py"]), added_metrics(["scores.py"]):
        assert list(METRICS) == [*before, "mean_speed"] and len(METRICS) == len(before) + 1
        assert METRICS["mean_speed"].unit == "m/s"
        assert METRICS.origin("mean_speed") == "scores.py"
        assert "mean_speed" in METRICS.added() and "mean_speed" in METRICS.usable()
    assert list(METRICS) == before and "mean_speed" not in METRICS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "--metrics: scores.py defines no metric; put the decorator"),
        (FILE.replace('"mean_speed"', '"autonomy"'), "--metrics: autonomy: is the name of a metric already; call"),
        (FILE.replace('"mean_speed"', '"weather"'), "--metrics: weather: has the name of a field of an episode; call"),
        ("import nothing_of_this_name", "scores.py:1: importing it raises ModuleNotFoundError"),
    ],
)
def test_a_file_that_adds_nothing_or_a_taken_name_is_told_in_one_line(text: str, complaint: str, folder: Path) -> None:
    (folder / "scores.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught, added_metrics(["scores.py"]):
        pass
    assert str(caught.value).startswith(complaint)
    with pytest.raises(InputError, match=r"--metrics: there is no file nowhere\.py"), added_metrics(["nowhere.py"]):
        pass


@pytest.mark.slow
def test_an_evaluation_shows_them_marks_them_and_judges_by_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fails = 'fails = mine("fails", lambda log: 1 / 0)\n'
    (folder / "scores.py").write_text(FILE + fails, encoding="utf-8")
    (folder / "wanted.toml").write_text("[mean_speed]\nat_least = 1000.0\n", encoding="utf-8")
    line = ["evaluate", "straight", "--suite", "lane-keeping", "--metrics", "scores.py", "--thresholds", "wanted.toml"]
    line += ["--episodes", "2", "--seconds", "2", "--no-baselines", "--videos", "0", "--output", "out"]
    assert cli.run(line) == cli.FAILED
    said = capsys.readouterr()
    assert "missed: mean_speed" in said.out
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    added = results["added_metrics"]
    assert results["metrics"]["mean_speed"]["low"] <= results["metrics"]["mean_speed"]["estimate"]
    assert added["mean_speed"]["defined_in"]["file"] == added["mean_speed"]["package"] == "scores.py"
    digest = added["mean_speed"]["defined_in"]["sha256"][:16]
    assert f"metric mean_speed (scores.py, SHA-256 {digest})" in said.out
    assert "metric fails of scores.py: failed in 2 of 2 episodes, first ZeroDivisionError" in said.err
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "Added by scores.py, not part of drive_sim" in page and "mean speed" in page
