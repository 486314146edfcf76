"""The pages of docs/reference: the command line from its commands, the keys of scenario and suite files from schemas.

``python scripts/write_reference.py`` writes them anew; tests/end_to_end/test_reference.py tells when that is due.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from drive_sim.cli.arguments import NamingOption
from drive_sim.cli.main import application
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.world.scenarios import encounter_schema, schema

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
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


def meanings(table: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Type as written and docstring of each field of a table, in order."""
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


PAGES = {"command-line.md": command_page, "scenario-keys.md": scenario_page}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
