"""The machine that figures are taken on: its name, its cores, its versions."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

from drive_sim import __version__
from drive_sim.compute.device import SIMULATED_CUDA
from drive_sim.compute.threads import usable_cores

VERSIONS_OF = ("numpy", "numba", "gymnasium", "torch", "opencv-python-headless")
"""Distributions that figures depend on."""


def cores() -> int:
    """Threads of the figures that use all there are."""
    return usable_cores()


def thread_counts(device: str) -> list[int]:
    """What figures of loops over many worlds are measured with; a GPU needs no second thread."""
    return sorted({1, cores()}) if device == "cpu" else [1]


def machine(device: str) -> dict[str, Any]:
    """What the figures were measured on: device, processor, cores, versions."""
    processor = _processor()
    return {
        "device": processor if device == "cpu" else _gpu(),
        "kind": device,
        "processor": processor,
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"drive-sim": __version__, "python": platform.python_version(), **_versions()},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _gpu() -> str:
    if SIMULATED_CUDA:
        return "Numba's CUDA simulator"
    from numba import cuda

    name = cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


def _versions() -> dict[str, str]:
    found = {}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
