"""What is measured, in this order; a section a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drive_sim.bench.deciding import networks
from drive_sim.bench.environments import environments
from drive_sim.bench.figures import Effort, Figure
from drive_sim.bench.growth import growth, memory
from drive_sim.bench.parity import parity
from drive_sim.bench.sensing import camera, ranging
from drive_sim.bench.starting import cold_start
from drive_sim.bench.stepping import stepping
from drive_sim.bench.training import training

Section = Callable[[str, Effort], Iterator[Figure | str]]
"""``section(device, effort)``: yields figures, or a line that says why there is none."""

SECTIONS: tuple[Section, ...] = (
    stepping, environments, camera, growth, memory, ranging, networks, training, cold_start, parity,
)  # fmt: skip
