"""One scalar source for CPU and CUDA.

A ``@scalar`` function is a small piece of arithmetic on scalars and on tuples of arrays. A ``@kernel`` body
computes one item (a world, an actor, a pixel) and calls scalar functions; the `Kernel` made of it runs the body
for every item, in a compiled CPU loop (spread over threads when that pays) or as a CUDA kernel with a thread an item.

Rules for kernel arguments: scalars, and `NamedTuple`s or tuples of arrays; no bare arrays (Numba's CUDA simulator
wraps a bare array in a type that compiled functions refuse). Bodies write their results into arrays. A tuple
that serves many calls is marked `drive_sim.bundle.lasting`, and reaches the body as one pointer. ``min`` and ``max``
take two arguments, which is what the CUDA target has them for.

The disk cache of compiled code watches only a function's own file, so a changed callee in another module would go
unnoticed; the cache folder is therefore named after a hash of every source file of this package, of Numba's
version and of the CPU.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from operator import is_
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config as numba_config

from drive_sim.bundle import BundleArguments, bundle_of
from drive_sim.errors import InputError
from drive_sim.machine_code import WholeKernel


def _cache_root() -> Path:
    configured = os.environ.get("DRIVE_SIM_CACHE")
    if configured:
        return Path(configured)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "drive_sim"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "drive_sim"


def _source_hash() -> str:
    digest = hashlib.sha256()
    package = Path(__file__).parent
    # Whatever compiled code can call or take a constant from; the rest may change without compiling anew.
    paths = [package / f"{name}.py" for name in ("bundle", "geometry", "kernel", "machine_code", "randomness")]
    for folder in ("world", "sensors", "drivers"):
        paths += sorted((package / folder).glob("*.py"))
    for path in paths:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    digest.update(f"{numba.__version__} {np.__version__} {sys.version}".encode())
    digest.update((numba_config.CPU_NAME or _cpu_name()).encode())
    return digest.hexdigest()[:16]


def _cpu_name() -> str:
    import llvmlite.binding as llvm

    return str(llvm.get_host_cpu_name())


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba_config.CACHE_DIR = str(_cache_root() / "numba" / _source_hash())

SIMULATED_CUDA = bool(numba_config.ENABLE_CUDASIM)
"""Whether Numba's CUDA simulator stands in for a GPU (``NUMBA_ENABLE_CUDASIM=1``)."""

CUDA_BLOCK = 128

# Compiled code never allocates, so it needs no reference counts: without them a step of many arrays runs fifteen
# times faster (each call of a scalar function would count every array of its tuples up and down, atomically).
# What is not said about floating point, Numba takes from whichever caller is compiled first, and keeps on disk.
scalar = numba.njit(nogil=True, error_model="numpy", _nrt=False, fastmath=False, no_cfunc_wrapper=True, cache=True)
"""Compile a function for use inside kernel bodies, on CPU and CUDA; IEEE arithmetic, so batches equal single runs."""

inner_scalar = numba.njit(
    nogil=True, error_model="numpy", _nrt=False, fastmath=False, no_cpython_wrapper=True, no_cfunc_wrapper=True,
    cache=True,
)  # fmt: skip
"""`scalar` that only compiled code can call: it compiles in half the time where its arguments are large tuples."""

inlined_scalar = numba.njit(
    nogil=True, error_model="numpy", _nrt=False, fastmath=False, forceinline=True, no_cpython_wrapper=True,
    no_cfunc_wrapper=True, cache=True,
)  # fmt: skip
"""`scalar` that becomes part of its caller, so that a loop around it can be vectorised."""

fast_scalar = numba.njit(nogil=True, error_model="numpy", _nrt=False, fastmath=True, no_cfunc_wrapper=True, cache=True)
"""`scalar` with relaxed floating point, for pictures only: never where a state is advanced."""

