"""Blocks of rows of pixels in memory, read and written so that a CPU works on eight of them at once.

LLVM turns a loop over pixels into vector instructions only if it knows that what the loop writes is not what it reads.
Numba's arrays do not tell. These accessors do: each buffer of a block, and each look-up table, is a memory class of
its own (type-based alias information), which is true because they are separate memory and accessed in no other way.
On CUDA they are ordinary reads and writes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from drive_sim.sensors.camera.frame_setup import pixel_scalar

(
    RED,  # reflectance while the ground is being shaded, then radiance
    GREEN,
    BLUE,
    INVERSE_DEPTH,  # inverse depth [1/m]
    KIND,  # class + KINDS x instance
    S,  # road frame [m]
    D,
    FOOT_S,  # length of the pixel along the road [m]
    COLUMN_D,  # change of d to the next pixel, and to the row above [m]
    ROW_D,
    FLAKE,  # how easily paint wears off here
    PUDDLE,  # how wet it is here
    SHARE,  # share of the pixel under paint
    YELLOW,  # and under yellow paint
    PAVED,  # share of the pixel that is paved
    CLEAR,  # share of light that the fog lets pass
    OWNER,  # group of polygons that was laid over the pixel last
    TILED,  # how much of the pixel that group covers
    BACK_RED,  # radiance before that group was laid over it
    BACK_GREEN,
    BACK_BLUE,
    SAMPLE_ELEMENT,  # samples of the block, one entry each: element of the road, and the fields of a `Place`
    SAMPLE_S,
    SAMPLE_D,
    SAMPLE_COLUMN_S,
    SAMPLE_COLUMN_D,
    SAMPLE_ROW_S,
    SAMPLE_ROW_D,
    SAMPLE_PAVED_LEFT,
    SAMPLE_PAVED_RIGHT,
    SAMPLE_TOP_D,
    SAMPLE_BOTTOM_D,
    SAMPLE_BOTTOM_S,
    SAMPLE_CLEAR,  # share of light that the fog lets pass, and its change to the next pixel
    SAMPLE_CLEAR_RATE,
    SEGMENT_KIND,  # segments, one entry each: what they show
    SEGMENT_LOW,  # smallest and largest d that their pixels touch [m]
    SEGMENT_HIGH,
    SEGMENT_BACK,  # and s
    SEGMENT_AHEAD,
    SEGMENT_MARKS,  # which of the road's markings they may touch: 2**number of each, summed
    SEGMENT_S1,  # coefficients of s, d and clearness as cubics of the share of the way from sample to sample
    SEGMENT_S2,
    SEGMENT_S3,
    SEGMENT_D1,
    SEGMENT_D2,
    SEGMENT_D3,
    SEGMENT_CLEAR1,
    SEGMENT_CLEAR2,
    SEGMENT_CLEAR3,
) = range(50)
ROWS = 50
"""Buffers of a block; an array of them is float32 (slots, ROWS, BLOCK_ROWS x columns and some to spare)."""
BLOCK_ROWS = 8
"""Rows that are rendered together: what they need at once stays in a CPU's nearest cache."""


class Block(NamedTuple):
    """Where the rows of a block lie in the image and in the buffers."""

    row: Any  # its first
    lines: Any  # how many rows; `BLOCK_ROWS`, but for the last of an image
    columns: Any  # of the image
    pitch: Any  # entries of a buffer from one row's first pixel to the next one's
    sample_pitch: Any  # and from its first sample


def _mark(instruction: Any, builder: Any, name: str) -> None:
    """Put a read or write into memory class ``name`` (LLVM's type-based alias analysis)."""
    module = builder.module
    zero = ir.Constant(ir.IntType(64), 0)
    root = module.add_metadata([ir.MetaDataString(module, "drive_sim camera")])
    kind = module.add_metadata([ir.MetaDataString(module, name), root, zero])
    instruction.set_metadata("tbaa", module.add_metadata([kind, kind, zero]))


def _address(context: Any, builder: Any, kind: Any, array: Any, slot: Any, buffer: int, place: Any) -> Any:
    structure = context.make_array(kind)(context, builder, array)
    _, buffers, columns = cgutils.unpack_tuple(builder, structure.shape)
    if context.enable_boundscheck:
        cgutils.do_boundscheck(context, builder, place, columns, 2)
    row = builder.add(builder.mul(slot, buffers), ir.Constant(slot.type, buffer))
    return builder.gep(structure.data, [builder.add(builder.mul(row, columns), place)], inbounds=True)


