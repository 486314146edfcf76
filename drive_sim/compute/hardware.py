"""Names of this machine's processor and GPU."""

from __future__ import annotations

import platform
from pathlib import Path

from drive_sim.compute.device import SIMULATED_CUDA


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's model as the system calls it, or else its architecture."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, names), "") or platform.processor() or platform.machine()


def gpu_name() -> str:
    """The name of the CUDA device; there must be one."""
    if SIMULATED_CUDA:
        return "Numba's CUDA simulator"
    from numba import cuda

    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)
