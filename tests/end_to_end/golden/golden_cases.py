"""The golden data: what the house computes, case by case, so that a change of its layout cannot change its results.

`CASES` maps each case's name to the function that computes it; a case holds named entries. Of every entry
``golden.json`` keeps two things:

- ``hashes``: SHA-256 of data type, shape and bytes, by the kind of machine (`machine_kind`). Compiled code rounds
  differently on another kind of processor, so bits are compared only where hashes of that kind are committed.
- ``statistics``: image means and block means, and values, compared within tolerances on every kind of machine.

Run from the checkout's root::

    python -m tests.end_to_end.golden.golden_cases                     # names what differs; exit status 1 if any does
    python -m tests.end_to_end.golden.golden_cases --write [CASE ...]  # writes golden.json anew: all, or those named
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gymnasium
import llvmlite.binding as llvm
import numpy as np
import torch
from numba.core import config as numba_config
from numpy.typing import NDArray
from safetensors.numpy import load_file

import drive_sim  # noqa: F401 (registers the environments)
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation.harness import evaluate
from drive_sim.learning.recordings import training_weathers
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.training import fit
from drive_sim.learning.views import Drive, ViewSource, drives_of
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import Observer, Step, run
from drive_sim.sensors.camera.faults import CameraFaults
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.sensors.suite import SENSOR_NAMES, SensorSuite
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.scenarios.files import weather_domains
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import (
    ACTOR_NAMES,
    ACTOR_SIZE,
    MOTION_LANE,
    PAVINGS,
    ROADSIDES,
    State,
)

FILE = Path(__file__).with_name("golden.json")
VERSIONED = ("llvmlite", "numba", "numpy", "opencv-python-headless", "pygame-ce", "scipy", "torch")
"""Distributions whose version can change the last bits."""
IMAGE_BLOCKS = (3, 4)
"""Rows and columns of the blocks of an image whose means are kept."""
FAR = 200.0
"""Depths count as at most this in the statistics [m]: the sky's depth would drown all others."""
STEPS = 500
"""Control steps that the expert drives each scenario, or to the episode's end."""
DRAWS = 2
"""Episodes of each scenario."""
ROAD_CLASSES = ("motorway", "rural", "mountain", "urban")
HERE = 120.0
"""Where along its road a staged image is taken [m]."""
CASTS = {
    "motorway": (("car", 15.0, 0), ("lorry", 24.0, 1), ("motorcycle", 36.0, 0), ("bus", 55.0, 1)),
    "rural": (("cyclist", 11.0, None), ("car", 18.0, -1), ("lorry", 34.0, 0), ("debris", 14.0, 0)),
    "mountain": (("motorcycle", 12.0, 0), ("bus", 20.0, -1), ("cyclist", 26.0, None)),
    "urban": (("pedestrian", 11.0, None), ("car", 16.0, 0), ("cone", 8.0, None), ("car", 19.0, -1)),
}
"""Actors of a staged image by road class: kind, gap [m], lane (0 the ego's, 1 the next, -1 oncoming, None the edge)."""
SUMMARY = ("x", "y", "yaw", "speed", "s", "d", "progress", "odometer", "step", "events_ever", "actor_s", "actor_d")
"""Fields of a state in the statistics, summed over the actors."""
SMALL = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
QUICK = TrainingSettings(views=96, chunk=32, batch=16, trials=0, held_out=0.4, network=SMALL, half_precision=False)

