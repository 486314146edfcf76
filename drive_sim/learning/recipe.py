"""A recipe: everything that defines a training run, as a TOML file, with changes made on the command line.

A recipe is one of those that ship (``recipes/``), a file, or a model, which is trained again as it was. Every key that
it leaves out has its default (`TrainingSettings`); docs/recipes.md tells of all of them.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.json import read_json
from drive_sim.base.references import split_reference
from drive_sim.base.resources import MODEL_FILES, find_model, recipe_files
from drive_sim.base.text import user_path
from drive_sim.base.toml import read_toml
from drive_sim.learning.settings import MORE_SIZES, OPTIONS, SIZES, TABLES, TrainingSettings, known_keys, suggestion

DEFAULTS = "defaults"
"""Name of the recipe of a training run for which none is named."""


@dataclass(frozen=True)
class Change:
    """A value that wins over the recipe's."""

    key: str
    """Dotted, as ``network.dropout``."""
    value: Any
    source: str = "--set"
    """The option that it was given with, for messages."""


@dataclass(frozen=True)
class Recipe:
    """Settings of a training run, and where they are from."""

    settings: TrainingSettings = field(default_factory=TrainingSettings)
    name: str = DEFAULTS
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Values that won over the recipe's, by dotted key."""

    def provenance(self) -> dict[str, Any]:
        """Name and changes as a model's config.json and a checkpoint keep them."""
        return {"name": self.name, "changes": dict(self.changes)}


def load_recipe(source: str | Path | None = None, changes: Sequence[Change] | Mapping[str, Any] = ()) -> Recipe:
    """The recipe of a name or path, with changes.

    Parameters
    ----------
    source
        One that ships by its name, a TOML file, or a model by its folder or name; None: the defaults of all keys.
    changes
        What wins over the recipe's values, in order; or a dict of values by dotted key.

    Raises
    ------
    InputError
        There is no such recipe, a key is unknown or given twice, or a value is wrong.
    """
    if isinstance(changes, Mapping):
        changes = [Change(key, value, "changes") for key, value in changes.items()]
    name, place, tables = _read(source)
    return _changed(name, place, tables, changes)


def change_recipe(recipe: Recipe, changes: Sequence[Change]) -> Recipe:
    """The recipe with further changes; InputError as for `load_recipe`."""
    if not changes:
        return recipe
    changed = _changed(recipe.name, "recipe", _without_sizes(recipe.settings.to_dict()), changes)
    return Recipe(changed.settings, recipe.name, {**recipe.changes, **changed.changes})


def parse_changes(pairs: Iterable[str], source: str = "--set") -> list[Change]:
    """Changes written as ``key=value``; a value is TOML, or a bare word or path, which is a string."""
    changes = []
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise InputError(source, "", f"{pair!r:.80} is not of the form KEY=VALUE", "write it as views=32000")
        changes.append(Change(key.strip(), _value(key.strip(), text.strip(), source), source))
    return changes


