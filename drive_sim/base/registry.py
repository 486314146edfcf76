"""Things found by name: this package's own, and those that other packages add by entry points.

An entry is the thing itself or a string ``"module:attribute"``, which is imported when the thing is asked for, so that
naming what there is imports nothing. Another package adds an entry in its ``pyproject.toml``::

    [project.entry-points."drive_sim.drivers"]
    my-driver = "my_package.pilots:MyDriver"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from drive_sim.base.errors import InputError

T = TypeVar("T")


class Registry(Generic[T]):
    """Entries by name, in the order in which they were added; those of other packages last, by name.

    Parameters
    ----------
    group
        Entry point group of other packages' entries, such as ``"drive_sim.drivers"``.
    noun
        What an entry is, for messages: ``"driver"``.
    own
        This package's entries that are known from the start.
    """

    def __init__(self, group: str, noun: str, own: dict[str, T | str] | None = None) -> None:
        self.group, self.noun = group, noun
        self._own: dict[str, T | str] = dict(own or {})
        self._added: dict[str, EntryPoint] | None = None

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that adds what follows under ``name``.

        Raises
        ------
        ValueError
            The name is taken.
        """

        def add(thing: T) -> T:
            if name in self._own:
                raise ValueError(f"there is a {self.noun} {name!r} already")
            self._own[name] = thing
            return thing

        return add

    def __iter__(self) -> Iterator[str]:
        return iter((*self._own, *(name for name in self._entry_points() if name not in self._own)))

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._entry_points()

    def __getitem__(self, name: str) -> T:
        """The entry called ``name``; an entry of this package wins over another package's of the same name.

        Raises
        ------
        KeyError
            There is none.
        InputError
            Another package's entry cannot be imported.
        """
        if name in self._own:
            thing = self._own[name]
            if isinstance(thing, str):
                module, attribute = thing.split(":")
                thing = getattr(import_module(module), attribute)
            return thing
        entry = self._entry_points()[name]
        try:
            return entry.load()
        except Exception as error:
            package = entry.dist.name if entry.dist else entry.value
            problem = f"cannot be loaded from {entry.value}: {type(error).__name__}: {error}"
            raise InputError(f"{self.noun} {name}", "", problem, f"mend or uninstall {package}") from error

    def origin(self, name: str) -> str:
        """The distribution that an entry comes from; empty for this package's own."""
        if name in self._own:
            return ""
        entry = self._entry_points()[name]
        return entry.dist.name if entry.dist else entry.value

    def others(self) -> dict[str, Any]:
        """The entries of other packages, loaded."""
        return {name: self[name] for name in self._entry_points() if name not in self._own}

    def _entry_points(self) -> dict[str, EntryPoint]:
        if self._added is None:
            self._added = {entry.name: entry for entry in sorted(entry_points(group=self.group), key=lambda e: e.name)}
        return self._added
