"""The one reader of the TOML files that people write: scenarios, suites, thresholds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from drive_sim.base.errors import InputError
from drive_sim.base.text import read_text

Model = TypeVar("Model", bound=BaseModel)

_HINTS = {
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


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises
    ------
    InputError
        The file cannot be read, or is not TOML; then the field names line and column.
    """
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem, place = str(error), re.search(r" \(at (line \d+, column \d+|end of document)\)$", str(error))
        where = place[1] if place else ""
        problem = problem.removesuffix(place[0]) if place else problem
        raise InputError(path, where, f"is not TOML: {problem}", "correct the line") from error
    except RecursionError:
        raise InputError(path, "", "nests too many tables or lists", "write it flatter") from None


def validated(
    kind: type[Model],
    table: Any,
    source: str | Path,
    prefix: str = "",
    renamed: Mapping[str, str] | None = None,
) -> Model:
    """The table as ``kind``, lists as tuples.

    Parameters
    ----------
    source
        What an error names as the place of the mistake.
    prefix
        Dotted name of the table within it.
    renamed
        New name of each key that had another name in earlier versions.

    Raises
    ------
    InputError
        The first of the mistakes, with the dotted name of its field.
    """
    try:
        return kind.model_validate(_tuples(table))
    except ValidationError as error:
        raise input_error(error, source, prefix, renamed) from None


def input_error(
    error: ValidationError, source: str | Path, prefix: str = "", renamed: Mapping[str, str] | None = None
) -> InputError:
    """The first mistake that pydantic found, as an `InputError`; parameters as those of `validated`."""
    # An unknown key explains a missing one better than the other way round.
    mistake = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    key = str(mistake["loc"][-1]) if mistake["loc"] else ""
    field = ".".join(part for part in (prefix, *map(str, mistake["loc"])) if part)
    place = (source, field)
    if mistake["type"] == "value_error":
        problem, _, hint = mistake["msg"].removeprefix("Value error, ").partition("; ")
        return InputError(*place, problem, hint or "correct it")
    hint = _HINTS.get(mistake["type"], "give a value that fits").format(**mistake.get("ctx", {}))
    if mistake["type"] == "extra_forbidden":
        if key in (renamed or {}):
            return InputError(*place, f"is called {(renamed or {})[key]} now", "rename it")
        return InputError(*place, "is not a known key", hint)
    if mistake["type"] == "missing":
        return InputError(*place, "is missing", hint)
    return InputError(*place, mistake["msg"][0].lower() + mistake["msg"][1:], hint)


def _tuples(value: Any) -> Any:
    """The same with every list as a tuple: what frozen tables hold."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return value
