"""A lasting tuple is to compiled code what it is to Python, and each has a record of its own."""

import copy
import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest

from drive_sim.compute.argument_structs import bundle_of, lasting
from drive_sim.compute.kernel import Repeated, kernel, scalar, threads
from drive_sim.world.state import empty_state


@lasting
class Inner(NamedTuple):
    weight: Any
    factor: float


@lasting
class Outer(NamedTuple):
    numbers: Any
    table: Any
    inner: Inner
    count: int


def outer(size=3):
    numbers = np.arange(size, dtype=np.float64)
    return Outer(numbers, np.zeros((size, 2), np.float32), Inner(np.arange(size, dtype=np.uint8), 0.5), 7)


@scalar
def weighed(values, i):
    return values.numbers[i] * values.inner.weight[i] * values.inner.factor + values.count


@kernel(grain=2)
def fill(i, values):
    for column in range(values.table.shape[1]):
        values.table[i, column] = weighed(values, i) + column


def test_compiled_code_reads_and_writes_the_arrays_of_a_lasting_tuple():
    values = outer()
    fill("cpu", 3, values)
    np.testing.assert_array_equal(values.table, [[7.0, 8.0], [7.5, 8.5], [9.0, 10.0]])


def test_python_can_call_a_scalar_function_with_one():
    assert weighed(outer(), 2) == 9.0


def test_a_changed_array_is_seen_and_a_replaced_one_has_another_record():
    values = outer()
    fill("cpu", 3, values)
    values.numbers[:] = 0.0
    fill("cpu", 3, values)
    np.testing.assert_array_equal(values.table[:, 0], [7.0, 7.0, 7.0])
    other = values._replace(numbers=np.full(3, 4.0), table=np.zeros((3, 2), np.float32))
    fill("cpu", 3, other)
    np.testing.assert_array_equal(other.table[:, 0], [7.0, 9.0, 11.0])
    np.testing.assert_array_equal(values.table[:, 0], [7.0, 7.0, 7.0])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda values: pickle.loads(pickle.dumps(values))])
def test_copies_write_to_arrays_of_their_own(duplicate):
    values = outer()
    fill("cpu", 3, values)
    twin = duplicate(values)
    assert type(twin) is Outer and not np.shares_memory(twin.table, values.table)
    twin.numbers[:] = 100.0
    fill("cpu", 3, twin)
    assert values.table[2, 0] == 9.0 and twin.table[2, 0] == 107.0


def test_the_record_is_made_once():
    state = empty_state(2, 3)
    assert bundle_of(state) is bundle_of(state)
    assert bundle_of(state).kind == bundle_of(empty_state(5, 1)).kind


def test_a_repeated_kernel_writes_to_the_arguments_of_each_call():
    again, first, second = Repeated(fill), outer(), outer(4)
    for values in (first, first, second, first, second, second):
        values.table[:] = 0.0
        again("cpu", len(values.numbers), values)
        np.testing.assert_array_equal(values.table[2], [9.0, 10.0])
    with threads(2):
        first.table[:] = 0.0
        again("cpu", 3, first)
        again("cpu", 3, first)
    np.testing.assert_array_equal(first.table[:, 0], [7.0, 7.5, 9.0])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda values: pickle.loads(pickle.dumps(values))])
def test_a_copy_of_a_repeated_kernel_leaves_the_original_s_arrays_alone(duplicate):
    again, values = Repeated(fill), outer()
    again("cpu", 3, values)
    again, twin = duplicate((again, values))
    values.table[:] = 0.0
    again("cpu", 3, twin)
    again("cpu", 3, twin)
    assert not values.table.any()


def test_what_compiled_code_could_not_read_is_refused():
    values = outer()
    with pytest.raises(ValueError, match=r"Outer\.table must be C-contiguous"):
        bundle_of(values._replace(table=np.zeros((2, 3), np.float32).T))
    with pytest.raises(TypeError, match="cannot hold"):
        fill("cpu", 3, values._replace(count="seven"))