@intrinsic
def read(typing, rows, slot, buffer, place):
    """``rows[slot, buffer, place]``; ``buffer`` is a constant of this module."""
    if not isinstance(buffer, types.IntegerLiteral):
        return None
    number = buffer.literal_value

    def generate(context, builder, signature, args):
        value = builder.load(_address(context, builder, signature.args[0], args[0], args[1], number, args[3]))
        _mark(value, builder, f"row {number}")
        return value

    return rows.dtype(rows, types.intp, buffer, types.intp), generate


@intrinsic
def write(typing, rows, slot, buffer, place, value):
    """``rows[slot, buffer, place] = value``; ``buffer`` is a constant of this module."""
    if not isinstance(buffer, types.IntegerLiteral):
        return None
    number = buffer.literal_value

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature.args[0], args[0], args[1], number, args[3])
        _mark(builder.store(args[4], address), builder, f"row {number}")
        return context.get_dummy_value()

    return types.void(rows, types.intp, buffer, types.intp, rows.dtype), generate


@intrinsic
def write_cubic(typing, rows, slot, buffer, place, start, coefficients):
    """Write eight entries from ``place`` on: start + c1 t + c2 t² + c3 t³ for t = 0, 1/8 ... 7/8; for CPUs only.

    A loop would do, if LLVM did not unroll so short a one before it looks for vectors.
    """
    if not isinstance(buffer, types.IntegerLiteral):
        return None
    number = buffer.literal_value

    def generate(context, builder, signature, args):
        eight = ir.VectorType(ir.FloatType(), 8)
        undefined, first = ir.Constant(eight, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), 8), [0] * 8)
        share = ir.Constant(eight, [k / 8.0 for k in range(8)])

        def all_lanes(value):
            return builder.shuffle_vector(builder.insert_element(undefined, value, first), undefined, lanes)

        c1, c2, c3 = (all_lanes(value) for value in cgutils.unpack_tuple(builder, args[5]))
        total = c3
        for term in (c2, c1, all_lanes(args[4])):
            total = builder.fadd(builder.fmul(total, share, ("fast",)), term, ("fast",))
        address = _address(context, builder, signature.args[0], args[0], args[1], number, args[3])
        _mark(builder.store(total, builder.bitcast(address, eight.as_pointer()), align=4), builder, f"row {number}")
        return context.get_dummy_value()

    cubic = types.UniTuple(rows.dtype, 3)  # type: ignore[attr-defined]
    return types.void(rows, types.intp, buffer, types.intp, rows.dtype, cubic), generate


@intrinsic
def fetch(typing, table, index):
    """Number ``index`` >= 0 of an array in C order that nothing ever writes to while an image is rendered."""

    def generate(context, builder, signature, args):
        structure = context.make_array(signature.args[0])(context, builder, args[0])
        if context.enable_boundscheck:
            cgutils.do_boundscheck(context, builder, args[1], structure.nitems, 0)
        value = builder.load(builder.gep(structure.data, [args[1]], inbounds=True))
        _mark(value, builder, "table")
        return value

    return table.dtype(table, types.intp), generate


@intrinsic
def choose(typing, condition, first, second):
    """``first if condition else second``, both worked out.

    What the compiler sees used on a condition only, it moves into a branch, reads included, and then it cannot work on
    eight pixels at once.
    """

    def generate(context, builder, signature, args):
        return builder.select(*args)

    return first(types.boolean, first, first), generate


@intrinsic
def use_wide_vectors(typing):
    """Have the function around this call work on sixteen pixels at once where the CPU can.

    LLVM does not by itself: the first CPUs with 512-bit vectors lowered their clock for them.
    """

    def generate(context, builder, signature, args):
        # llvmlite knows attributes without a value only. The function stays one of its own, or it would lose them.
        set.update(builder.function.attributes, ('"prefer-vector-width"="512"', "noinline"))
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def use_rough_roots(typing):
    """Have the function around this call take inverse roots as the CPU estimates them, to 12 bits or more."""

    def generate(context, builder, signature, args):
        set.update(builder.function.attributes, ('"reciprocal-estimates"="vec-sqrtf:0"', "noinline"))
        return context.get_dummy_value()

    return types.void(), generate


@pixel_scalar
def write_pixel(rows, slot, place, red, green, blue, inverse_depth, kind):
    """What a pixel shows: radiance, inverse depth [1/m] and class."""
    write(rows, slot, RED, place, red)
    write(rows, slot, GREEN, place, green)
    write(rows, slot, BLUE, place, blue)
    write(rows, slot, INVERSE_DEPTH, place, inverse_depth)
    write(rows, slot, KIND, place, kind)
