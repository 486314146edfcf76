"""The pages of docs/reference and the tables of docs/sensors.md and docs/recipes.md.

The command line is told from its commands, the keys of recipes, scenario and suite files from their schemas, sensors
from their configurations and readings. ``python scripts/write_reference.py`` writes them anew;
tests/end_to_end/test_reference.py tells when that is due.
"""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import click
import numpy as np
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from drive_sim.base.resources import recipe_files
from drive_sim.base.toml import read_toml
from drive_sim.cli.arguments import NamingOption
from drive_sim.cli.main import application
from drive_sim.envs.drive_env import DriveEnv
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.learning.settings import TABLES, TrainingSettings
from drive_sim.sensors import imu
from drive_sim.sensors.radar import configuration as radar_configuration
from drive_sim.sensors.radar.radar import CROSS_SECTION
from drive_sim.sensors.registry import BUILT_IN, SENSORS
from drive_sim.sensors.suite import SENSOR_NAMES, Observation
from drive_sim.world.scenarios import encounter_schema, schema
from drive_sim.world.state import ACTOR_NAMES

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTE = "Written by `python scripts/write_reference.py`; change the code, not this page.\n"


def cell(text: object) -> str:
    """Text that can stand in a table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("``", "`")


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, with their full names."""
    yield name, command
    if isinstance(command, click.Group):
        for below in sorted(command.commands):
            yield from commands(command.commands[below], f"{name} {below}")


def command_page() -> str:
    """docs/reference/command-line.md."""
    parts = ["# Command line\n", NOTE]
    for name, command in commands(application, "drive-sim"):
        if command.hidden:
            continue
        arguments = [each.human_readable_name.upper() for each in command.params if isinstance(each, click.Argument)]
        parts.append(f"## `{' '.join([name, *arguments])}`\n")
        parts.append(inspect.cleandoc(command.help or "").replace("\b\n", "") + "\n")
        options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
        if options:
            rows = ["| option | default | |", "|---|---|---|"]
            for option in options:
                names = ", ".join(f"`{one}`" for one in (*option.opts, *option.secondary_opts))
                shown = option.show_default and option.default is not None and option.default is not False
                text = option.naming_help if isinstance(option, NamingOption) else option.help or ""
                rows.append(f"| {names} | {f'`{cell(option.default)}`' if shown else ''} | {cell(text)} |")
            parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def meanings(table: type) -> dict[str, tuple[str, str]]:
    """Type as written and docstring of each field of a table or dataclass, in order."""
    body = ast.parse(inspect.getsource(table)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, tuple[str, str]] = {}
    last = ""
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id != "model_config":
            last = node.target.id
            found[last] = (ast.unparse(node.annotation), "")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            found[last] = (found[last][0], str(node.value.value))
        else:
            last = ""
    return found


def table_of(table: type[BaseModel]) -> str:
    """The keys of one table of a file."""
    summary = cell(re.split(r"\n\n", inspect.getdoc(table) or "")[0])
    rows = [f"## {table.__name__}\n", summary + "\n", "| key | type | default | |", "|---|---|---|---|"]
    for base in reversed(
        [base for base in table.__mro__ if issubclass(base, BaseModel) and base.__module__ != "pydantic.main"]
    ):
        for name, (kind, meaning) in meanings(base).items():
            field = table.model_fields.get(name)
            if field is None:
                continue
            default = "required" if field.is_required() else f"`{cell(field.default)}`"
            if isinstance(field.default, BaseModel):
                default = "its own defaults"
            elif field.default is PydanticUndefined and not field.is_required():
                default = "empty"
            rows.append(f"| `{field.alias or name}` | `{cell(kind)}` | {default} | {cell(meaning)} |")
    return "\n".join(rows) + "\n"


def scenario_page() -> str:
    """docs/reference/scenario-keys.md."""
    tables = [
        table
        for module in (schema, encounter_schema)
        for table in vars(module).values()
        if isinstance(table, type) and issubclass(table, BaseModel) and table.__module__ == module.__name__
    ]
    tables.sort(key=lambda table: (table is not schema.ScenarioDefinition, table.__module__ != schema.__name__))
    intro = (
        "A range is a number or `[low, high]`. Unknown keys are errors. The root of a scenario is"
        " `ScenarioDefinition`.\n"
    )
    return "\n".join(["# Keys of scenario and suite files\n", NOTE, intro, *map(table_of, (*tables, Suite))])


