"""Whether CUDA computes what the CPU computes: images, states, sensors and a network's commands.

Both go through the same scenes (`scenes`) with the same commands. Images are drawn of the CPU's states, so that they
tell of cameras alone; states and sensors are compared step by step, each device going on from its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.bench.agreement import Agreement
from drive_sim.bench.figures import Effort, Figure
from drive_sim.bench.scenes import Scenes
from drive_sim.compute.kernel import to_device, to_host
from drive_sim.drivers.planning.expert import ExpertDriver
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.sensors.suite import SENSOR_NAMES, Observation, SensorSuite
from drive_sim.world.simulator import RESET_TO_LANE, Simulator
from drive_sim.world.state import State

GREY_LEVELS = 1
"""Pixels of two images are the same within so many grey levels in each colour."""
DEPTH_TOLERANCE = 1e-3
"""Depths are the same within this share of themselves."""
TOLERANCE = 1e-5
"""Numbers of states and sensors are the same within this, and this share of themselves."""
SENSORS = tuple(name for name in SENSOR_NAMES if name != "camera")


def parity(device: str, effort: Effort) -> Iterator[Figure | str]:
    """CUDA beside the CPU."""
    if device == "cpu":
        yield "parity of CPU and CUDA: skipped, this is the CPU alone; give --device cuda"
        return
    compared = Comparison(device, effort.scenes)
    compared.drive()
    yield from compared.figures()
    yield from _commands(device, compared.images)


class Comparison:
    """The same scenes on the CPU and on ``device``, side by side."""

    def __init__(self, device: str, scenes: Scenes) -> None:
        self.device, self.steps = device, scenes.steps
        episodes = scenes.episodes()
        self.simulators = [Simulator(episodes, where, RESET_TO_LANE) for where in ("cpu", device)]
        self.suites = [SensorSuite(SENSORS, device=where) for where in ("cpu", device)]
        height, width = scenes.image
        self.rigs = [CameraRig((CameraConfig(height=height, width=width),)) for _ in range(2)]
        self.layers = {layer: Agreement() for layer in LAYERS}
        self.sensors = {name: Agreement() for name in SENSORS}
        self.places, self.numbers, self.marks = Agreement(), Agreement(), Agreement()
        self.images: list[NDArray[np.uint8]] = []
        """uint8 (B, H, W, 3) of each look, as the CPU drew them."""

    def drive(self) -> None:
        """Go through the scenes as the expert does on the CPU."""
        ours, driver = self.simulators[0], ExpertDriver()
        driver.bind(ours)
        driver.reset(ours, None, ours.batch_size)
        self._look()
        for _ in range(self.steps):
            action = np.array(driver.act(Observation(to_host(ours.state.time))))
            for simulator in self.simulators:
                simulator.step(action)
            self._compare_states()
            self._compare_sensors()
        self._look()

    def _look(self) -> None:
        ours, theirs = self.simulators
        state = State(*(to_device(self.device, to_host(array)) for array in ours.state))
        seen = (
            self.rigs[0].render("cpu", ours.roads, ours.world, ours.state, LAYERS),
            self.rigs[1].render(self.device, theirs.roads, theirs.world, state, LAYERS),
        )
        here, there = ([to_host(layer)[:, 0] for layer in frames] for frames in seen)
        # Image by image, so that the worst is known.
        for world in range(ours.batch_size):
            of = {layer: (a[world], b[world]) for layer, a, b in zip(LAYERS, here, there, strict=True)}
            levels = np.abs(of["rgb"][0].astype(np.float64) - of["rgb"][1]).max(axis=-1)
            self.layers["rgb"].add_lot(levels <= GREY_LEVELS, levels)
            self.layers["semantic"].add(*of["semantic"])
            self.layers["instance"].add(*of["instance"])
            self.layers["depth"].add(*of["depth"], relative=DEPTH_TOLERANCE)
        self.images.append(here[0])

    def _compare_states(self) -> None:
        ours, theirs = (simulator.state for simulator in self.simulators)
        for name in State._fields:
            a, b = to_host(getattr(ours, name)), to_host(getattr(theirs, name))
            if name in ("x", "y", "actor_x", "actor_y"):
                self.places.add(a, b, TOLERANCE, TOLERANCE)
            if a.dtype.kind == "f":
                self.numbers.add(a, b, TOLERANCE, TOLERANCE)
            else:
                self.marks.add(a, b)

    def _compare_sensors(self) -> None:
        both = zip(self.suites, self.simulators, strict=True)
        ours, theirs = (suite.observe(simulator).host() for suite, simulator in both)
        for name, agreement in self.sensors.items():
            agreement.add(getattr(ours, name), getattr(theirs, name), TOLERANCE, TOLERANCE)

    def figures(self) -> Iterator[Figure]:
        """What came of it."""
        layers, count = self.layers, sum(len(images) for images in self.images)
        yield Figure("parity.images", "CPU and CUDA: images compared", "images", (float(count),))
        yield layers["rgb"].share("parity.rgb", f"pixels within {GREY_LEVELS} grey level")
        yield layers["rgb"].worst_share("parity.rgb.worst", "the same, worst image")
        yield layers["semantic"].share("parity.semantic", "pixels of the same class")
        yield layers["instance"].share("parity.instance", "pixels of the same road user")
        yield layers["depth"].share("parity.depth", "pixels of the same depth within 1 ‰")
        yield layers["depth"].greatest("parity.depth.largest", "greatest difference of depth", "m")
        over = f"over {self.steps} steps"
        yield self.places.greatest("parity.position", f"greatest difference of a place {over}", "m")
        yield self.numbers.share("parity.state", f"numbers of states within {TOLERANCE:g} {over}")
        yield self.marks.share("parity.events", f"events, phases and counts that are the same {over}")
        for name, agreement in self.sensors.items():
            yield agreement.share(f"parity.{name}", f"{name}: readings within {TOLERANCE:g} {over}")


def _commands(device: str, images: list[NDArray[np.uint8]]) -> Iterator[Figure | str]:
    """A network's commands, the images being the same; a network asks for images of its own size."""
    from drive_sim.bench.deciding import wheel

    try:
        ours, theirs = wheel("cpu"), wheel(device)
    except ModuleNotFoundError as error:
        yield f"parity of commands: skipped, {error.name} is not installed; pip install 'drive-sim[learn]'"
        return
    camera, agreement = ours.model.camera, Agreement()
    for seen in images:
        shape = (len(seen), camera.height, camera.width, 3)
        whole = seen if seen.shape == shape else np.resize(seen, shape)
        time, odometry = np.zeros(len(seen)), np.full((len(seen), 3), 10.0, np.float32)
        given: dict[str, Any] = {"time": time, "odometry": odometry}
        command = ours.act(Observation(camera={camera.name: whole}, **given))
        on_device = {name: to_device(device, array) for name, array in given.items()}
        answer = theirs.act(Observation(camera={camera.name: to_device(device, whole)}, **on_device))
        agreement.add(command, to_host(answer))
    yield agreement.greatest("parity.commands", "PilotNet: greatest difference of a command", "of 1")
