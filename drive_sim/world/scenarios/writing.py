"""Scenario files from scenarios: the tables of a definition, and their text as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from drive_sim.world.scenarios.schema import ScenarioDefinition

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SECTIONS = re.compile(r"road|ego|encounters(\.[^.]+(\.actors(\.[^.]+)?)?)?")
"""Tables with a header of their own; those within them stand on a line."""


def tables_of(definition: ScenarioDefinition) -> dict[str, Any]:
    """The tables that say what the definition says, its parents and likenesses merged in: all but what is default."""
    return definition.model_dump(exclude_unset=True, exclude_none=True)


def scenario_text(tables: Mapping[str, Any]) -> str:
    """The TOML of a scenario file with these tables; a range of one number is that number."""
    return "\n".join(_lines((), tables)).strip("\n") + "\n"


def _lines(place: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a table with a header, its plain keys before the tables in it."""
    sections = {name: value for name, value in table.items() if _is_section((*place, name), value)}
    plain = {name: value for name, value in table.items() if name not in sections}
    if place and (plain or not sections):
        yield f"\n[{'.'.join(map(_key, place))}]"
    yield from (f"{_key(name)} = {_value(value)}" for name, value in plain.items())
    for name, value in sections.items():
        yield from _lines((*place, name), value)


def _is_section(place: tuple[str, ...], value: Any) -> bool:
    return isinstance(value, Mapping) and _SECTIONS.fullmatch(".".join(_plain(name) for name in place)) is not None


def _plain(name: str) -> str:
    return name.replace(".", "-")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        numbers = all(isinstance(one, float) for one in value)
        if len(value) == 2 and numbers and value[0] == value[1]:
            return _value(value[0])
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