IMU_PARTS = {"BMI088": imu.BMI088, "ADIS16465-1": imu.ADIS16465}
IMU_UNITS: dict[str, tuple[tuple[float, str], tuple[float, str]]] = {
    "noise_density": ((imu.MICRO_G, "µg/√Hz"), (math.radians(1.0), "°/s/√Hz")),
    "bias_instability": ((imu.MICRO_G, "µg"), (imu.DEGREE_PER_HOUR, "°/h")),
    "correlation_time": ((1.0, "s"), (1.0, "s")),
    "random_walk": ((imu.MICRO_G, "µg/√s"), (imu.DEGREE_PER_HOUR, "°/h/√s")),
    "turn_on_bias": ((1e3 * imu.MICRO_G, "mg"), (math.radians(1.0), "°/s")),
    "scale_error": ((0.01, "%"), (0.01, "%")),
    "resolution": ((1e3 * imu.MICRO_G, "mg"), (math.radians(1.0), "°/s")),
    "range": ((1e6 * imu.MICRO_G, "g"), (math.radians(1.0), "°/s")),
}
"""Units of data sheets, for the accelerometer and the gyroscope: how large one is in SI units, and its name."""


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return (
        "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))
        .replace("| --- ", "|---")
        .replace("--- |", "---|")
    )


def measured(value: Any, meaning: str) -> str:
    """A default with the unit that its field's docstring gives; angles in degrees too."""
    unit = re.search(r"\[(.*?)\]", meaning)
    if isinstance(value, bool):
        return f"`{value}`"
    values = value if isinstance(value, tuple) else (value,)
    shown = ", ".join(f"{number:.4g}" for number in values)
    if unit is None or unit[1] == "1":
        return shown
    if unit[1] == "rad" and any(values):
        return f"{shown} rad ({', '.join(f'{math.degrees(number):.4g}' for number in values)}°)"
    return f"{shown} {unit[1]}"


def configuration_table(kind: type) -> str:
    """Field, default and meaning of every field of a configuration."""
    told, rows = meanings(kind), []
    constants = {id(value): name for name, value in vars(sys.modules[kind.__module__]).items() if name.isupper()}
    for one in fields(kind):
        meaning = told[one.name][1]
        constant = constants.get(id(one.default)) if type(one.default).__module__.startswith("drive_sim") else None
        default = (
            "required"
            if one.default is MISSING
            else measured(one.default, meaning)
            if constant is None
            else f"`{constant}`"
        )
        rows.append((f"`{one.name}`", default, cell(meaning)))
    return markdown((f"field of `{kind.__name__}`", "default", "meaning"), rows)


def reading_table(name: str, space: Any) -> str:
    """What a sensor's reading is, from the space of observations and the fields of `Observation`."""
    low, high = (np.unique(bound).tolist() for bound in (space.low, space.high))
    meaning = meanings(Observation)[name][1].partition(")")[2]
    rows = [
        ("name in the observation", f"`{name}`"),
        ("shape", str(space.shape)),
        ("dtype", str(space.dtype)),
        ("values", cell(meaning)),
    ]
    if len(low) == len(high) == 1:
        rows.append(("smallest, largest", f"{low[0]:.4g}, {high[0]:.4g}"))
    else:
        limits = zip(space.low.reshape(-1, space.shape[-1])[0], space.high.reshape(-1, space.shape[-1])[0], strict=True)
        rows.append(("smallest, largest", "; ".join(f"{one:.4g}, {other:.4g}" for one, other in limits)))
    return markdown(("", ""), rows)


def beam_table() -> str:
    """Both beams of the radar; three numbers are values at the beam's three angles."""
    told, beams = (
        meanings(radar_configuration.RadarBeam),
        (radar_configuration.ARS_408_NEAR, radar_configuration.ARS_408_FAR),
    )
    rows = [
        (f"`{name}`", *(measured(getattr(beam, name), meaning) for beam in beams), cell(meaning))
        for name, (_, meaning) in told.items()
    ]
    return markdown(("field of `RadarBeam`", "`ARS_408_NEAR`", "`ARS_408_FAR`", "meaning"), rows)


