"""Scenarios: descriptions of drives as data, from which any number of episodes is drawn (thin version)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_sim.errors import InputError
from drive_sim.randomness import generator, key
from drive_sim.resources import scenarios_folder
from drive_sim.world.episode import Episode, WeatherSpec
from drive_sim.world.road import Road
from drive_sim.world.road_generator import generate_road

SPLITS = ("train", "validation", "test")
_WEATHERS = ("dry", "rain", "fog", "night")


@dataclass(frozen=True)
class Scenario:
    name: str
    split: str
    road: Road | None = None

    def draw(self, number: int) -> Episode:
        rng = generator(self.split, self.name, number)
        road_class = self.name.split("/")[-1]
        route = float(rng.uniform(400.0, 600.0))
        road = self.road or generate_road(road_class, key(self.split, self.name, number, "road"), 30.0 + route + 250.0)
        if self.road is not None:
            route = road.length if road.closed else road.length - 100.0
        limit = road.speed_limit
        return Episode(
            scenario=self.name,
            split=self.split,
            number=number,
            seed=key(self.split, self.name, number, "drive"),
            road=road,
            weather=_weather(_WEATHERS[number % 4], rng),
            lane=road.lanes_forward - 1,
            start_s=30.0,
            start_offset=float(rng.uniform(-0.2, 0.2)),
            start_speed=0.8 * limit,
            route_length=route,
            time_limit=20.0 + 2.0 * _driving_time(road, 30.0, route, limit),
            speed_limit=limit,
        )


def _driving_time(road: Road, start: float, distance: float, limit: float) -> float:
    curvature = np.abs(road.curvature[int(start / road.step) : int((start + distance) / road.step)])
    return float(np.sum(road.step / np.minimum(limit, np.sqrt(2.0 / np.maximum(curvature, 1e-6)))))


def _weather(name: str, rng: np.random.Generator) -> WeatherSpec:
    azimuth = float(rng.uniform(0.0, 2.0 * math.pi))
    if name == "rain":
        return WeatherSpec(name, friction=float(rng.uniform(0.6, 0.75)), wetness=0.8, rain=8.0, sun_strength=0.05,
                           fog_visibility=800.0, sun_azimuth=azimuth)  # fmt: skip
    if name == "fog":
        return WeatherSpec(name, friction=0.9, fog_visibility=float(rng.uniform(80.0, 250.0)), sun_strength=0.0)
    if name == "night":
        return WeatherSpec(name, night=1.0, sun_strength=0.0)
    return WeatherSpec(sun_azimuth=azimuth)


def load_scenario(name: str, split: str = "train") -> Scenario:
    if not (scenarios_folder() / split / f"{name}.toml").is_file():
        raise InputError(name, "", f"is no scenario of {split}", f"choose one of {', '.join(list_scenarios(split))}")
    return Scenario(name, split)


def list_scenarios(split: str | None = None, suite: str | None = None) -> list[str]:
    names = set()
    for part in [split] if split else SPLITS:
        for path in (scenarios_folder() / part).glob(f"{suite or '*'}/*.toml"):
            names.add(f"{path.parent.name}/{path.stem}")
    return sorted(names)


def scenario_for_road(road: Road, split: str = "test") -> Scenario:
    return Scenario(f"real-roads/{road.name}", split, road)
