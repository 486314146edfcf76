"""What more pixels, more road users and more worlds cost, in time and in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drive_sim.bench.episodes import ACTORS, Batch
from drive_sim.bench.figures import Effort, Figure
from drive_sim.bench.hardware import thread_counts
from drive_sim.bench.sensing import frames_figure
from drive_sim.bench.stepping import step_figure
from drive_sim.compute.device import SIMULATED_CUDA, wait_for
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig


def growth(device: str, effort: Effort) -> Iterator[Figure | str]:
    """Cost against pixels, actors and worlds."""
    for height, width in effort.images:
        rig = CameraRig((CameraConfig(height=height, width=width),))
        yield frames_figure(f"pixels.{height}x{width}", f"camera {height}×{width}", device, effort, rig)
    for actors in effort.actors:
        yield step_figure(
            f"actors.{actors}",
            f"1 world, camera 66×200, {actors} actors",
            device,
            effort,
            1,
            actors=actors,
            camera=True,
        )
    for size in effort.worlds if device == "cpu" else effort.gpu_worlds:
        many = f"{size} world{'s' if size > 1 else ''}"
        yield step_figure(f"worlds.{size}", f"{many}, no sensor", device, effort, size)
        yield step_figure(
            f"worlds_camera.{size}",
            f"{many}, camera 66×200",
            device,
            effort,
            size,
            camera=True,
            threads=thread_counts(device)[-1],
        )


def memory(device: str, effort: Effort) -> Iterator[Figure | str]:
    """What a world costs beside its road and its frame."""
    simulator = Batch(0, 1, device, effort.episodes, effort.steps).simulator
    size = _bytes(simulator.world) + _bytes(simulator.state)
    yield Figure("memory.world", f"memory of a world with {ACTORS} actors", "KiB", (size / 1024.0,))
    yield leak(device, effort)


def leak(device: str, effort: Effort) -> Figure | str:
    """What the process has more after so many steps, begun anew again and again, than after the first of them."""
    batch = Batch(0, effort.batch, device, effort.episodes, effort.steps)
    rounds = max(1, effort.long_run // (effort.batch * effort.steps))
    for _ in range(2):
        batch.begin()
        batch.go_on(effort.steps)
    before = _in_use(device)
    if before is None:
        return "memory over many steps: skipped, this system does not say what a process uses"
    for _ in range(rounds):
        batch.begin()
        batch.go_on(effort.steps)
    grown = max(0.0, (_in_use(device) or 0.0) - before)
    what = f"memory grown over {rounds * effort.batch * effort.steps:,} steps"
    return Figure("memory.leak", what, "KiB", (grown,))


def _in_use(device: str) -> float | None:
    """Memory of this process, and of its arrays on a GPU [KiB]; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    used = pages * os.sysconf("SC_PAGE_SIZE")
    if device == "cuda" and not SIMULATED_CUDA:
        import torch

        wait_for(device)
        used += torch.cuda.memory_allocated()
    return used / 1024.0


def _bytes(bundle: Any) -> int:
    return sum(_bytes(item) if isinstance(item, tuple) else item.size * item.dtype.itemsize for item in bundle)
