"""The tables of docs/results.md: the schema of results.json, metrics, figures of the clock, outcomes, exit statuses."""

from __future__ import annotations

import ast
import re
import types
import typing
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from drive_sim.cli import exit_status
from drive_sim.evaluation import result_facts, result_rows, results
from drive_sim.evaluation.metrics import FAMILIES, TIMING_METRICS
from drive_sim.evaluation.report.words import OUTCOMES
from drive_sim.evaluation.thresholds import Threshold
from scripts.reference.markdown import cell, first_sentence, markdown, meanings

PARTS: dict[str, type[BaseModel]] = {
    name: kind
    for module in (result_facts, result_rows, results)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__module__ == module.__name__
    if name[0] != "_" and name not in ("ResultsPart", "Bounded")
}
"""Objects in results.json by the heading that tells of them."""
PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}
PLURAL = {str: "strings", float: "numbers"}


def type_words(annotation: Any) -> str:
    """A field's type in words."""
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


def field_table(part: type[BaseModel]) -> str:
    """Name, type, unit and meaning of every field; LookupError for one whose docstring says nothing."""
    told = {name: text for base in reversed(part.__mro__[:-2]) for name, (_, text) in fields_of(base).items()}
    rows = []
    for name, field in part.model_fields.items():
        if not told.get(name):
            raise LookupError(f"{part.__name__}.{name} has no docstring")
        meaning, unit = cell(told[name]), re.search(r" \[(.*?)\]", cell(told[name]))
        if unit is not None:
            meaning = meaning.replace(unit[0], "", 1)
        for other in PARTS:
            meaning = meaning.replace(f"`{other}`", f"[{other}](#{other.lower()})")
        rows.append((f"`{field.alias or name}`", type_words(field.annotation), unit[1] if unit else "", meaning))
    return markdown(("field", "type", "unit", "meaning"), rows)


def fields_of(base: type) -> dict[str, tuple[str, str]]:
    """`meanings` of a class with fields of its own."""
    return meanings(base) if "drive_sim" in base.__module__ else {}


def exit_table() -> str:
    """The exit statuses, from the docstrings of their constants."""
    body = ast.parse(Path(exit_status.__file__).read_text(encoding="utf-8")).body
    told = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            told[ast.literal_eval(node.value)] = str(after.value.value)
    return markdown(("status", "when"), [(str(status), cell(text)) for status, text in told.items()])


def result_tables() -> dict[str, str]:
    """Every table of docs/results.md by the name in its marker."""
    metrics = [
        (f"`{one.name}`", one.unit, one.better, one.aggregation, one.basis, first_sentence(one.__doc__))
        for family in FAMILIES.values()
        for one in family
    ]
    timing = [(f"`{name}`", one.unit, one.better, first_sentence(one.__doc__)) for name, one in TIMING_METRICS.items()]
    return {
        **{name: field_table(part) for name, part in PARTS.items()},
        "Threshold": field_table(Threshold),
        "timing": markdown(("figure", "unit", "better", "meaning"), timing),
        "outcomes": markdown(("outcome", "the driver"), [(f"`{name}`", said) for name, said in OUTCOMES.items()]),
        "metrics": markdown(("metric", "unit", "better", "becomes one number as", "basis", "meaning"), metrics),
        "exit statuses": exit_table(),
    }