def _value(key: str, text: str, source: str) -> Any:
    """A value as TOML has it; a string where it is no TOML, and nothing that TOML would begin so."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        if not text or text[0] in "\"'[{" or not text.isprintable():
            problem = f"{text!r:.80} is no value"
            raise InputError(source, key, problem, 'write a number, true, a word, "text" or a list as [1, 2]') from None
        return text
    if table.keys() != {"value"}:
        raise InputError(source, key, f"{text!r:.80} is more than one value", "give each change its own --set")
    value = table["value"]
    return text if isinstance(value, datetime.date | datetime.time) else value


def _read(source: str | Path | None) -> tuple[str, str, dict[str, Any]]:
    """Name, place for messages and tables of a recipe."""
    if source is None:
        return DEFAULTS, "recipe", {}
    shipped = recipe_files()
    if str(source) in shipped:
        return str(source), str(source), _tables_of_file(shipped[str(source)])
    path = user_path(source)
    if path.is_file():
        return path.stem, str(path), _tables_of_file(path)
    try:
        model = find_model(path)
    except InputError as error:
        if path.is_dir():
            raise
        problem = "is neither a recipe that ships nor a recipe file nor a model"
        raise InputError("--recipe", str(source), problem, f"use {', '.join(shipped)}, or a path") from error
    return model.resolve().name, str(model / MODEL_FILES[0]), _tables_of_model(model / MODEL_FILES[0])


def _tables_of_file(path: Path) -> dict[str, Any]:
    tables = read_toml(path)
    description = tables.pop("description", "")
    if not isinstance(description, str):
        raise InputError(path, "description", "is not text", "write one line in quotes")
    network = tables.get("network")
    if isinstance(network, dict) and isinstance(network.get("name"), str):
        network["name"] = _seen_from_here(network["name"], path.parent)
    return tables


def _seen_from_here(name: str, folder: Path) -> str:
    """A reference to a file that lies beside the recipe, as it is seen from the current folder; else the name."""
    place, attribute = split_reference(name) or ("", "")
    file = folder / place
    if not place.endswith(".py") or not file.is_file():
        return name
    file, here = file.resolve(), Path.cwd().resolve()
    return f"{file.relative_to(here).as_posix() if file.is_relative_to(here) else file}:{attribute}"


def _tables_of_model(path: Path) -> dict[str, Any]:
    """The settings of the training run that a model is from."""
    config = read_json(path)
    training = config.get("training")
    settings = training.get("settings") if isinstance(training, dict) else None
    if not isinstance(settings, dict):
        raise InputError(path, "training.settings", "is missing", "name a model that drive-sim train wrote")
    # Models of earlier versions keep their camera beside the settings alone.
    return _without_sizes({"camera": config.get("camera", {}), **settings})


def _without_sizes(tables: Mapping[str, Any]) -> dict[str, Any]:
    """The tables without what the network takes over from the camera, so that a change of the camera's is enough."""
    network = tables.get("network", {})
    if isinstance(network, dict):
        network = {key: value for key, value in network.items() if key not in (*SIZES, MORE_SIZES)}
    return {**tables, "network": network}


def _changed(name: str, place: str, tables: Mapping[str, Any], changes: Sequence[Change]) -> Recipe:
    """The recipe of some tables and changes, whose mistakes are told as theirs."""
    merged: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in tables.items()}
    made: dict[str, Change] = {}
    for change in changes:
        _check_change(change, made)
        made[change.key] = change
        *above, key = change.key.split(".")
        target = merged
        for table in above:
            target = target.setdefault(table, {})
            if not isinstance(target, dict):
                raise InputError(place, table, "is not a table", f"write [{table}] and its keys below it")
        target[key] = change.value
    try:
        settings = TrainingSettings.from_dict(merged, place)
    except InputError as error:
        parts = [".".join(error.field.split(".")[:count]) for count in range(len(error.field.split(".")), 0, -1)]
        source = next((made[part].source for part in parts if part in made), place)
        raise InputError(source, error.field, error.problem, error.hint) from None
    return Recipe(settings, name, {key: change.value for key, change in made.items()})


def _check_change(change: Change, made: Mapping[str, Change]) -> None:
    """InputError for a key that there is not, that is a table, or that is changed already."""
    if change.key in TABLES:
        key = next(key for key in known_keys() if key.startswith(f"{change.key}."))
        raise InputError(change.source, change.key, "is a table", f"set one of its keys, such as {key}")
    of_network = change.key.startswith(f"{OPTIONS}.") and all(change.key.split("."))
    if change.key not in known_keys() and not of_network:
        raise InputError(change.source, change.key, "is not a key of a recipe", suggestion(change.key))
    if change.key in made:
        sources = " and ".join(dict.fromkeys((made[change.key].source, change.source)))
        raise InputError(sources, change.key, "is given twice", "give it once")
