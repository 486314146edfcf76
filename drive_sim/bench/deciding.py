"""Networks that drive: images a second, the closed loop, how long one decision takes.

On a CPU `NeuralDriver` drives; on CUDA `ResidentDriver`, so that images, answers and commands stay on the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np

from drive_sim.bench.episodes import Batch
from drive_sim.bench.figures import Effort, Figure, measure
from drive_sim.bench.hardware import cores
from drive_sim.compute.device import wait_for
from drive_sim.compute.kernel import threads, to_device, to_host
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite


def wheel(device: str) -> Any:
    """The driver of a PilotNet that has learnt nothing, which costs no less, for worlds on ``device``."""
    import torch

    from drive_sim.drivers.neural.device_driver import ResidentDriver
    from drive_sim.drivers.neural.driver import NeuralDriver
    from drive_sim.drivers.neural.model_folder import Model
    from drive_sim.drivers.neural.networks import build_network
    from drive_sim.drivers.neural.settings import NetworkSettings

    torch.manual_seed(0)
    settings = NetworkSettings()
    model = Model(settings, CameraConfig(), build_network(settings), {}, "")
    return NeuralDriver(model, "pilotnet") if device == "cpu" else ResidentDriver(model, device)


def networks(device: str, effort: Effort) -> Iterator[Figure | str]:
    """PilotNet: images in, curvature and target speed out; and at the wheel."""
    try:
        import torch

        driver = wheel(device)
    except ModuleNotFoundError as error:
        yield f"PilotNet and the closed loop: skipped, {error.name} is not installed; pip install 'drive-sim[learn]'"
        return
    before = torch.get_num_threads()
    try:
        for size, count in ((1, 1), (effort.batch, cores())):
            torch.set_num_threads(count)
            yield _answers(driver, device, effort, size, count)
        if device == "cpu":
            yield _closed_loop(driver, device, effort, effort.batch)
        else:
            for size in effort.gpu_worlds:
                yield _closed_loop(driver, device, effort, size)
        # One image is too little work for two threads to share.
        torch.set_num_threads(1)
        with threads(1):
            yield from _latency(driver, device, effort)
    finally:
        torch.set_num_threads(before)


def _answers(driver: Any, device: str, effort: Effort, size: int, count: int) -> Figure:
    """The network alone; its images lie where it computes."""
    camera = driver.model.camera
    shape = (size, camera.height, camera.width, 3)
    images = to_device(device, np.random.default_rng(0).integers(0, 255, shape, np.uint8))

    def work() -> int:
        driver.perceive(images)
        wait_for(device)
        return size

    return measure(f"pilotnet.{size}", f"PilotNet, batch {size}", "images/s", effort, work, threads=count)


def _closed_loop(driver: Any, device: str, effort: Effort, size: int) -> Figure:
    """Physics, camera and network; the network is randomly initialised, which costs no less.

    On CUDA nothing is copied to the host: all of a round's steps are asked for before the device is waited for.
    """
    batch, suite = Batch(0, size, device, effort.episodes, effort.steps), _sensors(driver, device)
    steps = max(1, min(effort.steps // 2, effort.steps * effort.batch // size))

    def work() -> int:
        for _ in range(steps):
            batch.simulator.step(driver.act(suite.observe(batch.simulator)))
        wait_for(device)
        return steps * size

    key = "closed_loop" if device == "cpu" else f"closed_loop.{size}"
    what = f"{size} world{'s' if size > 1 else ''}: physics, camera and PilotNet"
    count = cores() if device == "cpu" else 1
    return measure(key, what, "steps/s", effort, work, batch.begin, count)


def _latency(driver: Any, device: str, effort: Effort) -> Iterator[Figure]:
    """From the camera's look to the command, one car on one thread."""
    suite = _sensors(driver, device)
    single = Batch(0, 1, device, effort.episodes, effort.steps)
    middle, slowest = [], []
    for _ in range(effort.repeats):
        single.begin()
        times = np.array([_decision(driver, suite, single.simulator, a) for a in single.actions * 5])
        middle.append(float(np.median(times)))
        slowest.append(float(np.percentile(times, 99.0)))
    yield Figure("latency.median", "camera to command, 1 world, median", "ms", tuple(middle))
    yield Figure("latency.p99", "camera to command, 1 world, 99th percentile", "ms", tuple(slowest))


def _decision(driver: Any, suite: SensorSuite, simulator: Any, action: Any) -> float:
    """Time from the camera's look to the command on the host [ms]; then the car drives on."""
    begun = perf_counter()
    to_host(driver.act(suite.observe(simulator)))
    taken = 1e3 * (perf_counter() - begun)
    simulator.step(action)
    return taken


def _sensors(driver: Any, device: str) -> SensorSuite:
    return SensorSuite(driver.sensors, CameraRig((driver.model.camera,)), device)
