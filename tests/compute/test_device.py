"""Arrays lie where they are asked for, and networks and kernels see the same memory."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.compute.device import as_array, as_tensor, duplicate, torch_device, zeros

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("kind", [np.uint8, np.uint32, np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 5), ()])
def test_what_is_made_on_a_device_is_what_numpy_makes(kind, shape):
    made = as_array(zeros(shape, kind, "cpu"))
    np.testing.assert_array_equal(made, np.zeros(shape, kind), strict=True)


def test_a_tensor_and_an_array_are_the_same_memory():
    array = np.zeros((2, 3), np.float32)
    as_tensor(array)[1, 2] = 7.0
    assert array[1, 2] == 7.0
    as_array(as_tensor(array))[0, 0] = 5.0
    assert array[0, 0] == 5.0


def test_a_duplicate_is_memory_of_its_own():
    array = np.zeros(3)
    duplicate(array)[0] = 1.0
    assert array[0] == 0.0


def test_without_a_gpu_torch_computes_on_the_host():
    assert torch_device("cpu") == "cpu"