KERNELS: dict[str, Kernel] = {}
"""Every kernel by qualified name, so that a test can compile each of them for a GPU."""


def _extreme(first: Any, second: Any, smaller: bool) -> Callable[[Any, Any], Any] | None:
    if not all(isinstance(kind, numba.types.Number | numba.types.Boolean) for kind in (first, second)):
        return None
    if smaller:
        return lambda first, second: second if second < first else first
    return lambda first, second: second if second > first else first


# Numba's own min and max take any number of arguments, which its CUDA target cannot compile. (No annotations here:
# Numba wants the signature of an overload to be exactly that of what it returns.)
@numba.extending.overload(min, target="cuda")
def _cuda_min(first, second):  # type: ignore[no-untyped-def]
    return _extreme(first, second, smaller=True)


@numba.extending.overload(max, target="cuda")
def _cuda_max(first, second):  # type: ignore[no-untyped-def]
    return _extreme(first, second, smaller=False)


def _loop_template(count: int) -> Callable[..., None]:
    """A loop over items for a body of ``count`` further arguments, each by name: Numba packs ``*args`` slowly."""
    names = ", ".join(f"argument_{number}" for number in range(count))
    scope: dict[str, Callable[..., None]] = {}
    exec(f"def loop(start, stop, {names}):\n    for item in range(start, stop):\n        BODY(item, {names})\n", scope)
    return scope["loop"]


def _cuda_template(count, args):  # type: ignore[no-untyped-def]
    item = cuda.grid(1)  # type: ignore[name-defined]  # noqa: F821
    if item < count:
        BODY(item, *args)  # type: ignore[name-defined]  # noqa: F821


def _rebuild(template: Callable[..., None], like: Callable[..., None], names: dict[str, Any]) -> Callable[..., None]:
    """The template with its own globals, under the name, file and line of ``like``: only so does the disk cache hit."""
    code = template.__code__.replace(
        co_filename=like.__code__.co_filename,
        co_firstlineno=like.__code__.co_firstlineno,
        co_name=like.__name__,
        co_qualname=like.__qualname__,
    )
    function = types.FunctionType(code, {"__builtins__": __builtins__, "range": range, **names}, like.__name__)
    function.__module__, function.__qualname__ = like.__module__, like.__qualname__
    return function


class _Pool:
    """Threads for CPU loops, made on first use; compiled loops release the GIL."""

    def __init__(self) -> None:
        self.threads = max(1, int(os.environ.get("DRIVE_SIM_THREADS", "0")) or (os.cpu_count() or 1))
        self._executor: ThreadPoolExecutor | None = None
        self._pid = 0

    def executor(self) -> ThreadPoolExecutor:
        # A forked child inherits the object but not its threads.
        if self._executor is None or self._pid != os.getpid():
            self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix="drive_sim")
            self._pid = os.getpid()
        return self._executor


_POOL = _Pool()


