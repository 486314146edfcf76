"""Which source files a compiled function depends on, and the hash of them that its cached code is named by.

Compiled code takes in what its module imports, by name and at any depth: functions are inlined, constants compiled in.
So it depends on the files that its own file imports, directly or not, and on nothing else of the package; a change of
a driver leaves the camera's code valid. What reaches a function in other ways is found in the function itself
(functions in its closure) and in its argument types (the fields of named tuples).
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from numba.core import types
from numba.core.dispatcher import Dispatcher

from drive_sim.base.files import listed

PACKAGE = "drive_sim"

_TYPES: Any = types  # some of its names are not in Numba's own types

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>[\w.]+)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n]+)|import[ \t]+(?P<all>[^\n]+))",
    re.MULTILINE,
)


def sources_digest(module: str, file: str) -> str:
    """Hash of a module's file and of all files that it imports from this package or from its own.

    Parameters
    ----------
    module
        Dotted name of the module, such as ``"drive_sim.world.events"``.
    file
        Its file. Where there is none (code of a notebook), every file of this package counts.
    """
    return _digest(module, file)


@functools.cache
def _digest(module: str, file: str) -> str:
    start = Path(file)
    paths = _imported_files(module, start) if start.is_file() else _files_below(PACKAGE)
    digest = hashlib.sha256()
    for content in sorted(map(file_digest, paths)):
        digest.update(content.encode())
    return digest.hexdigest()[:16]


@functools.cache
def file_digest(file: Path) -> str:
    """Hash of a file's content; empty where it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def module_file(module: str) -> Path | None:
    """The file of a module below a package that is imported; None where there is none."""
    top, _, rest = module.partition(".")
    places = getattr(sys.modules.get(top), "__path__", None)
    return _file_below(next(iter(places)), rest) if places else None


@functools.cache
def _file_below(package: str, module: str) -> Path | None:
    """The file of a module, by its dotted name below a package's folder."""
    base = os.path.join(package, *module.split("."))  # noqa: PTH118 - asked a thousand times at a start: pathlib is slow
    return next((Path(path) for path in (f"{base}.py", f"{base}/__init__.py") if os.path.isfile(path)), None)  # noqa: PTH113


def reached_modules(function: Callable[..., Any]) -> dict[str, str]:
    """Modules of all functions that a compiled function can call, with their files, as its globals and closure say."""
    found: dict[str, str] = {}
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        found[one.__module__] = one.__code__.co_filename
        waiting += map(_python_function, filter(_is_function, _named_things(one)))
    return found


def named_tuples(kinds: Iterable[Any]) -> list[str]:
    """Fields of the named tuples among argument types, which compiled code reads by their place."""
    found = []
    for kind in kinds:
        if isinstance(kind, _TYPES.BaseNamedTuple):
            found.append(f"{kind.instance_class.__qualname__}{kind.fields}")
        if isinstance(kind, _TYPES.BaseTuple):
            found += named_tuples(kind)
    return found


def _imported_files(module: str, file: Path) -> set[Path]:
    roots = {PACKAGE, module.partition(".")[0]}
    found = {file}
    waiting = [(module, file)]
    while waiting:
        for name in _imports(*waiting.pop()):
            path = module_file(name) if name.partition(".")[0] in roots else None
            if path is not None and path not in found:
                found.add(path)
                waiting.append((name, path))
    return found


@functools.cache
def _imports(module: str, file: Path) -> frozenset[str]:
    """Dotted names of what a file imports, modules and things in modules; a package as a whole with all below it."""
    found: set[str] = set()
    for match in _IMPORT.finditer(file.read_text(encoding="utf-8", errors="replace")):
        if match["all"]:
            for part in match["all"].split(","):
                name = part.split()[0] if part.split() else ""
                found |= {name, *_modules_below(name)}
            continue
        source = _absolute(match["source"], module, file)
        names = re.sub(r"#[^\n]*|[()]", "", match["names"])
        for part in filter(str.strip, names.split(",")):
            inner = f"{source}.{part.split()[0]}"
            found |= {inner, *_modules_below(inner)} if module_file(inner) else {source}
    return frozenset(found)


def _absolute(source: str, module: str, file: Path) -> str:
    """The dotted name of a relative one."""
    dots = len(source) - len(source.lstrip("."))
    if not dots:
        return source
    up = dots - (file.name == "__init__.py")
    parts = module.split(".")
    return ".".join([*parts[: len(parts) - up], *filter(None, [source[dots:]])])


def _modules_below(package: str) -> set[str]:
    path = module_file(package)
    if path is None or path.name != "__init__.py" or package.partition(".")[0] != PACKAGE:
        return set()
    return {
        ".".join([package, *each.relative_to(path.parent).with_suffix("").parts]).removesuffix(".__init__")
        for each in listed(path.parent, "**/*.py")
    }


def _files_below(package: str) -> set[Path]:
    return {path for name in _modules_below(package) if (path := module_file(name))}


def _is_function(thing: Any) -> bool:
    return isinstance(thing, Dispatcher | FunctionType)


def _python_function(thing: Any) -> Callable[..., Any]:
    return thing.py_func if isinstance(thing, Dispatcher) else thing


def _named_things(function: Callable[..., Any]) -> Iterator[Any]:
    """What a function finds in its closure and, by the names in its code, in its module."""
    yield from (cell.cell_contents for cell in function.__closure__ or ())
    yield from (function.__globals__.get(name) for name in function.__code__.co_names)
