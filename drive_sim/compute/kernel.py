"""Kernels for CPU and CUDA from one scalar source.

A ``@scalar`` function is a small piece of arithmetic on scalars and on tuples of arrays. A ``@kernel`` body
computes one item (a world, an actor, a pixel) and calls scalar functions; the `Kernel` made of it runs the body for
every item, in a compiled CPU loop (spread over threads when that pays) or as a CUDA kernel with one thread per item.

Rules for kernel arguments: scalars, and `NamedTuple`s or tuples of arrays; no bare arrays (Numba's CUDA simulator
wraps a bare array in a type that compiled functions refuse). Bodies write their results into arrays. A tuple
that serves many calls is marked `drive_sim.compute.argument_structs.lasting`, and reaches the body as one pointer.
``min`` and ``max`` take two arguments: the CUDA target compiles no other form.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from itertools import pairwise
from operator import is_
from typing import Any

import numba

from drive_sim.compute.argument_structs import BundleArguments, bundle_of
from drive_sim.compute.compiling import compiled, inlined_scalar, inner_scalar, scalar
from drive_sim.compute.debugging import check_finite, debugging, failed_check
from drive_sim.compute.device import (
    SIMULATED_CUDA,
    allocate,
    cuda_available,
    duplicate,
    resolve_device,
    to_device,
    to_gpu,
    to_host,
)
from drive_sim.compute.machine_code import WholeKernel
from drive_sim.compute.threads import loop_threads, set_threads, thread_count, threads

# Modules with kernels need arrays and threads too: all are exported here.
__all__ = [
    "KERNELS", "SIMULATED_CUDA", "Kernel", "Repeated", "allocate", "cuda_available", "duplicate",
    "inlined_scalar", "inner_scalar", "kernel", "loop_threads", "resolve_device", "scalar", "set_threads", "threads",
    "to_device", "to_host",
]  # fmt: skip


CUDA_BLOCK = 128

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


class Kernel:
    """A body run for every item: ``kernel(device, count, *args)``.

    Parameters
    ----------
    body
        ``body(item, *args)``, written in the part of Python that Numba compiles for CPU and CUDA alike.
    grain
        Items that a thread must have to itself for a CPU loop to be shared: what takes about 0.2 ms. Handing a part
        to another thread and waiting for it takes 0.1 ms.
    fastmath
        Relaxed floating point in the body itself; for images only.
    infinite
        Arrays in which infinity has a meaning, as the body names them (``"memory.echoes"``); NaN has none anywhere.
    """

    def __init__(self, body: Callable[..., None], grain: int, fastmath: bool, infinite: tuple[str, ...] = ()) -> None:
        self.__doc__, self.__name__, self.__module__ = body.__doc__, body.__name__, body.__module__
        self.grain, self.infinite = grain, infinite
        self._source = body
        # Entries from Python and C cost compile time that grows with the arguments; only the simulator calls a body.
        self._body = compiled(fastmath, cache=False, no_cpython_wrapper=not SIMULATED_CUDA)(body)
        template = _loop_template(len(inspect.signature(body).parameters) - 1)
        loop = _rebuild(template, body, {"BODY": self._body})
        self._loop = compiled(fastmath, pipeline_class=WholeKernel)(loop)
        self._cuda: Any = None
        self.name = f"{body.__module__}.{body.__qualname__}"
        KERNELS[self.name] = self

    def __call__(self, device: str, count: int, *arguments: Any) -> None:
        """Run the body for the items 0 to ``count`` on "cpu" or "cuda"."""
        move = to_gpu if device == "cuda" and not SIMULATED_CUDA else None
        args = tuple([bundle_of(argument, move) for argument in arguments])
        if device == "cuda":
            self._launch(count, args)
        elif device == "cpu":
            self._run(count, args)
        else:
            raise ValueError(f"device must be 'cpu' or 'cuda', not {device!r}")

    def __reduce__(self) -> str:
        # A copy or pickle is the kernel itself, as with a function.
        return self.__name__

    def _run(self, count: int, args: tuple[Any, ...]) -> None:
        # Compile in one thread before several threads call it.
        if not self._loop.signatures:
            self._loop(0, 0, *args)
        self.spread(self._loop, count, args)

    def spread(self, loop: Callable[..., None], count: int, args: tuple[Any, ...]) -> None:
        """Call ``loop(start, stop, *args)`` for all items, on as many threads as have `grain` items each."""
        parts = min(thread_count(), count // self.grain)
        if parts <= 1:
            loop(0, count, *args)
            return
        edges = [count * part // parts for part in range(parts + 1)]
        futures = [loop_threads().submit(loop, start, stop, *args) for start, stop in pairwise(edges[1:])]
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


class CheckedKernel(Kernel):
    """A kernel under ``DRIVE_SIM_DEBUG=1``: on one thread, item by item, its arguments checked before and after."""

    def __call__(self, device: str, count: int, *arguments: Any) -> None:
        """Run the body as a `Kernel` does; `drive_sim.compute.debugging.KernelError` if something is wrong."""
        names = list(inspect.signature(self._source).parameters)[1:]
        check_finite(self.name, names, arguments, self.infinite, "before the call")
        super().__call__(device, count, *arguments)
        check_finite(self.name, names, arguments, self.infinite, "after the call")

    def spread(self, loop: Callable[..., None], count: int, args: tuple[Any, ...]) -> None:
        """Call ``loop(item, item + 1, *args)`` for each item, so that the one that fails is known."""
        for item in range(count):
            try:
                loop(item, item + 1, *args)
            except (IndexError, OverflowError) as error:
                raise failed_check(self.name, item, error) from error


class Repeated:
    """A kernel for a caller whose arguments seldom change: called as the kernel is, it starts in a tenth of the time.

    A call finds out where the records of lasting tuples lie, of what types the arguments are and which compiled code
    fits them: 5 µs, longer than a small kernel runs. Here that is remembered for as long as each argument is the very
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
        """Run the kernel for the items 0 to ``count`` on "cpu" or "cuda"."""
        last = self._last
        if last is not None and device == "cpu" and all(map(is_, arguments, last[0])):
            _, args, loop = last
            if count < self._shareable:
                loop(0, count, *args)
            else:
                self._kernel.spread(loop, count, args)
            return
        self._kernel(device, count, *arguments)
        # Kernels that check their arguments do so at each call.
        if device == "cpu" and not isinstance(self._kernel, CheckedKernel):
            args = tuple([bundle_of(argument) for argument in arguments])
            self._last = arguments, args, self._kernel.compiled_for(args)

    def __reduce__(self) -> tuple[Any, ...]:
        # The arguments of a copy are copies too, so a copy remembers nothing.
        return Repeated, (self._kernel,)


def kernel(
    grain: int = 16, fastmath: bool = False, infinite: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Kernel]:
    """Make a `Kernel` of the body that follows: ``@kernel(grain=4)``."""
    make = CheckedKernel if debugging() else Kernel
    return lambda body: make(body, grain, fastmath, infinite)