def set_threads(count: int) -> None:
    """Use ``count`` threads for CPU loops from now on (also settable as ``DRIVE_SIM_THREADS``)."""
    if count < 1:
        raise ValueError(f"threads must be at least 1, not {count}")
    _POOL.threads = count
    _POOL._executor = None


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use ``count`` threads for CPU loops inside a ``with`` block."""
    before = _POOL.threads
    set_threads(count)
    try:
        yield
    finally:
        set_threads(before)


def loop_threads() -> ThreadPoolExecutor:
    """The threads of CPU loops, for other work that releases the GIL; that work must not run a `Kernel`."""
    return _POOL.executor()


class Kernel:
    """A body run for every item: ``kernel(device, count, *args)``.

    Parameters
    ----------
    body
        ``body(item, *args)``, written in the part of Python that Numba compiles for CPU and CUDA alike.
    grain
        Items below which a CPU loop is not worth a second thread.
    fastmath
        Relaxed floating point in the body itself; for pictures only.
    """

    def __init__(self, body: Callable[..., None], grain: int, fastmath: bool) -> None:
        self.__doc__, self.__name__, self.__module__ = body.__doc__, body.__name__, body.__module__
        self.grain = grain
        self._source = body
        # Entries from Python and C cost compile time that grows with the arguments; only the simulator calls a body.
        entries = {"no_cpython_wrapper": not SIMULATED_CUDA, "no_cfunc_wrapper": True}
        self._body = numba.njit(nogil=True, error_model="numpy", _nrt=False, fastmath=fastmath, **entries)(body)
        template = _loop_template(len(inspect.signature(body).parameters) - 1)
        loop = _rebuild(template, body, {"BODY": self._body})
        self._loop = numba.njit(
            nogil=True, error_model="numpy", _nrt=False, fastmath=fastmath, no_cfunc_wrapper=True, cache=True,
            pipeline_class=WholeKernel,
        )(loop)  # fmt: skip
        self._cuda: Any = None
        KERNELS[f"{body.__module__}.{body.__qualname__}"] = self

    def __call__(self, device: str, count: int, *arguments: Any) -> None:
        move = _to_gpu if device == "cuda" and not SIMULATED_CUDA else None
        args = tuple([bundle_of(argument, move) for argument in arguments])
        if device == "cuda":
            self._launch(count, args)
        elif device == "cpu":
            self._run(count, args)
        else:
            raise ValueError(f"device must be 'cpu' or 'cuda', not {device!r}")

    def __reduce__(self) -> str:
        # Copies and pickles are this one: a kernel is a function.
        return self.__name__

    def _run(self, count: int, args: tuple[Any, ...]) -> None:
        # Compile in one thread before several ask for it.
        if not self._loop.signatures:
            self._loop(0, 0, *args)
        self.spread(self._loop, count, args)

    def spread(self, loop: Callable[..., None], count: int, args: tuple[Any, ...]) -> None:
        """Call ``loop(start, stop, *args)`` for all items, on as many threads as they are worth."""
        threads = min(_POOL.threads, count // self.grain)
        if threads <= 1:
            loop(0, count, *args)
            return
        edges = [count * part // threads for part in range(threads + 1)]
        futures = [_POOL.executor().submit(loop, start, stop, *args) for start, stop in pairwise(edges[1:])]
        loop(edges[0], edges[1], *args)
        for future in futures:
            future.result()

    def compiled_for(self, args: tuple[Any, ...]) -> Callable[..., None]:
        """The compiled CPU loop for arguments of these types: ``loop(start, stop, *args)``, which checks no type."""
        integers = (numba.types.int64, numba.types.int64)
        entry: Callable[..., None] = self._loop.compile((*integers, *(numba.typeof(argument) for argument in args)))
        return entry

    def _launch(self, count: int, args: tuple[Any, ...]) -> None:
        if count:
            blocks = (count + CUDA_BLOCK - 1) // CUDA_BLOCK
            self.cuda_kernel[blocks, CUDA_BLOCK](count, args)

    @property
    def cuda_kernel(self) -> Any:
        """The CUDA kernel of this body, made on first use."""
        if self._cuda is None:
            from numba import cuda

            options = {} if SIMULATED_CUDA else {"extensions": [BundleArguments]}
            self._cuda = cuda.jit(self.cuda_entry(), **options)
        return self._cuda

    def cuda_entry(self) -> Callable[..., None]:
        """The Python function that the CUDA kernel is compiled from: ``entry(count, args)``, ``args`` one tuple.

        One tuple, because Numba's CUDA launcher does not gather ``*args``.
        """
        from numba import cuda

        return _rebuild(_cuda_template, self._source, {"BODY": self._body, "cuda": cuda})


class Repeated:
    """A kernel for a caller whose arguments seldom change: called as the kernel is, it starts in a tenth of the time.

    A call finds out where the records of lasting tuples lie, of what types the arguments are and which compiled code
    fits them: 5 µs, more than a small kernel runs. Here that is remembered for as long as each argument is the very
    object that it was the time before; so results go into arrays that stay. Each caller has one of its own; it keeps
    its last arguments alive.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._shareable = 2 * kernel.grain
        # Arguments of the last call, the same as compiled code takes them, and that code: one tuple, so that a thread
        # which calls meanwhile finds all three of the same call.
        self._last: tuple[tuple[Any, ...], tuple[Any, ...], Callable[..., None]] | None = None

    def __call__(self, device: str, count: int, *arguments: Any) -> None:
        last = self._last
        if last is not None and device == "cpu" and all(map(is_, arguments, last[0])):
            _, args, loop = last
            if count < self._shareable:
                loop(0, count, *args)
            else:
                self._kernel.spread(loop, count, args)
            return
        self._kernel(device, count, *arguments)
        if device == "cpu":
            args = tuple([bundle_of(argument) for argument in arguments])
            self._last = arguments, args, self._kernel.compiled_for(args)

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy's arguments are copies too: none of what is remembered here holds for them.
        return Repeated, (self._kernel,)


