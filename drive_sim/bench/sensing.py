"""Sensors alone: images in every weather, scans, motion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drive_sim.bench.episodes import ACTORS, Batch
from drive_sim.bench.figures import Effort, Figure, measure
from drive_sim.bench.hardware import thread_counts
from drive_sim.compute.device import wait_for
from drive_sim.compute.kernel import threads
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.files import weather_domains


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
    """Frames a second of one camera in as many worlds as there are episodes, half-way along."""
    batch = Batch(0, effort.episodes, device, effort.episodes, effort.steps, weather=weather)
    batch.go_on(effort.steps // 2)
    simulator = batch.simulator
    layers = options.get("layers", ("rgb",))
    frames = rig.allocate(device, effort.episodes, layers)

    def work() -> int:
        rig.render(device, simulator.roads, simulator.world, simulator.state, layers, frames)
        wait_for(device)
        return effort.episodes * len(rig.configs)

    with threads(count):
        return measure(key, what, "frames/s", effort, work, threads=count)


def camera(device: str, effort: Effort) -> Iterator[Figure | str]:
    """Rendering alone."""
    rig = CameraRig((CameraConfig(),))
    for weather in weather_domains():
        yield frames_figure(f"camera.{weather}", f"camera 66×200, {weather}", device, effort, rig, weather)
    if rig.left_out:
        yield f"the images of these episodes had no room for {rig.left_out} objects"
    for count in thread_counts(device)[1:]:
        key = f"camera.dry.threads_{count}"
        yield frames_figure(key, "camera 66×200, dry", device, effort, rig, count=count)
    yield frames_figure(
        "camera.truth", "camera 66×200 with classes and depth", device, effort, rig, layers=("rgb", "semantic", "depth")
    )


def ranging(device: str, effort: Effort) -> Iterator[Figure | str]:
    """The sensors beside the camera."""
    batch = Batch(0, effort.episodes, device, effort.episodes, effort.steps)
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
            wait_for(device)
            return effort.episodes

        with threads(1):
            yield measure(key, f"{what}, {effort.episodes} worlds, {ACTORS} actors", "scans/s", effort, work)
