"""Checks of kernels under ``DRIVE_SIM_DEBUG=1``: a failure names the kernel, the array or source line, and the index.

Compiled code checks indices and conversions to integers (`checked_code`). Before and after each call of a kernel, every
number in its arguments must be finite: its inputs and its results.
"""

from __future__ import annotations

import functools
import linecache
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np

from drive_sim.base.errors import InputError
from drive_sim.compute.checked_code import seen
from drive_sim.compute.device import to_host

VARIABLE = "DRIVE_SIM_DEBUG"
NUMBA = Path(numba.__file__).parent
"""Folder of Numba's own functions, such as ``int``; their source lines are not reported."""


class KernelError(Exception):
    """A kernel reads or writes beyond an array, overflows an integer, or reads or writes NaN or infinity."""


@functools.cache
def debugging() -> bool:
    """Whether kernels check themselves: ``DRIVE_SIM_DEBUG=1``, as it was when first asked.

    Raises
    ------
    InputError
        The variable is neither 0 nor 1.
    """
    value = os.environ.get(VARIABLE, "").strip()
    if value not in ("", "0", "1"):
        raise InputError(
            VARIABLE, "", f"is {value!r}", "set 1 to check kernels, 0 or nothing to run them at full speed"
        )
    return value == "1"


def check_finite(
    name: str, names: Sequence[str], arguments: Sequence[Any], infinite: Collection[str], when: str
) -> None:
    """Refuse NaN and infinity in the arguments of the kernel ``name``.

    Parameters
    ----------
    names
        What the kernel's body calls its arguments.
    infinite
        Arrays that may hold infinity, as the body names them.
    when
        Words for the error's end, such as "after the call".

    Raises
    ------
    KernelError
        Names the kernel, the array and the index.
    """
    for argument, value in zip(names, arguments, strict=True):
        for place, array in _numbers(argument, value):
            right = ~np.isnan(array) if place in infinite else np.isfinite(array)
            if not right.all():
                index = tuple(int(k) for k in np.argwhere(~right)[0])
                at = f"[{', '.join(map(str, index))}]" if index else ""
                raise KernelError(f"{name}: {place}{at} is {array[index]} {when}")


def _numbers(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The floats of an argument, arrays and single ones, each with its name in the kernel's body."""
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        for number, part in enumerate(value):
            yield from _numbers(f"{place}.{fields[number]}" if fields else f"{place}[{number}]", part)
    elif isinstance(value, float):
        yield place, np.asarray(value)
    elif hasattr(value, "dtype") and np.dtype(value.dtype).kind == "f":
        yield place, to_host(value)


def failed_check(name: str, item: int, error: IndexError | OverflowError) -> KernelError:
    """What a check in compiled code found, of the kernel ``name`` at work on ``item``."""
    if isinstance(error, IndexError):
        problem = f"index {seen.index} is out of bounds for axis {seen.axis} with size {seen.size}"
    else:
        problem = f"{seen.value:g} fits no integer of the type that it becomes"
    return KernelError(f"{name}, item {item}: {problem}{_where(error)}")


def _where(error: BaseException) -> str:
    """File, line, function and source of the innermost frame of an error; nothing where that is Numba's own."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    if Path(code.co_filename).is_relative_to(NUMBA):
        return ""
    source = linecache.getline(code.co_filename, trace.tb_lineno).strip()
    return f"\n  {code.co_filename}:{trace.tb_lineno}, in {code.co_name}: {source}"
