"""Long-lived tuples of arrays, passed to compiled code as one pointer.

A `NamedTuple` of forty arrays is a costly argument: Numba takes every array apart at each call from Python (0.1 µs
each), compiled functions pass it to each other by value (several hundred machine words), which also takes minutes to
compile, and as arguments of a CUDA kernel it does not fit into the 4 KiB that older drivers allow. A class marked
`lasting` is therefore laid out once per instance as a record in memory, of just the words that Numba makes of its
arrays, and compiled code gets the record's address. Kernel source does not change: ``state.speed[i]`` reads the
words of that array. But only attributes can be read from such an argument: no unpacking, no index, no return.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.extending import NativeValue, register_model, typeof_impl, unbox
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr

T = TypeVar("T", bound=type)
Move = Callable[[np.ndarray[Any, Any]], Any]


class BundleType(types.Type):
    """Numba's type of a lasting tuple: the names and types of its fields."""

    def __init__(self, class_name: str, names: tuple[str, ...], kinds: tuple[types.Type, ...]) -> None:
        self.names, self.kinds = names, kinds
        # A short name: it becomes part of the name of every function that takes one.
        digest = hashlib.sha256(repr((names, kinds)).encode()).hexdigest()[:12]
        super().__init__(name=f"{class_name}_{digest}")

    def field(self, name: str) -> tuple[int, types.Type]:
        """Offset in the record [words] and type of a field."""
        place = self.names.index(name)
        return sum(_size(kind) for kind in self.kinds[:place]), self.kinds[place]


class Bundle:
    """The record of one lasting tuple: its type, its words in memory, and their address.

    ``move`` copies the words (int64) to where the compiled code runs; None leaves them in the host's memory.
    """

    def __init__(self, values: Any, move: Move | None = None) -> None:
        self.kind = _bundle_type(values)
        words = np.array(_words(values), np.int64)
        self._words = words if move is None else move(words)
        self.address = _address(self._words)


def lasting(cls: T) -> T:
    """Class decorator for a `NamedTuple` of arrays, numbers and lasting tuples whose instances serve many calls."""
    # A subclass, because its instances have a dictionary, which those of a NamedTuple lack: the record is kept there.
    names = {
        "__doc__": cls.__doc__,
        "__module__": cls.__module__,
        # A copy has other arrays, so it must not take the record along.
        "__reduce__": lambda values: (type(values), tuple(values)),
        "lasting": True,
        "address": property(lambda values: bundle_of(values).address),
    }
    derived = type(cls.__name__, (cls,), names)
    derived.__qualname__ = cls.__qualname__
    typeof_impl.register(derived)(lambda values, context: bundle_of(values).kind)
    return cast(T, derived)


def bundle_of(argument: Any, move: Move | None = None) -> Any:
    """The argument for compiled code: the `Bundle` of a lasting tuple, anything else unchanged.

    ``move``, for code that runs on a GPU, copies the record's words there.
    """
    if not getattr(argument, "lasting", False):
        return argument
    own = argument.__dict__
    place = "record" if move is None else "moved_record"
    if place not in own:
        own[place] = Bundle(argument, move)
    return own[place]


def _bundle_type(values: Any) -> BundleType:
    kinds = []
    for name, value in zip(values._fields, values, strict=True):
        kind = numba.typeof(value)
        if isinstance(kind, types.Array) and kind.layout != "C":
            raise ValueError(f"{type(values).__name__}.{name} must be C-contiguous")
        if not isinstance(kind, types.Array | BundleType) and kind not in (types.float64, types.int64):
            raise TypeError(f"{type(values).__name__}.{name}: a lasting tuple cannot hold {kind}")
        kinds.append(kind)
    return BundleType(type(values).__name__, values._fields, tuple(kinds))


def _size(kind: types.Type) -> int:
    """Words of a field: Numba's array is (meminfo, parent, items, itemsize, data, shape..., strides...)."""
    if isinstance(kind, types.Array):
        return 5 + 2 * int(kind.ndim)
    if isinstance(kind, BundleType):
        return sum(_size(inner) for inner in kind.kinds)
    return 1


def _words(values: Any) -> list[int]:
    words: list[int] = []
    for value in values:
        if hasattr(value, "shape"):
            strides = value.strides
            words += [0, 0, value.size, value.dtype.itemsize, _address(value), *value.shape, *strides]
        elif isinstance(value, tuple):
            words += _words(value)
        elif isinstance(value, float):
            words.append(int(np.float64(value).view(np.int64)))
        else:
            words.append(int(value))
    return words


def _address(array: Any) -> int:
    interface = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
    return int(interface["data"][0])


@typeof_impl.register(Bundle)
def _typeof_bundle(bundle: Bundle, context: Any) -> BundleType:
    return bundle.kind


@register_model(BundleType)
class _BundleModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: BundleType) -> None:
        super().__init__(manager, kind, ir.IntType(64).as_pointer())


@unbox(BundleType)
def _unbox_bundle(kind: BundleType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(c.builder.bitcast(pointer, ir.IntType(64).as_pointer()))


@infer_getattr
class _BundleAttributes(AttributeTemplate):
    key = BundleType

    def generic_resolve(self, kind: BundleType, name: str) -> types.Type | None:
        return kind.field(name)[1] if name in kind.names else None


@lower_getattr_generic(BundleType)
def _read_field(context: Any, builder: Any, kind: BundleType, pointer: Any, name: str) -> Any:
    """Read the words of one field; the loads are marked invariant, because the record never changes."""
    offset, field = kind.field(name)

    def word(index: int, wanted: Any) -> Any:
        place = cgutils.gep_inbounds(builder, pointer, offset + index)
        read = builder.load(builder.bitcast(place, wanted.as_pointer()))
        read.set_metadata("invariant.load", builder.module.add_metadata([]))
        return read

    if isinstance(field, BundleType):
        return cgutils.gep_inbounds(builder, pointer, offset)
    if not isinstance(field, types.Array):
        return word(0, context.get_value_type(field))
    array = context.make_array(field)(context, builder)
    integer = context.get_value_type(types.intp)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    array.nitems, array.itemsize = word(2, integer), word(3, integer)
    array.data = word(4, array.data.type)
    shape = [word(5 + axis, integer) for axis in range(field.ndim)]
    strides = [word(5 + field.ndim + axis, integer) for axis in range(field.ndim)]
    array.shape, array.strides = cgutils.pack_array(builder, shape), cgutils.pack_array(builder, strides)
    return array._getvalue()


class BundleArguments:
    """Tells a CUDA dispatcher how a bundle is passed to a kernel: as its address."""

    @staticmethod
    def prepare_args(kind: Any, value: Any, stream: Any, retr: Any) -> tuple[Any, Any]:
        """Type and value to pass instead (Numba's protocol of extensions)."""
        return (types.uint64, value.address) if isinstance(kind, BundleType) else (kind, value)
