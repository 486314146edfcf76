"""The machine that figures are taken on: its name, its cores, its versions."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

from drive_sim import __version__
from drive_sim.compute.hardware import gpu_name, processor_name
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
    processor = processor_name()
    return {
        "device": processor if device == "cpu" else gpu_name(),
        "kind": device,
        "processor": processor,
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"drive-sim": __version__, "python": platform.python_version(), **_versions()},
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
