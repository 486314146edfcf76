"""The tables of docs/recipes.md, from the settings of a training run and the recipes that ship."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from drive_sim.base.resources import recipe_files
from drive_sim.base.toml import read_toml
from drive_sim.learning.settings import TABLES, TrainingSettings
from drive_sim.sensors.camera.optics.configuration import CameraConfig
from scripts.reference.markdown import cell, markdown, meanings

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
    if get_origin(kind) is dict or kind is CameraConfig:
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
