"""What pydantic finds wrong, as the one line of an `InputError`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from drive_sim.base.errors import InputError

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_HINTS = {
    "extra_forbidden": "remove it or correct its spelling",
    "unexpected_keyword_argument": "remove it or correct its spelling",
    "unexpected_positional_argument": "name the fields",
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
    "dataclass_type": "give a {class_name} or a dict of its fields",
    "string_too_short": "say it in a sentence",
    "finite_number": "write a finite number",
    "greater_than": "give a number above {gt:g}",
    "greater_than_equal": "give at least {ge:g}",
    "less_than": "give a number below {lt:g}",
    "less_than_equal": "give at most {le:g}",
}


def input_error(
    error: ValidationError, source: str | Path, prefix: str = "", renamed: Mapping[str, str] | None = None
) -> InputError:
    """The first mistake that pydantic found, as an `InputError`.

    Parameters
    ----------
    source
        What the error names as the place of the mistake.
    prefix
        Dotted name of the table or configuration within it.
    renamed
        New name of each key that had another name in earlier versions.
    """
    # An unknown key explains a missing one better than the other way round.
    mistake = min(error.errors(), key=lambda one: one["type"] not in _UNKNOWN)
    key = str(mistake["loc"][-1]) if mistake["loc"] else ""
    field = ".".join(part for part in (prefix, *map(str, mistake["loc"])) if part)
    place = (source, field)
    if mistake["type"] == "value_error":
        cause = mistake.get("ctx", {}).get("error")
        if isinstance(cause, InputError):
            inner = ".".join(part for part in (field, cause.field) if part)
            return InputError(source, inner, cause.problem, cause.hint)
        problem, _, hint = mistake["msg"].removeprefix("Value error, ").partition("; ")
        return InputError(*place, problem, hint or "correct it")
    hint = _HINTS.get(mistake["type"], "give a value that fits").format(**mistake.get("ctx", {}))
    if mistake["type"] in _UNKNOWN:
        if key in (renamed or {}):
            return InputError(*place, f"is called {(renamed or {})[key]} now", "rename it")
        return InputError(*place, "is not a known key", hint)
    if mistake["type"] == "missing":
        return InputError(*place, "is missing", hint)
    return InputError(*place, mistake["msg"][0].lower() + mistake["msg"][1:], hint)
