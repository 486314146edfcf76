"""Compiled code on disk, one file for each function and each combination of argument types.

Numba's own cache fails on a damaged file, asks for a folder that can be written even to read from it, and may hand out
the code of other argument types when two processes write at once. Here a file carries a checksum and names what it is
the code of; whatever is not exactly right counts as absent, and the function is compiled again.

A process that compiles holds a lock beside the file; another that needs the same code waits for it and loads it. A
caller is locked before what it calls, so two processes never wait for each other. Where no lock is to be had (a folder
that cannot be written, a file system without locks, a process that was stopped), each process compiles for itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import pickle
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps

from drive_sim.base.locks import Lock
from drive_sim.base.notices import say_once
from drive_sim.compute.cache import CODE, cache_folder, module_folder
from drive_sim.compute.cache_upkeep import mark_used, remove_old
from drive_sim.compute.dependencies import file_digest, named_tuples, reached_modules, sources_digest

PATIENCE = 180.0
"""The longest wait for code that another process compiles [s]."""
_HINT = "set DRIVE_SIM_CACHE to a folder that can be written"


def keep_on_disk(dispatcher: Any) -> Any:
    """Let a compiled function, a Numba dispatcher, keep its code in the cache folder; returns it."""
    cache = dispatcher._cache = KernelCache(dispatcher.py_func)
    dispatcher.compile = cache.releasing_locks(dispatcher.compile)
    return dispatcher


def intact(path: Path) -> bytes | None:
    """What a file of compiled code holds; None where the file is absent, cannot be read or is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    checksum, data = content[:size], content[size:]
    return data if hashlib.sha256(data).digest() == checksum else None


class KernelCache(_Cache):
    """Numba's interface to a disk cache, for one function.

    Parameters
    ----------
    function
        The Python function that is compiled.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._enabled = True
        self._locks: list[Lock] = []

    @property
    def cache_path(self) -> str | None:
        """The folder, for Numba's statistics."""
        folder = cache_folder()
        return None if folder is None else str(folder)

    def enable(self) -> None:
        """Load and save from now on."""
        self._enabled = True

    def disable(self) -> None:
        """Neither load nor save from now on."""
        self._enabled = False

    def flush(self) -> None:
        """Nothing: what is kept never goes stale, because its name holds all that it depends on."""

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled function for a signature; None where it has to be compiled, locked if possible."""
        # Before anything is unpickled: the types in it need what this imports.
        target_context.refresh()
        key = self._key(signature, target_context.codegen())
        path = self._path(key)
        if path is None:
            return None
        loaded = _load(path, key, target_context)
        if loaded is None and self._lock(path):
            loaded = _load(path, key, target_context)
        return loaded

    def _lock(self, path: Path) -> bool:
        """Wait until no other process compiles the code for a file; whether none will until the lock is released."""
        lock = Lock(path.with_suffix(".lock"))
        try:
            _make(path.parent)
            locked = lock.acquire(PATIENCE)
        except OSError:
            return False
        if locked:
            self._locks.append(lock)
        return locked

    def releasing_locks(self, compile_signature: Callable[..., Any]) -> Callable[..., Any]:
        """A dispatcher's ``compile`` that releases its locks once the code is kept or cannot be compiled."""

        def compile_and_release(signature: Any) -> Any:
            # Numba's own lock, or the locks of another thread's compiling would count as those from before.
            with global_compiler_lock:
                before = len(self._locks)
                try:
                    return compile_signature(signature)
                finally:
                    while len(self._locks) > before:
                        lock = self._locks.pop()
                        lock.release()
                        # It stays where another process has it open on Windows, or has just removed the folder.
                        with contextlib.suppress(OSError):
                            lock.path.unlink()

        return compile_and_release

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function. Where that is impossible, say so once in this process and go on."""
        # Code with addresses of this process in it is of no use to another.
        if any(not loop.can_cache for loop in result.lifted) or result.library.has_dynamic_globals:
            return
        key = self._key(signature, result.codegen)
        path = self._path(key)
        if path is None:
            return
        try:
            _write(path, dumps((key, result._reduce())))
        except OSError as error:
            say_once(f"compiled kernels are not kept: {cache_folder()}: {error.strerror}; {_HINT}")

    def _key(self, signature: Any, codegen: Any) -> tuple[Any, ...]:
        code = self._function.__code__
        closure = tuple(cell.cell_contents for cell in self._function.__closure__ or ())
        bytecode = hashlib.sha256(code.co_code + (dumps(closure) if closure else b"")).hexdigest()
        source = file_digest(Path(code.co_filename)) or _text_digest(self._function)
        reached = tuple(sorted({sources_digest(*each) for each in reached_modules(self._function).items()}))
        fields = tuple(named_tuples(getattr(signature, "args", signature)))
        return signature, codegen.magic_tuple(), bytecode, source, code.co_firstlineno, reached, fields

    def _path(self, key: tuple[Any, ...]) -> Path | None:
        """Where the code for a key lies; None where it is not kept."""
        folder = module_folder(self._function.__module__, self._function.__code__.co_filename)
        if not self._enabled or key[3] is None:
            return None
        if folder is None:
            say_once(f"compiled kernels are not kept: the user has no cache folder; {_HINT}")
            return None
        digest = hashlib.sha256("\x1f".join(map(str, key)).encode()).hexdigest()[:20]
        name = self._function.__qualname__.replace("<", "").replace(">", "")[:80]
        return folder / f"{name}-{digest}{CODE}"


def _load(path: Path, key: tuple[Any, ...], target_context: Any) -> Any:
    """The compiled function in a file; None where the file is absent or not exactly the code for a key."""
    data = intact(path)
    if data is None:
        return None
    mark_used(path.parent)
    try:
        saved_key, saved = pickle.loads(data)
        return CompileResult._rebuild(target_context, *saved) if saved_key == key else None
    except Exception:  # noqa: BLE001 - of another library's making, however it fails: the function is compiled again
        return None


def _text_digest(function: Callable[..., Any]) -> str | None:
    """Hash of a function's source text, as notebooks keep it; None where it is not known."""
    try:
        return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()
    except (OSError, TypeError):
        return None


def _write(path: Path, data: bytes) -> None:
    """Write a file with its checksum at once: other processes see all of it or nothing."""
    for last in (False, True):
        _make(path.parent)
        try:
            _write_at_once(path, data)
            return
        except FileNotFoundError:
            # Another process has just removed the folder, which no process had used for long.
            if last:
                raise


def _make(folder: Path) -> None:
    """Make a module's folder where it is not there, and remove what is old beside it."""
    new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    if new:
        remove_old(folder)


def _write_at_once(path: Path, data: bytes) -> None:
    unfinished = path.with_name(f"{uuid.uuid4().hex}.unfinished")
    try:
        unfinished.write_bytes(hashlib.sha256(data).digest() + data)
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
