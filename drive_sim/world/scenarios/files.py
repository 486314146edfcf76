"""Scenario files: a file's tables over those of its parents (``extends``), and the tables that all of them share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.resources import scenarios_folder
from drive_sim.base.toml import read_toml, validated
from drive_sim.world.scenarios.encounter_schema import ActorKind
from drive_sim.world.scenarios.schema import ScenarioDefinition
from drive_sim.world.scenarios.weather_schema import Surface, WeatherRanges
from drive_sim.world.state import ACTOR_NAMES, ACTOR_NONE, PAVINGS, ROADSIDES

EXTENDS, LIKE = "extends", "like"
_ALTERNATIVES = ({"classes", "file"}, {"speed", "speed_fraction"}, {"offset", "blocks", "leaves", "beyond"})
"""Keys of which a table has one: a child that gives one drops the parent's other."""
_WHOLE = {"weather", "classes"}
"""Tables of weights: a child's replaces the parent's."""


def load_definition(path: Path) -> ScenarioDefinition:
    """The scenario in a file, with its parents merged in.

    Raises
    ------
    InputError
        The file cannot be read or does not fit; names the file, the field and a hint.
    """
    return validated(ScenarioDefinition, _with_variants(path, _merged(path, ())), path)


def weather_domains() -> dict[str, WeatherRanges]:
    """The weather domains that ship with the package, by name."""
    path = scenarios_folder() / "weather.toml"
    return _weather_domains(path)


def surfaces() -> dict[str, Surface]:
    """What pavings and roadsides look like, by name."""
    return _surfaces(scenarios_folder() / "surfaces.toml")


def actor_kinds() -> dict[str, ActorKind]:
    """Sizes and colours of the kinds of actors, by name."""
    return _actor_kinds(scenarios_folder() / "actors.toml")


@cache
def _weather_domains(path: Path) -> dict[str, WeatherRanges]:
    return {name: validated(WeatherRanges, table, path, name) for name, table in read_toml(path).items()}


@cache
def _surfaces(path: Path) -> dict[str, Surface]:
    tables = read_toml(path)
    for name in (*PAVINGS, *ROADSIDES):
        if name not in tables:
            raise InputError(path, name, "is missing", "add a table, which may be empty")
    return {name: validated(Surface, table, path, name) for name, table in tables.items()}


@cache
def _actor_kinds(path: Path) -> dict[str, ActorKind]:
    tables = read_toml(path)
    for number, name in enumerate(ACTOR_NAMES):
        if number != ACTOR_NONE and name not in tables:
            raise InputError(path, name, "is missing", "add a table with length, width, height and colours")
    return {name: validated(ActorKind, table, path, name) for name, table in tables.items()}


def _merged(path: Path, children: tuple[Path, ...]) -> dict[str, Any]:
    """The tables of a file over those of its parents, the first parent lowest."""
    path = path.resolve()
    if path in children:
        chain = " -> ".join(child.stem for child in (*children[children.index(path) :], path))
        raise InputError(path, EXTENDS, f"the scenarios extend each other: {chain}", "remove one of the links")
    tables = read_toml(path)
    parents = tables.pop(EXTENDS, [])
    parents = [parents] if isinstance(parents, str) else parents
    if not isinstance(parents, list) or not all(isinstance(parent, str) for parent in parents):
        raise InputError(path, EXTENDS, "is not a name or a list of names", 'write "train/suite/name"')
    below: dict[str, Any] = {}
    for parent in parents:
        file = _parent_file(path, parent)
        merged = _merged(file, (*children, path))
        validated(ScenarioDefinition, _with_variants(file, merged), file)
        below = _over(below, merged)
    return _over(below, tables)


def _with_variants(path: Path, tables: dict[str, Any]) -> dict[str, Any]:
    """The tables with every encounter that is ``like`` another one laid over that one."""
    encounters = tables.get("encounters")
    if not isinstance(encounters, dict):
        return tables

    def whole(name: str, children: tuple[str, ...]) -> Any:
        table = encounters[name]
        if not isinstance(table, dict) or LIKE not in table:
            return table
        other, field = table[LIKE], f"encounters.{name}.{LIKE}"
        if not isinstance(other, str) or other not in encounters:
            raise InputError(path, field, f"there is no encounter {other!r}", f"choose from {', '.join(encounters)}")
        if other in (*children, name):
            raise InputError(path, field, f"{other!r} is like this one", "remove one of the links")
        return _over(whole(other, (*children, name)), {key: value for key, value in table.items() if key != LIKE})

    return tables | {"encounters": {name: whole(name, ()) for name in encounters}}


def _parent_file(path: Path, name: str) -> Path:
    bundled = scenarios_folder() / f"{name}.toml"
    beside = path.parent / name
    for file in (bundled, beside):
        if file.is_file():
            return file
    raise InputError(
        path, EXTENDS, f"there is no scenario {name!r}", 'write "train/suite/name", or a file name relative to this one'
    )


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """A child's tables over its parent's, key by key."""
    dropped = {name for group in _ALTERNATIVES if group & set(above) for name in group}
    result = {name: value for name, value in below.items() if name not in dropped or name in above}
    for name, value in above.items():
        under = result.get(name)
        if isinstance(under, dict) and isinstance(value, dict) and name not in _WHOLE:
            value = _over(under, value)
        result[name] = value
    return result
