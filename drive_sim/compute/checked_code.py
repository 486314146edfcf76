"""Compiled code that checks itself: array indices, and numbers that become integers.

Numba checks indices on request (``boundscheck=True``), but says neither which index nor where, and it never checks
whether a float fits the integer that it becomes. `install` adds both to all that is compiled in this process from then
on, indices where ``boundscheck`` asks for them. A check that fails stores its operands in `seen`, a record
that the machine code reaches by its name (so that code from the disk cache finds it too), and raises an exception that
carries file, line and function.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.cpu import CPUContext
from numba.core.imputils import lower_cast
from numba.core.lowering import Lower

_SYMBOL = "drive_sim_failed_check"


class Seen(ctypes.Structure):
    """Operands of the check that failed last."""

    _fields_ = (
        ("index", ctypes.c_int64),
        ("size", ctypes.c_int64),
        ("axis", ctypes.c_int64),
        ("value", ctypes.c_double),
    )


seen = Seen()


@functools.cache
def install() -> None:
    """Have Numba compile the checks from now on."""
    # Of two conversions between the same types, Numba takes the one that was registered last.
    importlib.import_module("numba.cpython.numbers")
    llvmlite.binding.add_symbol(_SYMBOL, ctypes.addressof(seen))
    Lower.lower_inst = _placed(Lower.lower_inst)
    cgutils.do_boundscheck = _checked_index(cgutils.do_boundscheck)
    lower_cast(types.Float, types.Integer)(_checked_cast)


def _placed(lower_inst: Any) -> Any:
    """Numba's lowering of one instruction; the builder knows meanwhile where that instruction stands."""

    @functools.wraps(lower_inst)
    def lower(self: Any, instruction: Any) -> None:
        self.builder.place = self.loc, self.func_ir.func_id.func_name
        lower_inst(self, instruction)

    return lower


def _checked_index(original: Any) -> Any:
    """Numba's check of one index; a failure reports the index and the source line."""

    @functools.wraps(original)
    def check(context: Any, builder: Any, index: Any, size: Any, axis: Any = None) -> None:
        if not isinstance(context, CPUContext):
            original(context, builder, index, size, axis)
            return
        inside = builder.and_(builder.icmp_signed(">=", index, index.type(0)), builder.icmp_signed("<", index, size))
        word = ir.IntType(64)
        place = axis if isinstance(axis, ir.Value) else word(0 if axis is None else axis)
        fields = [builder.sext(value, word) if value.type != word else value for value in (index, size, place)]
        _raise_unless(inside, context, builder, IndexError, dict(enumerate(fields)))

    return check


def _checked_cast(context: Any, builder: Any, given: Any, wanted: Any, value: Any) -> Any:
    """Float to integer as Numba does it, where the number fits; NaN fits no integer.

    The check does not depend on ``boundscheck``, which Numba's own ``int(x)`` does not pass on.
    """
    if isinstance(context, CPUContext):
        low = -(2.0 ** (wanted.bitwidth - 1)) if wanted.signed else -1.0
        high = 2.0 ** (wanted.bitwidth - wanted.signed)
        above = builder.fcmp_ordered(">=" if wanted.signed else ">", value, value.type(low))
        fits = builder.and_(above, builder.fcmp_ordered("<", value, value.type(high)))
        double = ir.DoubleType()
        told = builder.fpext(value, double) if value.type != double else value
        _raise_unless(fits, context, builder, OverflowError, {3: told})
    convert = builder.fptosi if wanted.signed else builder.fptoui
    return convert(value, context.get_value_type(wanted))


def _raise_unless(holds: Any, context: Any, builder: Any, error: type[Exception], fields: dict[int, Any]) -> None:
    """Code that stores ``fields`` in `seen` and raises ``error``, unless the condition ``holds``."""
    with cgutils.if_unlikely(builder, builder.not_(holds)):
        record = ir.LiteralStructType([ir.IntType(64)] * 3 + [ir.DoubleType()])
        memory = builder.module.globals.get(_SYMBOL) or ir.GlobalVariable(builder.module, record, _SYMBOL)
        for number, value in fields.items():
            builder.store(value, cgutils.gep_inbounds(builder, memory, 0, number))
        where, name = getattr(builder, "place", (None, None))
        context.call_conv.return_user_exc(builder, error, ("",), loc=where, func_name=name)
