"""Evaluations that cannot be finished end before anything is driven; a user's matplotlib changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.evaluation import harness
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.results import load_results
from drive_sim.evaluation.running.scored_episode import load_scored

pytestmark = pytest.mark.slow

DRAWING = """
import numpy as np, sys, hashlib
from drive_sim.evaluation.plotting import shipped_style
from drive_sim.evaluation.video.drawing import write
with shipped_style():
    from io import StringIO
    from matplotlib.figure import Figure
    figure = Figure(); axes = figure.subplots(); axes.plot([1, 2], [3, 5]); axes.set_title("speed [km/h]")
    text = StringIO(); figure.savefig(text, format="svg", metadata={"Date": None})
frame = np.zeros((40, 200, 3), np.uint8)
write(frame, 5, 25, "in 1.0 s", 15, (255, 255, 255))
print(len(text.getvalue()), hashlib.sha256(frame.tobytes()).hexdigest())
"""
RC = "text.usetex: True\nlines.linewidth: 9\nfont.family: monospace\nfigure.dpi: 30\nsvg.fonttype: none\n"


def drawn(folder: Path, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "MATPLOTLIBRC")}
    done = subprocess.run(
        [sys.executable, "-c", DRAWING], cwd=folder, env=kept | variables, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_drawings_do_not_depend_on_how_the_user_has_set_up_matplotlib(tmp_path: Path, repository: Path) -> None:
    plain, own = tmp_path / "plain", tmp_path / "own"
    plain.mkdir()
    own.mkdir()
    (own / "matplotlibrc").write_text(RC, encoding="utf-8")
    path = {"PYTHONPATH": str(repository)}
    expected = drawn(plain, **path)
    assert drawn(own, **path) == expected
    assert drawn(plain, MPLBACKEND="module://matplotlib_inline.backend_inline", **path) == expected
    assert drawn(plain, MATPLOTLIBRC=str(own / "matplotlibrc"), **path) == expected


@pytest.fixture
def nothing_driven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Driving fails the test."""
    monkeypatch.setattr(harness, "drive", lambda *_, **__: pytest.fail("something was driven"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"seconds": float("inf")}, "--seconds: inf is endless"),
        ({"seconds": float("nan")}, "--seconds: nan is too short"),
        ({"latency": float("nan")}, "--latency: nan is not a delay"),
        ({"latency": float("inf")}, "--latency: inf is not a delay"),
        ({"latency": -0.1}, "--latency: -100 is not a delay"),
        ({"against": ["net\udcff"]}, "--against: net"),
    ],
)
def test_arguments_that_cannot_be_used_are_told_before_driving(
    options: dict[str, Any], complaint: str, tmp_path: Path, nothing_driven: None
) -> None:
    with pytest.raises(InputError) as caught:
        evaluate("straight", "lane-keeping", tmp_path, episodes=1, baselines=False, **options)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)
    str(caught.value).encode("utf-8")


@pytest.mark.parametrize("name", ["results.json", "report.html"])
def test_a_folder_where_a_file_belongs_is_told_before_driving(name: str, tmp_path: Path, nothing_driven: None) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=r"--output: .* is a folder"):
        evaluate("straight", "lane-keeping", tmp_path, episodes=1, baselines=False)


def test_a_junit_file_that_cannot_be_written_is_told_before_driving(
    tmp_path: Path, nothing_driven: None, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["evaluate", "straight", "--suite", "lane-keeping", "--output", str(tmp_path / "out")]
    assert cli.run([*line, "--junit", str(tmp_path / "nowhere" / "junit.xml")]) == cli.BAD_INPUT
    assert "--junit: " in capsys.readouterr().err


def test_a_video_encoder_that_fails_is_told_before_driving(
    tmp_path: Path, nothing_driven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bytes:
        raise RuntimeError("no libx264")

    monkeypatch.setattr("drive_sim.evaluation.video.clip.encode", fail)
    with pytest.raises(InputError, match=r"--videos: cannot be encoded as H\.264"):
        evaluate("straight", "lane-keeping", tmp_path, episodes=1, baselines=False)


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """A folder of one closed road, one file that is none, and one that macOS left."""
    import math

    folder = tmp_path / "roads"
    folder.mkdir()
    angles = [2.0 * math.pi * k / 160 for k in range(160)]
    lines = [f"{160.0 * math.cos(a):.4f},{90.0 * math.sin(a):.4f},5.0,5.0" for a in angles]
    (folder / "oval.csv").write_text("# x_m,y_m,w_tr_right_m,w_tr_left_m\n" + "\n".join(lines), encoding="utf-8")
    (folder / "broken.csv").write_text("x,y\n1,2\nthree,4\n", encoding="utf-8")
    (folder / "._oval.csv").write_bytes(b"\x00\x05\x16\x07")
    return folder


def test_a_bad_road_is_named_and_left_out_and_the_rest_is_scored(
    roads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    line = ["evaluate", "straight", "--suite", "real-roads", "--roads", str(roads), "--seconds", "3", "--videos", "0"]
    assert cli.run([*line, "--no-baselines", "--output", str(out)]) == cli.FAILED
    assert "left out: broken.csv: " in capsys.readouterr().err
    results = load_results(out)
    assert [one.file for one in results.left_out] == ["broken.csv"]
    assert {row.road for row in results.episodes} == {"oval"}
    assert "broken.csv" in (out / "report.html").read_text(encoding="utf-8")


def test_a_folder_of_bad_roads_only_is_an_error(roads: Path, tmp_path: Path, nothing_driven: None) -> None:
    (roads / "oval.csv").unlink()
    with pytest.raises(InputError, match=r"broken\.csv"):
        evaluate("straight", "real-roads", tmp_path / "out", roads=roads)


def test_a_scored_episode_is_found_from_any_working_directory(
    tmp_path: Path, repository: Path, roads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    model, other = tmp_path / "mine", tmp_path / "elsewhere"
    shutil.copytree(repository / "models" / "pilotnet", model)
    other.mkdir()
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"seconds": 2.0, "baselines": False, "videos": 0}
    evaluate("mine", "real-roads", "out", roads="roads", **options)
    monkeypatch.chdir(other)
    scored = load_scored(tmp_path / "out", 0)
    assert scored.driver.name == "mine"
    assert (scored.device, scored.scored_on) == ("cpu", "cpu")
    shutil.copytree(repository / "models" / "pilotnet", other / "mine")
    shutil.move(str(tmp_path / "out"), other / "out")
    shutil.move(str(roads), other / "roads")
    assert load_scored("out", 0).row == scored.row
