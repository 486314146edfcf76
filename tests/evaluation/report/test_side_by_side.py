"""Two results or models on one page: what differs, how they were trained, what their shared episodes say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.evaluation.report.side_by_side.pairs import paired, pairs_of
from drive_sim.evaluation.report.side_by_side.settings import differing_settings
from drive_sim.evaluation.report.side_by_side.sides import find_sides
from drive_sim.evaluation.result_rows import EpisodeRow
from drive_sim.evaluation.results import Results, write_results

CONFIG = {"schema": 2, "network": {"name": "pilotnet", "dense": [256]}, "training": {"settings": {"rate": 0.1}}}


@pytest.fixture
def results(made_results: Results, made_row: Callable[..., EpisodeRow]) -> Callable[..., Results]:
    """Results whose episode n has the autonomy ``values[n]``, an intervention where that is below 1."""

    def make(name: str, values: list[float], first: int = 0, **changes: Any) -> Results:
        rows = [
            made_row(number=n, seed=n, road=f"rural-{n}", autonomy=value, interventions=int(value < 1.0))
            for n, value in enumerate(values, first)
        ]
        driver = made_results.driver.model_copy(update={"name": name, "given": name})
        return made_results.model_copy(update={"driver": driver, "episodes": rows, **changes})

    return make


@pytest.fixture
def folder(tmp_path: Path, results: Callable[..., Results], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the results of two drivers, ``a`` and ``b``, and two models."""
    monkeypatch.chdir(tmp_path)
    for name, values, seed in (("a", [1.0] * 8, 0), ("b", [0.5] * 6 + [1.0] * 4, 7)):
        (tmp_path / name).mkdir()
        write_results(results(name, values, seed=seed), tmp_path / name)
    for name, rate in (("m", 0.1), ("n", 0.2)):
        (tmp_path / name).mkdir()
        config = {**CONFIG, "training": {"settings": {"rate": rate}}}
        (tmp_path / name / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return tmp_path


def test_episodes_are_paired_by_what_they_are_and_not_by_their_place(results: Callable[..., Results]) -> None:
    first, second = results("a", [1.0, 0.9, 0.8, 0.7]), results("b", [0.6, 1.0, 0.5], first=2)
    pairs = pairs_of(first, second)
    assert [pair.indices for pair in pairs] == [(2, 0), (3, 1)]
    assert [pair.rows[0].number for pair in pairs] == [pair.rows[1].number for pair in pairs] == [2, 3]
    assert pairs_of(first, results("b", [1.0], first=9)) == []


def test_paired_figures_are_means_over_the_shared_episodes(results: Callable[..., Results]) -> None:
    first, second = results("a", [1.0] * 8), results("b", [0.5] * 6 + [1.0] * 4)
    found = paired(pairs_of(first, second), ("a", "b"))
    assert (found.outcomes.both, found.outcomes.only_a, found.outcomes.only_b, found.outcomes.neither) == (2, 6, 0, 0)
    assert found.outcomes.p_value == pytest.approx(2 * 0.5**6)
    (row,) = found.comparison
    assert (row.metric, row.a, row.b, row.difference, row.episodes) == ("autonomy", 1.0, 0.625, 0.375, 8)
    assert row.low is not None and row.high is not None and 0.0 < row.low < 0.375 < row.high
    assert row.better == "a"


def test_settings_that_differ_are_named_with_both_values(folder: Path) -> None:
    evaluation, *_ = differing_settings(*find_sides("a", "b"))
    rows = {one.name: one.values for one in evaluation.differing}
    assert rows == {
        "driver.name": ("a", "b"), "driver.given": ("a", "b"), "seed": ("0", "7"), "episodes": ("8", "10"),
    }  # fmt: skip
    (model,) = differing_settings(*find_sides("m", "n"))
    assert [(one.name, one.values) for one in model.differing] == [("training.settings.rate", ("0.1", "0.2"))]
    assert model.same == 3


def test_a_models_folder_brings_the_results_below_it(folder: Path, results: Callable[..., Results]) -> None:
    (folder / "m" / "lanes").mkdir()
    write_results(results("m", [1.0]), folder / "m" / "lanes")
    first, second = find_sides("m", "a")
    assert first.results is not None and first.config and (first.label, second.label) == ("m", "a")
    (folder / "m" / "obstacles").mkdir()
    write_results(results("m", [1.0]), folder / "m" / "obstacles")
    with pytest.raises(InputError, match=r"m holds results of 2 evaluations; name one of m/lanes, m/obstacles"):
        find_sides("m", "a")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("nowhere", "compare: there is nothing at nowhere; name a folder of results or of a model"),
        (".", "compare: . holds results of 2 evaluations"),
        ("empty", "compare: empty holds neither results.json nor config.json"),
    ],
)
def test_what_is_no_side_is_told_in_one_line(
    given: str, complaint: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    assert cli.run(["compare", "a", given]) == cli.BAD_INPUT
    assert capsys.readouterr().err.startswith(f"drive-sim: {complaint}")


def test_the_page_tells_it_all_without_a_network(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["compare", "a", "b", "--output", "both.html"]) == cli.DONE
    assert "A is shown to get through more episodes: of 8" in capsys.readouterr().out
    page = (folder / "both.html").read_text(encoding="utf-8")
    for told in (
        "A is better than b on autonomy: a ",
        "Paired figures are of the 8 episodes that both drove, of 8 and 10",
        "<code>seed</code>",
        "drive-sim replay b 0",
        "Neither has any",
    ):
        assert told in page, told
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert cli.run(["compare", "m", "n"]) == cli.DONE
    assert "Settings that differ: 1. There are no results of m and n." in capsys.readouterr().out


def test_results_without_a_shared_episode_are_still_set_beside_each_other(
    folder: Path, results: Callable[..., Results], capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(results("b", [1.0], first=99), folder / "b")
    assert cli.run(["compare", "a", "b"]) == cli.DONE
    assert "a and b drove no episode in common: nothing can be paired." in capsys.readouterr().out


@pytest.mark.slow
def test_the_curves_of_both_training_runs_are_drawn(folder: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    for name, scale in (("m", 1.0), ("n", 2.0)):
        with SummaryWriter(str(folder / name / "training" / "tensorboard")) as board:
            for step in range(3):
                board.add_scalar("held_out/loss", scale / (1 + step), 100 * step)
                if name == "m":
                    board.add_scalar("train/loss", scale, 100 * step)
    assert cli.run(["compare", "m", "n"]) == cli.DONE
    page = (folder / "comparison.html").read_text(encoding="utf-8")
    assert "held out/loss" in page and "train/loss" in page
    assert page.count("var(--one)") > 2 and "var(--two)" in page