def kernel(grain: int = 16, fastmath: bool = False) -> Callable[[Callable[..., None]], Kernel]:
    """Make a `Kernel` of the body that follows: ``@kernel(grain=4)``."""
    return lambda body: Kernel(body, grain, fastmath)


def cuda_available() -> bool:
    """Whether kernels can be launched with ``device="cuda"`` here (a GPU, or Numba's simulator)."""
    from numba import cuda

    try:
        return bool(cuda.is_available())
    except Exception:  # a broken driver raises what it likes; for us it means "no"
        return False


def allocate(device: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """A zeroed array on ``device``: NumPy on the CPU (and the simulator), a Numba view of a torch tensor on CUDA."""
    if device == "cpu" or SIMULATED_CUDA:
        return np.zeros(shape, dtype)
    import torch
    from numba import cuda

    return cuda.as_cuda_array(torch.from_numpy(np.zeros(shape, dtype)).to("cuda"))


def to_device(device: str, array: np.ndarray[Any, Any]) -> Any:
    """A copy of a NumPy array on ``device``; C-contiguous."""
    if device == "cpu" or SIMULATED_CUDA:
        return np.array(array, order="C", copy=True)
    import torch
    from numba import cuda

    return cuda.as_cuda_array(torch.from_numpy(np.array(array, order="C", copy=True)).to("cuda"))


def _to_gpu(array: np.ndarray[Any, Any]) -> Any:
    return to_device("cuda", array)


def duplicate(array: Any) -> Any:
    """A copy of an array, on the device where it is."""
    if isinstance(array, np.ndarray):
        return array.copy()
    import torch
    from numba import cuda

    return cuda.as_cuda_array(torch.as_tensor(array, device="cuda").clone())


def to_host(array: Any) -> np.ndarray[Any, Any]:
    """The array as NumPy: itself where it already is, a copy from a GPU."""
    return array if isinstance(array, np.ndarray) else array.copy_to_host()


def resolve_device(device: str) -> str:
    """ "cpu" or "cuda" for "cpu", "cuda" or "auto"; InputError if what was asked for is not here."""
    if device not in ("auto", "cpu", "cuda"):
        raise InputError("--device", "", f"there is no device {device!r}", "give auto, cpu or cuda")
    if device == "cpu":
        return device
    usable = cuda_available() and (SIMULATED_CUDA or _torch_has_cuda())
    if device == "cuda" and not usable:
        raise InputError(
            "--device", "", "there is no usable CUDA device here", "give auto or cpu; see drive-sim doctor"
        )
    # The simulator is for tests: far slower than the CPU, so never chosen unasked.
    return "cuda" if usable and (device == "cuda" or not SIMULATED_CUDA) else "cpu"


def _torch_has_cuda() -> bool:
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())
