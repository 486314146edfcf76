"""What docs/results.md says of results.json is what it is."""

from __future__ import annotations

import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from drive_sim.cli import main as cli
from drive_sim.evaluation.metrics import METRICS, TIMING_METRICS
from drive_sim.evaluation.results import (
    SCHEMA,
    AcrossRow,
    AddedMetric,
    Baseline,
    ComparedDriver,
    ComparisonRow,
    ConditionRow,
    DriverFacts,
    EpisodeRow,
    EstimateRow,
    FileFacts,
    Group,
    LeftOut,
    Machine,
    Results,
    ScenarioFacts,
    TrainingRun,
    TrainingRuns,
)
from drive_sim.evaluation.thresholds import Threshold, load_thresholds
from drive_sim.world.state import EVENT_NAMES

PARTS: tuple[type[BaseModel], ...] = (
    Results,
    Machine,
    LeftOut,
    FileFacts,
    ScenarioFacts,
    DriverFacts,
    EstimateRow,
    AddedMetric,
    Group,
    ConditionRow,
    EpisodeRow,
    Baseline,
    ComparedDriver,
    TrainingRuns,
    AcrossRow,
    TrainingRun,
    ComparisonRow,
)
PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}
PLURAL = {str: "strings", float: "numbers"}
UNITS = {"seconds": "s", "duration_s": "s", "distance_m": "m", "latency_s": "s"}


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sections(text: str) -> dict[str, str]:
    """Text below each heading, by its words."""
    parts = re.split(r"^##+ (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> list[list[str]]:
    """Cells of the tables of a section, headings left out."""
    lines = re.findall(r"^\| (`.*) \|$", section, flags=re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def type_words(annotation: Any) -> str:
    """A field's type as the document says it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is typing.Literal:
        return PLAIN[type(arguments[0])]
    if origin in (types.UnionType, typing.Union):
        known = [type_words(one) for one in arguments if one is not type(None)]
        return " or ".join([*known, "null"] if type(None) in arguments else known)
    if origin is list:
        return f"list of {type_words(arguments[0])}"
    if origin is dict:
        inner = arguments[1]
        return "object" if inner is Any else f"object of {PLURAL.get(inner) or type_words(inner)}"
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_field_stands_there_in_order_with_its_type_and_a_meaning(
    part: type[BaseModel], sections: dict[str, str]
) -> None:
    told = rows(sections[part.__name__])
    known = {field.alias or name: field.annotation for name, field in part.model_fields.items()}
    assert [row[0].strip("`") for row in told] == list(known)
    assert [row[1] for row in told] == [type_words(annotation) for annotation in known.values()]
    assert all(len(row) == 4 and row[3] for row in told)


def test_fields_whose_names_bear_a_unit_have_that_unit(sections: dict[str, str]) -> None:
    told = {row[0].strip("`"): row[2] for part in (Results, EpisodeRow) for row in rows(sections[part.__name__])}
    assert {name: told[name] for name in UNITS} == UNITS
    assert not [name for name, unit in told.items() if re.search(r"_(s|m|ms|km)$", name) and name not in UNITS]


def test_every_metric_is_listed_with_its_unit_its_basis_and_what_it_is(sections: dict[str, str]) -> None:
    told = [row[:5] for row in rows(sections["Metrics"])]
    assert told == [
        [f"`{name}`", metric.unit, metric.better, metric.aggregation, metric.basis] for name, metric in METRICS.items()
    ]


def test_every_figure_of_the_clock_is_listed_with_its_unit(sections: dict[str, str]) -> None:
    assert [row[:2] for row in rows(sections["timing"])] == [
        [f"`{name}`", metric.unit] for name, metric in TIMING_METRICS.items()
    ]


def test_every_way_a_drive_can_end_is_listed(sections: dict[str, str]) -> None:
    from drive_sim.evaluation.report.words import OUTCOMES

    told = {row[0].strip("`") for row in rows(sections["Outcomes"])}
    assert told == set(OUTCOMES) <= set(EVENT_NAMES.values())


def test_the_number_of_the_schema_and_the_exit_statuses_are_the_program_s(sections: dict[str, str]) -> None:
    assert f"`schema` {SCHEMA}." in sections["results.json"]
    told = [int(number) for number in re.findall(r"^\| (\d+) \|", sections["Exit status"], flags=re.MULTILINE)]
    assert told == [cli.DONE, cli.FAILED, cli.BAD_INPUT, cli.INTERRUPTED, cli.TERMINATED]


def test_the_thresholds_shown_are_thresholds(sections: dict[str, str], tmp_path: Path) -> None:
    shown = re.search(r"```toml\n(.*?)```", sections["Thresholds"], flags=re.DOTALL)
    assert shown is not None
    file = tmp_path / "wanted.toml"
    file.write_text(shown[1], encoding="utf-8")
    wanted = load_thresholds(file)
    assert {name: table.model_dump(exclude_defaults=True) for name, table in wanted.items()} == tomllib.loads(shown[1])
    for field in Threshold.model_fields:
        assert f"`{field}`" in sections["Thresholds"]


def test_the_help_names_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", "--help"]) == cli.DONE
    said = " ".join(capsys.readouterr().out.split())
    for name in ("results.json", "report.html", "report-vs-DRIVER.html", "docs/results.md"):
        assert name in said
