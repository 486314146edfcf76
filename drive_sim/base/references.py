"""What the user's own code defines, by reference: ``package.module:attribute`` or ``file.py:attribute``."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import inspect
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from drive_sim.base.errors import InputError
from drive_sim.base.text import user_path

SEE_ALL = "--traceback shows all of it"
"""How to see the whole traceback of a user's code, as a clause."""
OF_FILE = "_of_"
"""What names of modules begin with that were loaded from a file."""
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Origin:
    """Where something comes from that is not this package's own."""

    package: str | None = None
    """Name and version of the distribution that it is installed by; None for a file of the user's."""
    file: str | None = None
    """Path of the file that defines it; what that file imports is not told."""
    sha256: str | None = None
    """Of that file, 64 hexadecimal digits."""

    @classmethod
    def of_file(cls, path: str | Path, package: str | None = None) -> Origin:
        """The origin of what the file at ``path`` defines."""
        return cls(package, str(path), sha256_of(Path(path)))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def split_reference(name: str | Path) -> tuple[str, str] | None:
    """(module or file, attribute) of a reference; None for a name that is none."""
    place, colon, attribute = str(name).rpartition(":")
    if not (colon and place and all(part.isidentifier() for part in attribute.split("."))):
        return None
    is_module = all(part.isidentifier() for part in place.split("."))
    return (place, attribute) if is_module or place.endswith(".py") else None


def load_reference(name: str, source: str) -> tuple[Any, Origin]:
    """What ``module:attribute`` or ``file.py:attribute`` names, and where it comes from.

    Modules are looked for among the installed ones and in the current folder. The code of the module runs.

    Raises
    ------
    InputError
        About ``source``, such as ``--driver``: no such file, module or attribute; about a line of the user's code
        where that raises, with the error as its cause.
    """
    split = split_reference(name)
    if split is None:
        raise InputError(source, "", f"{name!r} is no reference", "write module:attribute or file.py:attribute")
    place, attribute = split
    module = load_module(place, source)
    thing: Any = module
    for part in attribute.split("."):
        if not hasattr(thing, part):
            raise InputError(source, "", f"{place} has no {attribute!r}", _alike(part, thing))
        thing = getattr(thing, part)
    return thing, origin_of(thing, module)


def load_module(place: str, source: str) -> ModuleType:
    """The module of a dotted name or of a ``.py`` file, whose code runs; errors as `load_reference`."""
    return _load_file(user_path(place), source) if place.endswith(".py") else _load_installed(place, source)


def file_of(name: str, source: str) -> Path:
    """The file of the module that a reference names, from the current folder; found without running its code.

    Of a module in a package, the package is not run either.

    Raises
    ------
    InputError
        About ``source``: there is no such file.
    """
    place, _ = split_reference(name) or ("", "")
    if place.endswith(".py"):
        path = user_path(place)
        if not path.is_file():
            problem = f"there is no file {path}"
            raise InputError(source, "", problem, "check the path, or start in the folder that it is seen from")
        return path
    file = _module_file(place) if place else None
    if file is None:
        problem = f"there is no module {place!r} in this folder or among the installed ones"
        raise InputError(source, "", problem, "install it, or start in the folder that holds it")
    return Path(_shown(file))


def _module_file(name: str) -> Path | None:
    """The source of a module; None where it has none or is not found."""
    find_modules_in(Path.cwd())
    importlib.invalidate_caches()
    parts, folders, spec = name.split("."), None, None
    for count in range(1, len(parts) + 1):
        full = ".".join(parts[:count])
        found = (finder.find_spec(full, folders) for finder in sys.meta_path)
        spec = next((one for one in found if one is not None), None)
        if spec is None:
            return None
        folders = spec.submodule_search_locations or []
    file = Path(spec.origin or "") if spec is not None else Path()
    return file if file.suffix == ".py" and file.is_file() else None


