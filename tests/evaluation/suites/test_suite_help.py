"""The command line's help names the suites that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_sim.base import resources
from drive_sim.cli import main as cli
from drive_sim.evaluation.suites.suite import list_suites


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
