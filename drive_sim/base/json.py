"""The one reader of JSON documents that programs write and people copy, cut or edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from drive_sim.base.errors import InputError

Model = TypeVar("Model", bound=BaseModel)

WHOLE = "copy the file again from where it is whole"
"""The hint for a file of which a part is missing or was altered."""


def read_json(path: Path, hint: str = WHOLE, missing: str = "check the path") -> dict[str, Any]:
    """The JSON object in a file.

    Parameters
    ----------
    hint, missing
        How to put right a file that is damaged, and one that is not there.

    Raises
    ------
    InputError
        The file cannot be read, or holds no JSON object.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(path, "", "does not exist", missing) from None
    except OSError as error:
        raise InputError(path, "", f"cannot be read ({error.strerror})", "check its permissions") from None
    return parse_json(data, path, hint=hint)


def parse_json(
    data: bytes | str, source: Path, field: str = "", hint: str = WHOLE, constants: bool = False
) -> dict[str, Any]:
    """The JSON object in ``data``, which is ``field`` of the file ``source``; InputError where there is none.

    ``constants``: whether NaN and Infinity, which are not JSON, are numbers.
    """
    try:
        document = json.loads(data, parse_constant=None if constants else _no_constant)
    except RecursionError:
        raise InputError(source, field, "is not JSON (it nests too deeply)", hint) from None
    except ValueError as error:
        raise InputError(source, field, f"is not JSON ({error})", hint) from None
    if not isinstance(document, dict):
        raise InputError(source, field, "is not a JSON object", hint)
    return document


def checked(kind: type[Model], document: Any, source: Path, prefix: str = "", hint: str = WHOLE) -> Model:
    """``document``, which is ``prefix`` of the file ``source``, as ``kind``; InputError with the first wrong field."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        mistake = error.errors()[0]
        field = ".".join(part for part in (prefix, *map(str, mistake["loc"])) if part)
        raise InputError(source, field, mistake["msg"][0].lower() + mistake["msg"][1:], hint) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON; null stands for what is not known")
