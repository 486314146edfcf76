"""The suites that the command line's help, README and docs/evaluation.md tell of are those that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drive_sim.base import resources
from drive_sim.cli import main as cli
from drive_sim.evaluation.suites.suite import REAL_ROADS, list_suites, load_suite

ENDS = {"reset_to_lane": "reset to lane", "terminate": "the episode ends"}


def table(text: str, head: str) -> list[list[str]]:
    """Cells of the rows below a table's head."""
    body = re.search(rf"^\| {head}.*\n\|[-|]+\n((?:\|.*\n)+)", text, flags=re.MULTILINE)
    assert body is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body[1].splitlines()]


def named(cell: str) -> list[str]:
    return re.findall(r"`([\w-]+)`", cell)


def test_the_help_names_every_suite(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", "--help"]) == cli.DONE
    # Lines may break behind a hyphen.
    said = " ".join(capsys.readouterr().out.split()).replace("- ", "-")
    assert f"--suite SUITE What it is scored on: {', '.join(list_suites())}. " in said


def test_a_suite_that_is_added_is_in_the_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "suites").mkdir()
    for name in ("parking", "roundabouts"):
        (tmp_path / "suites" / f"{name}.toml").touch()
    monkeypatch.setattr(resources, "scenarios_folder", lambda: tmp_path)
    assert cli.run(["evaluate", "--help"]) == cli.DONE
    assert "What it is scored on: parking, roundabouts." in capsys.readouterr().out


def test_readme_tells_of_every_suite_once(repository: Path) -> None:
    rows = table((repository / "README.md").read_text(encoding="utf-8"), "suite \\| asks")
    assert sorted(name for row in rows for name in named(row[0])) == list_suites()


def test_the_page_on_suites_tells_of_every_suite_how_a_failure_ends_and_how_many_drives(repository: Path) -> None:
    rows = table((repository / "docs" / "evaluation.md").read_text(encoding="utf-8"), "suite \\| what")
    assert sorted(name for row in rows for name in named(row[0])) == list_suites()
    for suites, _, failure, episodes in rows:
        counts = episodes.split(", ")
        for name, count in zip(named(suites), counts, strict=True):
            suite = load_suite(name)
            assert failure == ENDS[suite.on_failure], name
            each = " a condition" if suite.conditions else ""
            assert count == ("one a road" if name == REAL_ROADS else f"{suite.episodes}{each}"), name