def origin_of(thing: Any, module: ModuleType | None = None) -> Origin:
    """Where a class, function or object (or else ``module``, in which it was found) is defined."""
    for candidate in (thing, type(thing), module):
        try:
            file = inspect.getsourcefile(candidate) if candidate is not None else None
        except TypeError:  # what is built in has no file
            continue
        if file is not None and Path(file).is_file():
            return Origin.of_file(_shown(file), _distribution(candidate))
    return Origin()


def is_of_this_package(thing: Any) -> bool:
    """Whether a class, or the class of an object, is one of this package."""
    kind = thing if isinstance(thing, type) else type(thing)
    return kind.__module__.partition(".")[0] == "drive_sim"


def raise_error_of_user_code(error: BaseException, what: str, otherwise: str) -> NoReturn:
    """Raise the InputError that tells of an error of the user's code, of which it is the cause.

    It names the innermost line of code that is neither this package's nor a library's; ``otherwise`` where there is
    none.

    Parameters
    ----------
    what
        What raised it, such as ``Mine.act``.
    """
    place = _line_of(error) or otherwise
    problem = f"{what} raises {type(error).__name__}: {str(error) or 'without a message'}"
    raise InputError(place, "", problem, f"correct it; {SEE_ALL}") from error


def _load_file(path: Path, source: str) -> ModuleType:
    if not path.is_file():
        raise InputError(source, "", f"there is no file {path}", "check the path")
    try:
        digest = sha256_of(path)[:12]
    except OSError as error:
        raise InputError(path, "", f"cannot be read ({error.strerror})", "check its permissions") from None
    # A name of its own: a file may be called as a module that is there already. Edited, it is another module.
    name = f"{OF_FILE}{path.stem}_{digest}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    find_modules_in(path.resolve().parent)
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code may raise whatever it likes
        del sys.modules[name]
        raise_error_of_user_code(error, "importing it", str(path))
    return module


def _load_installed(name: str, source: str) -> ModuleType:
    find_modules_in(Path.cwd())
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or f"{name}.".find(f"{error.name}.") != 0:
            raise_error_of_user_code(error, f"importing {name}", name)
        problem = f"there is no module {error.name!r} in this folder or among the installed ones"
        raise InputError(source, "", problem, "check the name, or name a file: my_file.py:MyDriver") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code may raise whatever it likes
        raise_error_of_user_code(error, f"importing {name}", name)


def find_modules_in(folder: Path) -> None:
    """Look for modules in the folder, too, after all other places: nothing in it stands in for a library's module."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _alike(name: str, thing: Any) -> str:
    """A hint at what was meant by a name that ``thing`` lacks."""
    public = [one for one in vars(thing) if not one.startswith("_")] if hasattr(thing, "__dict__") else []
    own = [one for one in public if getattr(getattr(thing, one), "__module__", None) == getattr(thing, "__name__", "")]
    close = difflib.get_close_matches(name, own or public, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"name one of {', '.join(own[:8])}" if own else "check the name"


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Names of the distributions that install each top-level module; to find them takes a tenth of a second."""
    return metadata.packages_distributions()


def _distribution(thing: Any) -> str | None:
    """Name and version of the distribution that installed the module of ``thing``; None where none did."""
    module = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", "")
    if module.startswith(OF_FILE):
        return None
    names = _distributions().get(module.partition(".")[0], ())
    return " and ".join(f"{name} {metadata.version(name)}" for name in sorted(set(names))) or None


def _line_of(error: BaseException) -> str:
    """File and line of the user's code that an error came from; empty where only libraries took part."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename)}:{error.lineno}"
    libraries = [*map(Path, {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}), _PACKAGE]
    found, frame = "", error.__traceback__
    while frame is not None:
        file = frame.tb_frame.f_code.co_filename
        if Path(file).is_file() and not any(Path(file).resolve().is_relative_to(folder) for folder in libraries):
            found = f"{_shown(file)}:{frame.tb_lineno}"
        frame = frame.tb_next
    return found


def _shown(file: str | Path) -> str:
    """A path from the current folder, where it lies below that."""
    path = Path(file).resolve()
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
