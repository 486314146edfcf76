"""Arrays on the CPU or a GPU: allocation, copies, and memory shared with torch.

On CUDA an array is a Numba view of a torch tensor's memory, so that kernels and networks work on the same bytes
without a copy. Under Numba's CUDA simulator both are the host's memory.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba.core import config as numba_config

from drive_sim.base.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

SIMULATED_CUDA = bool(numba_config.ENABLE_CUDASIM)
"""Whether Numba's CUDA simulator stands in for a GPU (``NUMBA_ENABLE_CUDASIM=1``)."""


def cuda_available() -> bool:
    """Whether kernels can be launched with ``device="cuda"`` here (a GPU, or Numba's simulator)."""
    from numba import cuda

    try:
        return bool(cuda.is_available())
    except Exception:  # noqa: BLE001 - a broken driver may raise anything; the GPU is then not usable
        return False


def resolve_device(device: str) -> str:
    """Name the device, "cpu" or "cuda", that "cpu", "cuda" or "auto" asks for; InputError if it is not available."""
    if device not in ("auto", "cpu", "cuda"):
        raise InputError("--device", "", f"there is no device {device!r}", "give auto, cpu or cuda")
    if device == "cpu":
        return device
    usable = cuda_available() and (SIMULATED_CUDA or _torch_has_cuda())
    if device == "cuda" and not usable:
        raise InputError(
            "--device", "", "there is no usable CUDA device here", "give auto or cpu; see drive-sim doctor"
        )
    # The simulator is for tests and far slower than the CPU, so "auto" never chooses it.
    return "cuda" if usable and (device == "cuda" or not SIMULATED_CUDA) else "cpu"


def _torch_has_cuda() -> bool:
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())


def wait_for(device: str) -> None:
    """Wait until the device has finished all queued work."""
    if device == "cuda" and not SIMULATED_CUDA:
        import torch

        torch.cuda.synchronize()


def torch_device(device: str) -> str:
    """The torch device for tensors that kernels on ``device`` share: the host under the simulator."""
    return "cpu" if SIMULATED_CUDA else device


def allocate(device: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """A zeroed array on ``device``: NumPy on the CPU (and the simulator), a Numba view of a torch tensor on CUDA."""
    if device == "cpu" or SIMULATED_CUDA:
        return np.zeros(shape, dtype)
    from numba import cuda

    return cuda.as_cuda_array(zeros(shape, dtype, "cuda"))


def zeros(shape: tuple[int, ...], dtype: Any, where: str) -> Tensor:
    """A zeroed tensor of a NumPy type, allocated on the device itself: nothing is copied there."""
    import torch

    kind = np.dtype(dtype)
    # As bytes, because torch cannot fill every unsigned type.
    flat = torch.zeros(math.prod(shape) * kind.itemsize, dtype=torch.uint8, device=where)
    return flat.view(torch.from_numpy(np.empty(0, kind)).dtype).reshape(shape)


def to_device(device: str, array: np.ndarray[Any, Any]) -> Any:
    """A copy of a NumPy array on ``device``; C-contiguous."""
    if device == "cpu" or SIMULATED_CUDA:
        return np.array(array, order="C", copy=True)
    import torch
    from numba import cuda

    return cuda.as_cuda_array(torch.from_numpy(np.array(array, order="C", copy=True)).to("cuda"))


def to_gpu(array: np.ndarray[Any, Any]) -> Any:
    """A copy of a NumPy array on the GPU."""
    return to_device("cuda", array)


def duplicate(array: Any) -> Any:
    """A copy of an array, on the device where it is."""
    if isinstance(array, np.ndarray):
        return array.copy()
    from numba import cuda

    return cuda.as_cuda_array(as_tensor(array).clone())


def to_host(array: Any) -> np.ndarray[Any, Any]:
    """The array as NumPy: itself where it already is, a copy from a GPU."""
    return array if isinstance(array, np.ndarray) else array.copy_to_host()


def as_tensor(array: Any) -> Tensor:
    """The same memory as a torch tensor."""
    import torch

    return torch.from_numpy(array) if isinstance(array, np.ndarray) else torch.as_tensor(array, device="cuda")


def as_array(tensor: Tensor) -> Any:
    """The same memory as kernels take it: NumPy on the host, a Numba view on a GPU."""
    if tensor.device.type == "cpu":
        return tensor.numpy()
    from numba import cuda

    return cuda.as_cuda_array(tensor)