def imu_table() -> str:
    """Errors of the IMU's parts in the units of their data sheets."""
    told = meanings(imu.InertialErrors)
    head = [f"{part} {axes}" for part in IMU_PARTS for axes in ("accelerometer", "gyroscope")]
    rows = []
    for name, units in IMU_UNITS.items():
        kinds = [
            axes
            for part in IMU_PARTS.values()
            for axes in zip((part.accelerometer, part.gyroscope), units, strict=True)
        ]
        rows.append(
            (
                f"`{name}`",
                *(f"{getattr(errors, name) / one:.3g} {unit}" for errors, (one, unit) in kinds),
                cell(told[name][1]),
            )
        )
    return markdown(("field of `InertialErrors`", *head, "meaning"), rows)


def sensor_tables() -> dict[str, str]:
    """Every table of docs/sensors.md by the name in its marker."""
    space = DriveEnv(sensors=SENSOR_NAMES).observation_space
    return {
        **{f"{name} reading": reading_table(name, space[name]) for name in SENSOR_NAMES},
        **{f"{name} configuration": configuration_table(SENSORS[name].Config) for name in BUILT_IN},
        "radar beams": beam_table(),
        "radar cross-sections": markdown(
            ("class", "RCS [dBsm]"), [(ACTOR_NAMES[kind], f"{value:g}") for kind, value in CROSS_SECTION.items()]
        ),
        "imu parts": imu_table(),
    }


TYPES = {float: "number", int: "whole number", bool: "true or false", str: "text", type(None): '"auto"'}
"""Types of a recipe's values in words."""
BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
"""Of a number, as pydantic names them."""


def type_and_range(kind: Any) -> tuple[str, str]:
    """Type in words and bounds of an annotated type."""
    if get_origin(kind) is Annotated:
        words, bounds = type_and_range(kind.__origin__)
        limits = [(text, getattr(one, name, None)) for one in flat(kind.__metadata__) for name, text in BOUNDS.items()]
        told = [f"{text} {limit:.6g}" for text, limit in limits if limit is not None]
        return words, " ".join(filter(None, [bounds, *told]))
    if get_origin(kind) is tuple:
        words, bounds = type_and_range(get_args(kind)[0])
        return f"list of {words}s", bounds
    if get_origin(kind) is dict:
        return "table", ""
    if get_origin(kind) is Literal:
        return "text", ", ".join(f"`{one}`" for one in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        parts = [type_and_range(one) for one in get_args(kind)]
        return " or ".join(words for words, _ in parts), " ".join(bounds for _, bounds in parts if bounds)
    return TYPES[kind], ""


def flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """The bounds of an annotation, those within pydantic's `Field` too."""
    for one in metadata:
        yield from one.metadata if isinstance(one, FieldInfo) else (one,)


def keys_table(kind: Any) -> str:
    """Name, type, default, range and meaning of every key of one table of a recipe."""
    told, hints, rows = meanings(kind), get_type_hints(kind, include_extras=True), []
    for one in fields(kind):
        if one.name in TABLES and kind is TrainingSettings:
            continue
        words, bounds = type_and_range(hints[one.name])
        value = "auto" if one.default is None else {} if one.default is MISSING else one.default
        default = json.dumps(value)
        rows.append((f"`{one.name}`", words, f"`{default}`", bounds, cell(told[one.name][1])))
    return markdown(("key", "type", "default", "range", "meaning"), rows)


def recipe_tables() -> dict[str, str]:
    """Every table of docs/recipes.md by the name in its marker."""
    shipped = [(f"`{name}`", cell(read_toml(path)["description"])) for name, path in recipe_files().items()]
    return {
        "recipes": markdown(("recipe", "what for"), shipped),
        "keys": keys_table(TrainingSettings),
        **{f"{name} keys": keys_table(kind) for name, kind in TABLES.items()},
    }


def page_with(name: str, tables: dict[str, str]) -> str:
    """The page ``name`` with the table below each marker ``<!-- table: NAME -->`` as the code has it."""
    page = (DOCS / name).read_text(encoding="utf-8")
    for table_name, table in tables.items():
        before, marker, after = page.partition(f"<!-- table: {table_name} -->\n")
        if not marker:
            raise LookupError(f"docs/{name} has no place for {table_name}: <!-- table: {table_name} -->")
        page = before + marker + table + re.sub(r"\A(\|.*\n)*", "", after)
    return page


PAGES = {
    "reference/command-line.md": command_page,
    "reference/scenario-keys.md": scenario_page,
    "sensors.md": lambda: page_with("sensors.md", sensor_tables()),
    "recipes.md": lambda: page_with("recipes.md", recipe_tables()),
}


def main() -> None:
    """Write every page."""
    (DOCS / "reference").mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