Statistics = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Entry:
    """One result of a case."""

    arrays: tuple[NDArray[Any], ...]
    """What is hashed."""
    statistics: Statistics
    """``means``, ``blocks``, ``values`` (lists of numbers) or ``text``: what is compared on other machines."""

    @property
    def hash(self) -> str:
        """SHA-256 of data type, shape and bytes of each array."""
        digest = hashlib.sha256()
        for array in self.arrays:
            digest.update(f"{array.dtype.str} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


Entries = dict[str, Entry]


@dataclass(frozen=True)
class Case:
    """A function that computes entries, and how far their values may lie apart on another kind of machine."""

    compute: Callable[[], Entries]
    tolerance: float
    """Relative, and absolute for numbers below 1."""


# Entries


def image_entry(image: NDArray[Any]) -> Entry:
    """An image (H, W) or (H, W, channels); a depth image's statistics are of depths up to `FAR`."""
    levels = np.minimum(image, FAR).astype(float) if image.dtype.kind == "f" else image.astype(float)
    levels = levels.reshape(*image.shape[:2], -1)
    blocks = [
        block.mean((0, 1))
        for rows in np.array_split(levels, IMAGE_BLOCKS[0], axis=0)
        for block in np.array_split(rows, IMAGE_BLOCKS[1], axis=1)
    ]
    means = np.round(levels.mean((0, 1)), 4).tolist()
    return Entry((image,), {"means": means, "blocks": np.round(blocks, 2).ravel().tolist()})


def values_entry(*arrays: Any, summary: Sequence[Any] | None = None) -> Entry:
    """Arrays of numbers; their statistics are ``summary``, or means of the values and of their magnitudes."""
    arrays = tuple(np.asarray(array) for array in arrays)
    if summary is None:
        flat = [np.nan_to_num(array.astype(float)).ravel() for array in arrays]
        summary = [mean for values in flat if len(values) for mean in (values.mean(), np.abs(values).mean())]
    return Entry(arrays, {"values": [float(f"{value:.10g}") for value in np.asarray(summary, float)]})


def text_entry(text: str) -> Entry:
    """Words, the same on every machine."""
    return Entry((np.frombuffer(text.encode(), np.uint8),), {"text": text})


def number(value: float | None) -> float:
    """A number of results.json; nan for null."""
    return float("nan") if value is None else float(value)


# Images


def drawn(scenario: str, split: str, weather: str) -> Episode:
    """The first episode of a scenario that has this weather."""
    kind = load_scenario(scenario, split)
    return next(episode for episode in map(kind.draw, range(100)) if episode.weather.name == weather)


def actor(road: Road, kind: str, gap: float, lane: int | None, speed: float) -> ActorSpec:
    """An actor ``gap`` [m] ahead of an ego that stands at `HERE`."""
    index = ACTOR_NAMES.index(kind)
    length, width, height = ACTOR_SIZE[index]
    own = road.lanes_forward - 1
    spec = ActorSpec(index, length, width, height, HERE + 2.3 + gap + 0.5 * length, 0.0)
    if lane is None:
        return replace(spec, start_d=road.lane_centre(own) - 0.5 * road.lane_width + 0.2)
    if lane < 0:
        spec = replace(spec, start_d=road.oncoming_lane_centre(0), direction=-1)
    else:
        spec = replace(spec, start_d=road.lane_centre(own - lane))
    if kind == "debris":
        return spec
    return replace(spec, motion=MOTION_LANE, start_speed=speed, desired_speed=speed, colour=(0.1, 0.3, 0.6))


def staged(episode: Episode, speed_share: float = 0.8, **changes: Any) -> Episode:
    """The episode begun at `HERE` in the outer lane, among the actors of its road class."""
    road = episode.road
    speed = speed_share * episode.speed_limit
    actors = tuple(actor(road, *one, speed) for one in CASTS[road.road_class])
    start = {"start_s": HERE, "start_speed": speed, "start_offset": 0.0, "start_heading_error": 0.0}
    return replace(episode, actors=actors, lane=road.lanes_forward - 1, **start | changes)


def rendered(
    names: Iterable[str],
    episodes: Sequence[Episode],
    cameras: Sequence[CameraConfig] = (CameraConfig(),),
    layers: Sequence[str] = LAYERS,
    yaw_rate: float = 0.0,
) -> Entries:
    """What the cameras see as the episodes begin: an entry for each episode's name, camera and layer."""
    simulator = Simulator(list(episodes))
    simulator.state.yaw_rate[:] = yaw_rate
    seen = CameraRig(cameras).render_each("cpu", simulator.roads, simulator.world, simulator.state, layers)
    return {
        f"{name}/{camera}/{layer}": image_entry(getattr(frames, layer)[world])
        for world, name in enumerate(names)
        for camera, frames in seen.items()
        for layer in layers
    }


def weathers(road_class: str) -> Entries:
    """Every weather on a class of road."""
    episodes = [staged(drawn(f"weather/{road_class}", "test", weather)) for weather in weather_domains()]
    return rendered(weather_domains(), episodes)


def surfaces() -> Entries:
    """Every paving with every roadside."""
    base = staged(drawn("weather/rural", "test", "dry"))
    pairs = [(paving, roadside) for paving in range(len(PAVINGS)) for roadside in range(len(ROADSIDES))]
    episodes = [
        replace(base, actors=(), weather=WeatherSpec(paving=paving, roadside=roadside, scenery=0.8))
        for paving, roadside in pairs
    ]
    names = [f"{PAVINGS[paving]}-{ROADSIDES[roadside]}" for paving, roadside in pairs]
    return rendered(names, episodes, layers=("rgb",))


def distorting_lens() -> Entries:
    """A barrel with tangential distortion, and a pincushion."""
    barrel = CameraConfig("barrel", field_of_view=1.6, k1=-0.2, k2=0.03, p1=0.002, p2=-0.003, k3=-0.001)
    pincushion = CameraConfig("pincushion", width=160, height=120, k1=0.15)
    names = ("dry", "night")
    episodes = [staged(drawn("weather/urban", "test", weather)) for weather in names]
    return rendered(names, episodes, (barrel, pincushion))


def two_cameras() -> Entries:
    """Cameras of different sizes and mounts on one car."""
    rear = CameraConfig("rear", width=96, height=64, x=-1.5, y=0.3, z=1.0, yaw=3.0, pitch=0.05, roll=0.08)
    names = ("dry", "rain")
    episodes = [staged(drawn("weather/rural", "test", weather)) for weather in names]
    return rendered(names, episodes, (CameraConfig(), rear))


def motion_blur() -> Entries:
    """A slow shutter in a fast and turning car."""
    names = ("dry", "night")
    episodes = [staged(drawn("weather/motorway", "test", weather), 1.0) for weather in names]
    return rendered(names, episodes, (CameraConfig(shutter=0.05),), yaw_rate=0.5)


def camera_faults() -> Entries:
    """Noise, dirt and dropped frames, over some steps."""
    simulator = Simulator([staged(drawn("weather/rural", "test", "dry"))])
    suite = SensorSuite(("camera",), faults=CameraFaults(noise=8.0, dirt=0.4, dropped_frames=0.4))
    suite.reset(simulator)
    entries = {}
    for step in range(4):
        entries[f"step-{step}"] = image_entry(suite.observe(simulator).camera["front"][0])
        simulator.step(np.array([[0.05, 0.2]], np.float32))
    return entries


def annotations() -> Entries:
    """Boxes of actors and lane boundaries in camera images."""
    simulator = Simulator([staged(drawn(f"weather/{road_class}", "test", "dry")) for road_class in ROAD_CLASSES])
    labels = SensorSuite(("camera",)).annotate(simulator)
    entries = {}
    for road_class, cameras in zip(ROAD_CLASSES, labels, strict=True):
        front = cameras["front"]
        boxes = [
            np.concatenate([box.corners.ravel(), box.pixels.ravel(), box.amodal, box.modal or ()])
            for box in front.boxes
        ]
        entries[f"{road_class}/boxes"] = values_entry(*boxes)
        entries[f"{road_class}/visible"] = values_entry([(box.slot, box.visible_pixels) for box in front.boxes])
        lines = [array for line in front.boundaries for array in (line.pixels, line.points, line.occluded)]
        entries[f"{road_class}/boundaries"] = values_entry(*lines)
    return entries


# Driving


def state_entry(state: State, world: int, actors: int) -> Entry:
    """The state of one world, its empty actor slots left out."""
    row = {
        name: array[world, :actors] if name.startswith("actor_") else array[world]
        for name, array in zip(state._fields, state, strict=True)
    }
    return values_entry(*row.values(), summary=[np.sum(row[name]) for name in SUMMARY])


def episode_entry(simulator: Simulator, world: int) -> Entry:
    """What was drawn: road, weather, actors and start of one world."""
    episode, drawn_world = simulator.episodes[world], simulator.world
    road = [getattr(episode.road, field.name) for field in fields(episode.road)]
    arrays = [value for value in road if isinstance(value, np.ndarray)]
    arrays += [array[world] for array in drawn_world.weather]
    arrays += [array[world, : len(episode.actors)] for array in drawn_world.actors]
    arrays += [getattr(drawn_world, name)[world] for name in drawn_world._fields if name not in _NOT_DRAWN]
    return values_entry(*arrays, summary=[episode.start_s, episode.start_speed, episode.route_length, len(arrays)])


_NOT_DRAWN = ("road", "weather", "actors")
"""Fields of a world that are the place in the batch, or tuples of arrays."""


def states(split: str, suite: str) -> Entries:
    """Episodes of every scenario of a suite as they are drawn, and their states after `STEPS` steps of the expert."""
    scenarios = [load_scenario(name, split) for name in list_scenarios(split, suite)]
    simulator = Simulator([scenario.draw(draw) for scenario in scenarios for draw in range(DRAWS)])
    names = [f"{episode.scenario}-{episode.number}" for episode in simulator.episodes]
    entries = {f"{name}/episode": episode_entry(simulator, world) for world, name in enumerate(names)}
    run(simulator, make_driver("expert"), max_steps=STEPS)
    for world, (name, episode) in enumerate(zip(names, simulator.episodes, strict=True)):
        entries[f"{name}/state"] = state_entry(simulator.state, world, len(episode.actors))
    return entries


def driven(drivers: Sequence[str], steps: int) -> Entries:
    """States after some steps of programmed drivers."""
    names = ("lane-keeping/rural", "lane-keeping/urban", "obstacle-avoidance/mixed", "obstacle-avoidance/slow-lead")
    entries = {}
    for driver in drivers:
        simulator = Simulator([load_scenario(name).draw(1) for name in names], on_failure="reset_to_lane")
        run(simulator, make_driver(driver), max_steps=steps)
        for world, (name, episode) in enumerate(zip(names, simulator.episodes, strict=True)):
            entries[f"{driver}/{name}"] = state_entry(simulator.state, world, len(episode.actors))
    return entries


class Readings(Observer):
    """Keeps what the sensors other than the camera read."""

    def __init__(self) -> None:
        self.kept: dict[str, list[NDArray[Any]]] = {name: [] for name in SENSOR_NAMES if name != "camera"}

    def on_step(self, step: Step) -> None:
        for name, readings in self.kept.items():
            readings.append(np.array(getattr(step.observation, name)))


def sensors() -> Entries:
    """Readings of every sensor but the camera over a drive of five seconds."""
    names = ("obstacle-avoidance/mixed", "obstacle-avoidance/oncoming-traffic", "lane-keeping/mountain")
    simulator, readings = Simulator([load_scenario(name).draw(2) for name in names]), Readings()
    run(simulator, make_driver("expert"), [readings], tuple(readings.kept), max_steps=100)
    return {name: values_entry(np.stack(kept)) for name, kept in readings.kept.items()}


def environments() -> Entries:
    """Observations, rewards and the rendered map of the Gymnasium environments."""
    single = gymnasium.make(
        "DriveSim-v0", scenario="obstacle-avoidance/parked-car", sensors=("camera", "odometry"), render_mode="rgb_array"
    )
    observation, _ = single.reset(seed=5)
    rewards = []
    for step in range(60):
        observation, reward, _, _, info = single.step(np.array([0.02 * np.sin(0.2 * step), 0.3], np.float32))
        rewards.append(reward)
    truth = [value for value in info.values() if isinstance(value, float | int)]
    entries = {
        "single/rewards": values_entry(np.array(rewards)),
        "single/truth": values_entry(np.array(truth, float)),
        "single/camera": image_entry(observation["camera"]),
        "single/map": image_entry(single.render()),
    }
    single.close()
    batch = gymnasium.make_vec("DriveSim-v0", num_envs=4, scenario="lane-keeping/rural", sensors=("imu", "lidar"))
    batch.reset(seed=5)
    for _ in range(100):
        observation, reward, terminated, _, _ = batch.step(np.tile(np.array([0.1, 0.4], np.float32), (4, 1)))
    entries["batch/observation"] = values_entry(observation["imu"], observation["lidar"])
    entries["batch/rewards"] = values_entry(reward, terminated)
    batch.close()
    return entries


# Evaluating and learning


def evaluation(driver: str) -> Entries:
    """Metrics and episodes of results.json of a short evaluation; wall times and versions left out."""
    with TemporaryDirectory() as folder:
        evaluate(driver, "lane-keeping", folder, videos=0, episodes=2, seconds=4.0, baselines=False)
        document = json.loads((Path(folder) / "results.json").read_text(encoding="utf-8"))
    entries = {}
    for name, row in document["metrics"].items():
        values = np.array([number(row[key]) for key in ("estimate", "low", "high")])
        entries[f"metrics/{name}"] = values_entry(values, summary=np.nan_to_num(values))
    rows = document["episodes"]
    for name in rows[0]:
        column = [row[name] for row in rows]
        if any(isinstance(value, str) for value in column):
            entries[f"episodes/{name}"] = text_entry(" ".join(column))
        else:
            values = np.array([number(value) for value in column])
            entries[f"episodes/{name}"] = values_entry(values, summary=np.nan_to_num(values))
    return entries


@cache
def recorded() -> tuple[list[Drive], Entries]:
    """Three recorded drives of six seconds as learning sees them, and entries of what the recording holds."""
    names = ("lane-keeping/rural", "lane-keeping/urban", "obstacle-avoidance/parked-car")
    simulator, camera = Simulator([load_scenario(name).draw(0) for name in names]), CameraConfig()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dataset"
        recorder = Recorder(path, "expert", camera_configs=(camera,))
        run(simulator, make_driver("expert"), [recorder], SensorSuite(("camera",), CameraRig([camera])), max_steps=120)
        dataset = Dataset.open(path)
        drives = drives_of(dataset)
        columns = {name: [episode.columns[name] for episode in dataset] for name in sorted(next(iter(dataset)).columns)}
    timed = ("wall_time", "timestamp")
    entries = {
        f"recording/{name}": values_entry(*arrays)
        for name, arrays in columns.items()
        if name not in timed and arrays[0].dtype.kind in "biuf"
    }
    return drives, entries


def views() -> Entries:
    """A recording, and a labelled batch of views drawn from it."""
    drives, entries = recorded()
    batch = ViewSource(drives, CameraRig([CameraConfig()]), training_weathers()[::40]).draw(24, "golden")
    labels = ("curvature", "speed", "future", "seen")
    return {
        **entries,
        **{f"labels/{name}": values_entry(getattr(batch, name)) for name in labels},
        **{f"images/{index}": image_entry(image) for index, image in enumerate(batch.images)},
    }


def training() -> Entries:
    """Weights after six steps."""
    before = torch.get_num_threads()
    # A sum's order, and so its last bits, depends on the number of threads.
    torch.set_num_threads(1)
    try:
        with TemporaryDirectory() as folder:
            result = fit(recorded()[0], [WeatherSpec()], Path(folder) / "model", QUICK)
            weights = load_file(result.folder / "weights.safetensors")
    finally:
        torch.set_num_threads(before)
    return {name: values_entry(weights[name]) for name in sorted(weights)}


CASES = {
    **{f"camera/weathers-{name}": Case(partial(weathers, name), 1e-6) for name in ROAD_CLASSES},
    "camera/surfaces": Case(surfaces, 1e-6),
    "camera/distorting-lens": Case(distorting_lens, 1e-6),
    "camera/two-cameras": Case(two_cameras, 1e-6),
    "camera/motion-blur": Case(motion_blur, 1e-6),
    "camera/faults": Case(camera_faults, 1e-6),
    "camera/annotations": Case(annotations, 1e-3),
    **{
        f"states/{split}-{suite}": Case(partial(states, split, suite), 1e-6)
        for split, suite in (
            ("train", "obstacle-avoidance"),
            ("validation", "obstacle-avoidance"),
            ("test", "obstacle-avoidance"),
            ("test", "alks"),
            ("test", "ncap"),
        )
    },
    "drivers/without-camera": Case(partial(driven, ("human-model", "r157", "straight"), 200), 1e-6),
    "drivers/classical": Case(partial(driven, ("classical",), 40), 0.05),
    "sensors": Case(sensors, 1e-5),
    "environments": Case(environments, 1e-5),
    "evaluation/expert": Case(partial(evaluation, "expert"), 1e-6),
    "evaluation/pilotnet": Case(partial(evaluation, "pilotnet"), 0.05),
    "learning/views": Case(views, 1e-5),
    "learning/training": Case(training, 0.02),
}


# Comparing and writing


@cache
def machine_kind() -> str:
    """Processor, and a hash of all else that compiled code's last bits depend on: its features and versions."""
    processor = numba_config.CPU_NAME or llvm.get_host_cpu_name()
    features = numba_config.CPU_FEATURES
    parts = [llvm.get_host_cpu_features().flatten() if features is None else features, *platform.libc_ver()]
    parts += [".".join(platform.python_version_tuple()[:2]), *map(metadata.version, VERSIONED)]
    return f"{processor}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:8]}"


def load() -> dict[str, Any]:
    """The committed golden data: ``statistics`` by case and entry, ``hashes`` by kind of machine, case and entry."""
    if not FILE.exists():
        return {"statistics": {}, "hashes": {}}
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def differences(name: str, entries: Entries, golden: dict[str, Any]) -> list[str]:
    """The entries of a case that are not as committed, each with what differs about it."""
    statistics = golden["statistics"].get(name, {})
    hashes = golden["hashes"].get(machine_kind(), {}).get(name)
    found = [f"{name}: {entry}: is not computed any more" for entry in statistics if entry not in entries]
    for key, entry in entries.items():
        if key not in statistics:
            found.append(f"{name}: {key}: is not in {FILE.name}")
            continue
        moved = _moved(entry.statistics, statistics[key], CASES[name].tolerance)
        changed = hashes is not None and hashes.get(key) != entry.hash
        if moved or changed:
            found.append(f"{name}: {key}: {moved or 'other bits, within the tolerances'}")
    return found


def _moved(now: Statistics, then: Statistics, tolerance: float) -> str:
    """Which statistics lie apart; "" where none does."""
    if now.keys() != then.keys():
        return f"{', '.join(now)} instead of {', '.join(then)}"
    for kind, values in now.items():
        if kind == "text":
            if values != then[kind]:
                return f"{values!r} instead of {then[kind]!r}"
            continue
        a, b = np.array(values), np.array(then[kind])
        if a.shape != b.shape:
            return f"{len(a)} {kind} instead of {len(b)}"
        allowed = {"means": 0.02, "blocks": 0.5}.get(kind, tolerance * np.maximum(np.abs(b), 1.0))
        excess = np.abs(a - b) - allowed
        if excess.size and excess.max() > 0.0:
            worst = int(excess.argmax())
            return f"{kind}[{worst}] is {a[worst]:.9g} instead of {b[worst]:.9g}"
    return ""


def update(name: str, entries: Entries, golden: dict[str, Any]) -> None:
    """Put a case's entries into the golden data.

    Where a case's results have changed, hashes of other kinds of machine are out of date, and are dropped.
    """
    if differences(name, entries, golden):
        golden["statistics"][name] = {key: entry.statistics for key, entry in entries.items()}
        for hashes in golden["hashes"].values():
            hashes.pop(name, None)
    golden["hashes"].setdefault(machine_kind(), {})[name] = {key: entry.hash for key, entry in entries.items()}


def save(golden: dict[str, Any]) -> None:
    """Write the golden data, one entry a line."""
    golden["statistics"] = {name: golden["statistics"][name] for name in CASES if name in golden["statistics"]}
    golden["hashes"] = {
        kind: {name: hashes[name] for name in CASES if name in hashes}
        for kind, hashes in sorted(golden["hashes"].items())
    }
    lines: list[str] = []
    _lay_out(golden, "", "", lines)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lay_out(value: Any, before: str, after: str, lines: list[str]) -> None:
    """JSON of which only objects of objects are spread over lines."""
    indent = before[: len(before) - len(before.lstrip())]
    whole = json.dumps(value)
    if not isinstance(value, dict) or not value or (len(whole) < 100 and "{" not in whole[1:]):
        lines.append(before + whole + after)
        return
    if all(not isinstance(part, dict | str) for part in value.values()):
        lines.append(before + whole + after)
        return
    lines.append(before + "{")
    for index, (key, part) in enumerate(value.items()):
        comma = "," if index + 1 < len(value) else ""
        _lay_out(part, f"{indent} {json.dumps(key)}: ", comma, lines)
    lines.append(f"{indent}}}{after}")


def main() -> int:
    """Compare with the committed golden data, or write it anew."""
    parser = argparse.ArgumentParser(description="Compare with the golden data, or write it anew.")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name} instead of comparing with it")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="which cases; all by default")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]}; there are {', '.join(CASES)}")
    golden, found = load(), []
    sys.stdout.write(f"machine: {machine_kind()}; hashes of {', '.join(golden['hashes']) or 'none'} are there\n")
    for name in options.cases or CASES:
        entries, known = CASES[name].compute(), name in golden["statistics"]
        differing = differences(name, entries, golden)
        sys.stdout.write(f"{name}: {len(entries)} entries, {len(differing)} differ\n" if known else f"{name}: new\n")
        sys.stdout.writelines(f"  {line}\n" for line in differing if known)
        found += differing
        if options.write:
            update(name, entries, golden)
    if options.write:
        save(golden)
    return int(bool(found) and not options.write)


if __name__ == "__main__":
    sys.exit(main())
