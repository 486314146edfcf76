"""Reading scenario files: TOML, parents by ``extends``, and every mistake as one line that says how to mend it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from drive_sim.base.errors import InputError
from drive_sim.base.resources import scenarios_folder
from drive_sim.world.scenarios.encounter_schema import ActorKind
from drive_sim.world.scenarios.ranges import Table
from drive_sim.world.scenarios.schema import ScenarioDefinition
from drive_sim.world.scenarios.weather_schema import Surface, WeatherRanges
from drive_sim.world.state import ACTOR_NAMES, ACTOR_NONE, PAVINGS, ROADSIDES

EXTENDS, LIKE = "extends", "like"
_ALTERNATIVES = ({"classes", "file"}, {"speed", "speed_fraction"}, {"offset", "blocks", "leaves", "beyond"})
"""Keys of which a table has one: a child that gives one drops the parent's other."""
_WHOLE = {"weather", "classes"}
"""Tables of weights: a child's replaces the parent's."""
AnyTable = TypeVar("AnyTable", bound=Table)

_MENDS = {
    "extra_forbidden": "remove it or correct its spelling",
    "missing": "add it",
    "literal_error": "write {expected}",
    "float_type": "write a number",
    "int_type": "write a whole number",
    "bool_type": "write true or false",
    "string_type": "write it in quotes",
    "tuple_type": "write a list such as [1.0, 2.0]",
    "missing_length": "write both numbers, [low, high]",
    "too_long": "write as many numbers as the field has",
    "dict_type": "make it a table",
    "model_type": "make it a table",
    "string_too_short": "say it in a sentence",
    "finite_number": "write a finite number",
}


def load_definition(path: Path) -> ScenarioDefinition:
    """The scenario in a file, with its parents merged in.

    Raises
    ------
    InputError
        naming the file, the field and the mend.
    """
    return validate(path, ScenarioDefinition, _with_variants(path, _merged(path, ())))


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
    return {name: validate(path, WeatherRanges, table, name) for name, table in read_toml(path).items()}


@cache
def _surfaces(path: Path) -> dict[str, Surface]:
    tables = read_toml(path)
    for name in (*PAVINGS, *ROADSIDES):
        if name not in tables:
            raise InputError(path, name, "is missing", "add a table, which may be empty")
    return {name: validate(path, Surface, table, name) for name, table in tables.items()}


@cache
def _actor_kinds(path: Path) -> dict[str, ActorKind]:
    tables = read_toml(path)
    for number, name in enumerate(ACTOR_NAMES):
        if number != ACTOR_NONE and name not in tables:
            raise InputError(path, name, "is missing", "add a table with length, width, height and colours")
    return {name: validate(path, ActorKind, table, name) for name, table in tables.items()}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    if path.is_dir():
        raise InputError(path, "", "is a folder", "name one .toml file in it")
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise InputError(path, "", "does not exist", "check the path") from None
    except OSError as error:
        raise InputError(path, "", f"cannot be read ({error.strerror})", "check its permissions") from error
    except UnicodeDecodeError as error:
        raise InputError(path, f"byte {error.start}", "is not text", "save the file as UTF-8 text") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(path, "", f"is not TOML: {error}", "mend the line") from error


def validate(path: Path, kind: type[AnyTable], table: Any, prefix: str = "") -> AnyTable:
    """The table as ``kind``; the first of its mistakes as an `InputError`."""
    try:
        return kind.model_validate(_tuples(table))
    except ValidationError as error:
        raise _input_error(path, prefix, error) from None


def _input_error(path: Path, prefix: str, error: ValidationError) -> InputError:
    # An unknown key explains a missing one better than the other way round.
    mistakes = sorted(error.errors(), key=lambda mistake: mistake["type"] != "extra_forbidden")
    mistake = mistakes[0]
    parts = [prefix, *(str(part) for part in mistake["loc"])]
    field = ".".join(part for part in parts if part)
    message = mistake["msg"].removeprefix("Value error, ")
    if mistake["type"] == "value_error":
        problem, _, mend = message.partition("; ")
        return InputError(path, field, problem, mend)
    mend = _MENDS.get(mistake["type"], "give a value that fits").format(**mistake.get("ctx", {}))
    if mistake["type"] == "extra_forbidden":
        return InputError(path, field, "is not a known key", mend)
    if mistake["type"] == "missing":
        return InputError(path, field, "is missing", mend)
    return InputError(path, field, message[0].lower() + message[1:], mend)


def _tuples(value: Any) -> Any:
    """The same with every list as a tuple: what frozen tables hold."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return value


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
        validate(file, ScenarioDefinition, _with_variants(file, merged))
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
