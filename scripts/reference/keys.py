"""docs/reference/scenario-keys.md, from the schemas of scenario and suite files."""

from __future__ import annotations

import inspect
import re

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from drive_sim.evaluation.suites.suite import Suite
from drive_sim.world.scenarios import encounter_schema, schema
from scripts.reference.markdown import NOTE, cell, meanings


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
            elif (field.default is PydanticUndefined and not field.is_required()) or field.default == "":
                default = "empty"
            rows.append(f"| `{field.alias or name}` | `{cell(kind)}` | {default} | {cell(meaning)} |")
    return "\n".join(rows) + "\n"


def scenario_page() -> str:
    """docs/reference/scenario-keys.md."""
    tables: list[type[BaseModel]] = [
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
    parts: list[type[BaseModel]] = [*tables, Suite]
    return "\n".join(["# Keys of scenario and suite files\n", NOTE, intro, *map(table_of, parts)])
