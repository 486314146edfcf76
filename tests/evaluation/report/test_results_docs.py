"""What docs/results.md shows is accepted by the program; its tables are written from the code (`make docs`)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from drive_sim.cli import main as cli
from drive_sim.evaluation.metrics import FAMILIES, METRICS
from drive_sim.evaluation.report.words import OUTCOMES
from drive_sim.evaluation.thresholds import load_thresholds
from drive_sim.world.state import EVENT_NAMES
from scripts.reference.results import PARTS, field_table

UNITS = {"seconds": "s", "duration_s": "s", "distance_m": "m", "latency_s": "s"}


def test_fields_whose_names_bear_a_unit_have_that_unit() -> None:
    rows = [line.split(" | ") for part in PARTS.values() for line in field_table(part).splitlines()[2:]]
    told = {name.strip("| `"): unit for name, _, unit, _ in rows}
    assert {name: told[name] for name in UNITS} == UNITS
    assert not [name for name in told if re.search(r"_(s|m|ms|km)$", name) and name not in UNITS]


def test_every_metric_of_this_package_belongs_to_a_family() -> None:
    assert [metric.name for family in FAMILIES.values() for metric in family] == list(METRICS)


def test_every_outcome_is_an_event() -> None:
    assert set(OUTCOMES) <= set(EVENT_NAMES.values())


def test_the_thresholds_shown_are_thresholds(repository: Path, tmp_path: Path) -> None:
    shown = re.search(r"```toml\n(.*?)```", (repository / "docs" / "results.md").read_text("utf-8"), flags=re.DOTALL)
    assert shown is not None
    file = tmp_path / "wanted.toml"
    file.write_text(shown[1], encoding="utf-8")
    wanted = load_thresholds(file)
    assert {name: table.model_dump(exclude_defaults=True) for name, table in wanted.items()} == tomllib.loads(shown[1])


def test_the_help_names_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", "--help"]) == cli.DONE
    said = " ".join(capsys.readouterr().out.split())
    for name in ("results.json", "report.html", "report-vs-DRIVER.html", "docs/results.md"):
        assert name in said
