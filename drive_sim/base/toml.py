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
from drive_sim.base.validation import input_error

Model = TypeVar("Model", bound=BaseModel)


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


def _tuples(value: Any) -> Any:
    """The same with every list as a tuple: what frozen tables hold."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return value
