"""The decorators of compiled functions, with the options that Numba gets for all of them.

Compiled code never allocates, so it needs no reference counts: without them a step of many arrays runs fifteen times
faster (each call of a scalar function would count every array of its tuples up and down, atomically). Where no option
for floating point is given, Numba takes that of the caller compiled first and keeps it on disk; so it is always given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

from drive_sim.base.errors import InputError
from drive_sim.compute.checked_code import install
from drive_sim.compute.debugging import debugging
from drive_sim.compute.kernel_cache import keep_on_disk


def compiled(fastmath: bool = False, cache: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator that compiles a function for calls from kernels and, by default, from Python.

    Parameters
    ----------
    fastmath
        Relaxed floating point; for images only.
    cache
        Whether the code is kept on disk.
    options
        Further options of `numba.njit`.

    Raises
    ------
    InputError
        ``NUMBA_DISABLE_JIT`` is set: loops over worlds and pixels would run as Python, if at all.
    """
    if numba.config.DISABLE_JIT:
        hint = "unset it; DRIVE_SIM_DEBUG=1 finds what is wrong in a kernel"
        raise InputError("NUMBA_DISABLE_JIT", "", "kernels do not run uncompiled", hint)
    if debugging():
        install()
        # Relaxed floating point assumes that no number is NaN, so NaN cannot be tested for.
        fastmath, options = False, {**options, "boundscheck": True}

    def decorate(function: Callable[..., Any]) -> Any:
        made = numba.njit(
            nogil=True, error_model="numpy", _nrt=False, fastmath=fastmath, no_cfunc_wrapper=True, **options
        )(function)
        return keep_on_disk(made) if cache else made

    return decorate


scalar = compiled()
"""Compile a function for use inside kernel bodies, on CPU and CUDA; IEEE arithmetic, so batches equal single runs."""

inner_scalar = compiled(no_cpython_wrapper=True)
"""`scalar` that only compiled code can call: it compiles in half the time where its arguments are large tuples."""

inlined_scalar = compiled(no_cpython_wrapper=True, forceinline=True)
"""`scalar` that becomes part of its caller, so that a loop around it can be vectorised."""
