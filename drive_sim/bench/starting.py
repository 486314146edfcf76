"""From nothing to the first frame."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from time import perf_counter

from drive_sim.bench.figures import Effort, Figure
from drive_sim.bench.hardware import cores

_START = (
    "import drive_sim, gymnasium; gymnasium.make('DriveSim-v0', sensors=('camera',), device={device!r}).reset(seed=0)"
)


def cold_start(device: str, effort: Effort) -> Iterator[Figure | str]:
    """A fresh interpreter to its first frame, compiled kernels being in the disk cache."""
    command = [sys.executable, "-c", _START.format(device=device)]
    taken, processor = [], []
    for number in range(effort.starts + 1):
        begun, used = perf_counter(), _children_time()
        subprocess.run(command, check=True, capture_output=True)
        # The first start fills the cache.
        if number:
            taken.append(perf_counter() - begun)
            processor.append(1e6 * (_children_time() - used))
    yield Figure("cold_start", "fresh interpreter to the first frame", "s", tuple(taken), tuple(processor), cores())


def _children_time() -> float:
    times = os.times()
    return times.children_user + times.children_system
