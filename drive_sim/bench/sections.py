"""What is measured: stepping, environments, cameras, other sensors, networks, the closed loop, the cold start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import gymnasium
import numpy as np

from drive_sim import kernel
from drive_sim.bench.drives import ACTORS, Batch, drives, expert_actions
from drive_sim.bench.figures import Effort, Figure, measure
from drive_sim.kernel import threads
from drive_sim.sensors.camera import CameraConfig, CameraRig
from drive_sim.sensors.observation import SENSOR_NAMES, SensorSuite
from drive_sim.world.scenario_files import weather_domains

Section = Callable[[str, Effort], Iterator[Figure | str]]
"""``section(device, effort)``: yields figures, or a line that says why there is none."""


def cores() -> int:
    """Threads of the figures that use all there are."""
    return os.cpu_count() or 1


def thread_counts(device: str) -> list[int]:
    """What figures of loops over many worlds are measured with; a GPU needs no second thread."""
    return sorted({1, cores()}) if device == "cpu" else [1]


def wait(device: str) -> None:
    """Wait until the device has done all that was asked of it."""
    if device == "cuda" and not kernel.SIMULATED_CUDA:
        from numba import cuda

        cuda.synchronize()


def batches(
    device: str, effort: Effort, size: int, actors: int = ACTORS, weather: str = "dry"
) -> tuple[list[Batch], int]:
    """Batches of ``size`` worlds that together go over all drives, and how many steps of each to measure."""
    groups = max(1, effort.drives // size)
    made = [Batch(group * size, size, device, effort.drives, effort.steps, actors, weather) for group in range(groups)]
    # Many worlds need fewer steps to fill the time.
    return made, max(1, min(effort.steps, effort.steps * effort.batch // size))


def stepped(
    device: str, effort: Effort, size: int, actors: int, camera: bool
) -> tuple[Callable[[], int], Callable[[], None]]:
    """Work and preparation: every world steps, and its camera looks."""
    made, steps = batches(device, effort, size, actors)
    suite = SensorSuite(("camera",), device=device) if camera else None

    def prepare() -> None:
        for batch in made:
            batch.begin()

    def work() -> int:
        for batch in made:
            for action in batch.actions[:steps]:
                batch.simulator.step(action)
                if suite is not None:
                    suite.observe(batch.simulator)
        wait(device)
        return len(made) * steps * size

    return work, prepare


def step_figure(key: str, what: str, device: str, effort: Effort, size: int, **options: Any) -> Figure:
    """Steps a second of ``size`` worlds; ``options``: actors, camera, threads."""
    count = options.pop("threads", 1)
    work, prepare = stepped(device, effort, size, options.get("actors", ACTORS), options.get("camera", False))
    with threads(count):
        return measure(key, what, "steps/s", effort, work, prepare, count)


def stepping(device: str, effort: Effort) -> Iterator[Figure | str]:
    """The simulator alone."""
    yield step_figure("step.1", f"1 world, {ACTORS} actors, no sensor", device, effort, 1)
    for count in thread_counts(device):
        yield step_figure(
            f"step.{effort.batch}.threads_{count}", f"{effort.batch} worlds, {ACTORS} actors, no sensor", device,
            effort, effort.batch, threads=count,
        )  # fmt: skip


def environment_work(environment: Any, effort: Effort) -> tuple[Callable[[], int], Callable[[], None]]:
    """Work and preparation: one drive of an environment, another each time; resets are not timed."""
    actions = expert_actions(effort.drives, effort.steps)
    drive = [-1]

    def prepare() -> None:
        drive[0] = (drive[0] + 1) % effort.drives
        environment.reset(seed=0, options={"episode": drive[0]})

    def work() -> int:
        for action in actions[:, drive[0]]:
            environment.step(action)
        return effort.steps

    return work, prepare


def vector_work(environment: Any, effort: Effort) -> tuple[Callable[[], int], Callable[[], None]]:
    """Work and preparation: the drives side by side in a batched environment, from the start each time."""
    count = environment.num_envs
    numbers = np.arange(count) % effort.drives
    environment.reset(seed=0)
    for number in set(numbers.tolist()):
        environment.reset(options={"episode": number, "reset_mask": numbers == number})
    actions = list(expert_actions(effort.drives, effort.steps)[:, numbers])

    def prepare() -> None:
        environment.unwrapped.simulator.reset()

    def work() -> int:
        for action in actions:
            environment.step(action)
        return len(actions) * count

    return work, prepare


def environments(device: str, effort: Effort) -> Iterator[Figure | str]:
    """Through Gymnasium, with the checks and copies that it implies."""
    for key, what, sensors in (
        ("env", "env.step, odometry alone", ("odometry",)),
        ("env.camera", "env.step, camera 66×200", ("camera",)),
        ("env.all", "env.step, all sensors", SENSOR_NAMES),
    ):
        environment = gymnasium.make(
            "DriveSim-v0", scenario=drives(), sensors=sensors, on_failure="put_back", device=device
        )
        work, prepare = environment_work(environment, effort)
        with threads(1):
            figure = measure(key, f"{what}, {ACTORS} actors", "steps/s", effort, work, prepare)
        environment.close()
        if key == "env.camera":
            single = figure
        yield figure
    options: dict[str, Any] = {"scenario": drives(), "sensors": ("odometry",), "device": device}
    together = gymnasium.make_vec("DriveSim-v0", num_envs=effort.batch, on_failure="put_back", **options)
    work, prepare = vector_work(together, effort)
    for count in thread_counts(device):
        what = f"make_vec, {effort.batch} worlds, odometry alone, {ACTORS} actors"
        with threads(count):
            yield measure(f"env.{effort.batch}.threads_{count}", what, "steps/s", effort, work, prepare, count)
    together.close()
    for count in thread_counts(device):
        what = f"{effort.batch} worlds, camera 66×200, {ACTORS} actors"
        key = f"step_camera.{effort.batch}.threads_{count}"
        batched = step_figure(key, what, device, effort, effort.batch, camera=True, threads=count)
        yield batched
    gain = tuple(alone / together for alone, together in zip(single.processor, batched.processor, strict=True))
    yield Figure("ratio.batched_per_core", "the same per core, against env.step with camera", "×", gain, (), count)


def frames_figure(
    key: str,
    what: str,
    device: str,
    effort: Effort,
    rig: CameraRig,
    weather: str = "dry",
    count: int = 1,
    **options: Any,
) -> Figure:
    """Frames a second of one camera in as many worlds as there are drives, half-way along."""
    batch = Batch(0, effort.drives, device, effort.drives, effort.steps, weather=weather)
    batch.go_on(effort.steps // 2)
    simulator = batch.simulator
    layers = options.get("layers", ("rgb",))
    frames = rig.allocate(device, effort.drives, layers)

    def work() -> int:
        rig.render(device, simulator.roads, simulator.world, simulator.state, layers, frames)
        wait(device)
        return effort.drives * len(rig.configs)

    with threads(count):
        return measure(key, what, "frames/s", effort, work, threads=count)


def camera(device: str, effort: Effort) -> Iterator[Figure | str]:
    """Drawing alone."""
    rig = CameraRig((CameraConfig(),))
    for weather in weather_domains():
        yield frames_figure(f"camera.{weather}", f"camera 66×200, {weather}", device, effort, rig, weather)
    for count in thread_counts(device)[1:]:
        key = f"camera.dry.threads_{count}"
        yield frames_figure(key, "camera 66×200, dry", device, effort, rig, count=count)
    yield frames_figure(
        "camera.truth", "camera 66×200 with classes and depth", device, effort, rig, layers=("rgb", "semantic", "depth")
    )


def growth(device: str, effort: Effort) -> Iterator[Figure | str]:
    """Cost against pixels, actors and worlds."""
    for height, width in effort.pictures:
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
    for size in effort.worlds:
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
    simulator = Batch(0, 1, device, effort.drives, effort.steps).simulator
    size = _bytes(simulator.world) + _bytes(simulator.state)
    yield Figure("memory.world", f"memory of a world with {ACTORS} actors", "KiB", (size / 1024.0,))


def _bytes(bundle: Any) -> int:
    return sum(_bytes(item) if isinstance(item, tuple) else item.size * item.dtype.itemsize for item in bundle)


def ranging(device: str, effort: Effort) -> Iterator[Figure | str]:
    """The sensors beside the camera."""
    batch = Batch(0, effort.drives, device, effort.drives, effort.steps)
    batch.go_on(effort.steps // 2)
    for key, what, names, anew in (
        ("lidar", "lidar, 191 beams", ("lidar",), False),
        ("radar", "radar, a cycle each time", ("radar",), True),
        ("motion_sensors", "IMU, GNSS and odometry", ("imu", "gnss", "odometry"), False),
    ):
        suite = SensorSuite(names, device=device)
        suite.reset(batch.simulator)

        def work(suite: SensorSuite = suite, anew: bool = anew) -> int:
            # A radar that remembers its last measurement would only repeat it: the worlds stand still here.
            if anew:
                suite.reset(batch.simulator)
            suite.observe(batch.simulator)
            wait(device)
            return effort.drives

        with threads(1):
            yield measure(key, f"{what}, {effort.drives} worlds, {ACTORS} actors", "scans/s", effort, work)


def networks(device: str, effort: Effort) -> Iterator[Figure | str]:
    """PilotNet: pictures in, curvature and target speed out; and at the wheel."""
    try:
        import torch

        from drive_sim.drivers.networks import NetworkSettings, build_network
        from drive_sim.drivers.neural import Model, NeuralDriver
    except ModuleNotFoundError as error:
        yield f"PilotNet and the closed loop: skipped, {error.name} is not installed; pip install 'drive-sim[learn]'"
        return
    torch.manual_seed(0)
    settings = NetworkSettings()
    driver = NeuralDriver(Model(settings, CameraConfig(), build_network(settings), {}, ""), "pilotnet", device)
    before = torch.get_num_threads()
    try:
        for size, count in ((1, 1), (effort.batch, cores())):
            torch.set_num_threads(count)
            pictures = np.random.default_rng(0).integers(0, 255, (size, 66, 200, 3), np.uint8)

            def work(pictures: Any = pictures) -> int:
                driver.perceive(pictures)
                return len(pictures)

            what = f"PilotNet, batch {size}"
            yield measure(f"pilotnet.{size}", what, "pictures/s", effort, work, threads=count)
        if device == "cuda":
            yield "closed loop: skipped, a neural driver takes pictures on the host only"
            return
        yield _closed_loop(driver, effort)
        # One picture is too little work for two threads to share.
        torch.set_num_threads(1)
        with threads(1):
            yield from _latency(driver, effort)
    finally:
        torch.set_num_threads(before)


def _closed_loop(driver: Any, effort: Effort) -> Figure:
    """Physics, camera and network; the network is a stranger to the road, which costs no less."""
    from drive_sim.rollout import run

    batch = Batch(0, effort.batch, "cpu", effort.drives, effort.steps)
    suite = SensorSuite(driver.sensors)

    def work() -> int:
        return run(batch.simulator, driver, sensors=suite, max_steps=effort.steps // 2) * effort.batch

    what = f"{effort.batch} worlds: physics, camera and PilotNet"
    return measure("closed_loop", what, "steps/s", effort, work, threads=cores())


def _latency(driver: Any, effort: Effort) -> Iterator[Figure]:
    """From the camera's look to the command, one car on one thread."""
    suite = SensorSuite(driver.sensors)
    single = Batch(0, 1, "cpu", effort.drives, effort.steps)
    middle, slowest = [], []
    for _ in range(effort.repeats):
        single.begin()
        times = np.array([_decision(driver, suite, single.simulator, a) for a in single.actions * 5])
        middle.append(float(np.median(times)))
        slowest.append(float(np.percentile(times, 99.0)))
    yield Figure("latency.median", "camera to command, 1 world, median", "ms", tuple(middle))
    yield Figure("latency.p99", "camera to command, 1 world, 99th percentile", "ms", tuple(slowest))


def _decision(driver: Any, suite: SensorSuite, simulator: Any, action: Any) -> float:
    """Time from the camera's look to the command [ms]; then the car drives on."""
    begun = perf_counter()
    driver.act(suite.observe(simulator))
    taken = 1e3 * (perf_counter() - begun)
    simulator.step(action)
    return taken


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


SECTIONS: tuple[Section, ...] = (
    stepping, environments, camera, growth, memory, ranging, networks, cold_start,
)  # fmt: skip
"""In the order in which they are measured."""
