"""Things found by name: this package's own, and those that other packages add by entry points, or a user's file.

An entry is the thing itself or a string ``"module:attribute"``, which is imported when the thing is asked for, so that
naming what there is imports nothing. Another package adds an entry in its ``pyproject.toml``::

    [project.entry-points."drive_sim.drivers"]
    my-driver = "my_package.pilots:MyDriver"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from drive_sim.base.errors import InputError
from drive_sim.base.references import Origin

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Entries by name, in the order in which they were added; those of other packages last, by name.

    Parameters
    ----------
    group
        Entry point group of other packages' entries, such as ``"drive_sim.drivers"``.
    noun
        What an entry is, for messages: ``"driver"``.
    own
        This package's entries that are known from the start.
    check
        What is wrong with another package's entry, given its name and what was loaded, as a clause; empty for nothing.
    """

    def __init__(
        self,
        group: str,
        noun: str,
        own: Mapping[str, T | str] | None = None,
        check: Callable[[str, object], str] = lambda name, thing: "",
    ) -> None:
        self.group, self.noun = group, noun
        self._own: dict[str, T | str] = dict(own or {})
        self._check = check
        self._added: dict[str, list[EntryPoint]] | None = None
        self._loaded: dict[str, T | InputError] = {}
        self._lent: dict[str, tuple[T, Origin]] = {}
        """Entries of the user's own files, and where they come from."""

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

    @contextmanager
    def with_added(self, things: Mapping[str, T], origin: Origin, source: str) -> Iterator[None]:
        """The entries ``things`` of a file of the user's own are there meanwhile, as if another package added them.

        Raises
        ------
        InputError
            About ``source``: a name is taken, or a thing is not what an entry has to be.
        """
        before = dict(self._lent)
        for name, thing in things.items():
            wrong = self._check(name, thing)
            if name in self and self._lent.get(name, (None,))[0] is not thing:
                wrong = f"is the name of a {self.noun} already"
            if wrong:
                raise InputError(source, name, wrong, f"call the {self.noun} something else")
        self._lent = before | {name: (thing, origin) for name, thing in things.items()}
        try:
            yield
        finally:
            self._lent = before

    def __iter__(self) -> Iterator[str]:
        return iter((*self._own, *self.added()))

    def __len__(self) -> int:
        return len(self._own) + len(self.added())

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._lent or name in self._entry_points()

    def __getitem__(self, name: str) -> T:
        """The entry called ``name``; an entry of this package wins over another package's of the same name.

        Raises
        ------
        KeyError
            There is none.
        InputError
            Another package's entry cannot be imported, or is not what it has to be.
        """
        if name in self._own:
            thing = self._own[name]
            if isinstance(thing, str):
                module, attribute = thing.split(":")
                thing = getattr(import_module(module), attribute)
            return thing
        if name in self._lent:
            return self._lent[name][0]
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        found = self._loaded[name]
        if isinstance(found, InputError):
            raise found
        return found

    def origin(self, name: str) -> str:
        """Name and version of the distribution, or the file, that an entry comes from; empty for this package's own."""
        if name in self._own:
            return ""
        if name in self._lent:
            origin = self._lent[name][1]
            return origin.package or origin.file or "a module without a file"
        return " and ".join(_distribution(entry) for entry in self._entry_points()[name])

    def origin_of_own(self, name: str) -> Origin | None:
        """Where an entry of the user's own files comes from; None for others."""
        return self._lent[name][1] if name in self._lent else None

    def added(self) -> tuple[str, ...]:
        """The names that other packages and the user's own files add; nothing is imported."""
        return tuple(dict.fromkeys([name for name in self._entry_points() if name not in self._own] + list(self._lent)))

    def usable(self) -> dict[str, T]:
        """Every entry that can be loaded, by name."""
        broken = self.broken()
        return {name: self[name] for name in self if name not in broken}

    def broken(self) -> dict[str, InputError]:
        """What is wrong with each entry of another package that cannot be loaded, by name."""
        found = {}
        for name in self.added():
            try:
                self[name]
            except InputError as error:
                found[name] = error
        return found

    def _load(self, name: str) -> T | InputError:
        """Another package's entry, or what is wrong with it."""
        entry, package = self._entry_points()[name][0], self.origin(name)
        if len(self._entry_points()[name]) > 1:
            return InputError(f"{self.noun} {name}", "", f"is added by {package}", "uninstall all but one of them")
        try:
            thing = entry.load()
            wrong = self._check(name, thing)
        except Exception as error:  # noqa: BLE001 - another package's module may raise whatever it likes
            wrong = f"cannot be loaded from {entry.value}: {type(error).__name__}: {error}"
        if wrong:
            return InputError(f"{self.noun} {name}", "", wrong, f"mend or uninstall {package}")
        loaded: T = thing
        return loaded

    def _entry_points(self) -> dict[str, list[EntryPoint]]:
        if self._added is None:
            self._added = {}
            for entry in sorted(entry_points(group=self.group), key=lambda entry: (entry.name, _distribution(entry))):
                self._added.setdefault(entry.name, []).append(entry)
        return self._added


def _distribution(entry: EntryPoint) -> str:
    """Name and version of the distribution that an entry point comes from."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
