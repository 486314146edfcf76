"""Cases of the camera: weathers, surfaces, lenses, faults, and labels of its images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import drive_sim  # noqa: F401 (registers the environments)
from drive_sim.sensors.camera.faults import CameraFaults
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.scenarios.files import weather_domains
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_NAMES, ACTOR_SIZE, MOTION_LANE, PAVINGS, ROADSIDES
from tests.end_to_end.golden.entries import Entries, image_entry, values_entry

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
