"""Scenarios: kinds of drives as data, from which any number of episodes is drawn.

A scenario file lies at ``scenarios/<split>/<suite>/<name>.toml`` (schema: `drive_sim.world.scenarios.schema`). Every
draw is keyed by (split, name, number), so that no episode of one split can equal one of another, and any episode can
be drawn again alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.resources import scenarios_folder
from drive_sim.base.text import printable, user_path
from drive_sim.compute.randomness import generator, key
from drive_sim.world.roads.careful_speed import CarefulDrive, careful_drive, speed_for_sight
from drive_sim.world.roads.csv_import import load_road
from drive_sim.world.roads.generator import generate_road
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.encounters import Placed, Stage, draw_actors, place_encounters
from drive_sim.world.scenarios.episode import ActorSpec, Colour, Episode, WeatherSpec
from drive_sim.world.scenarios.files import actor_kinds, load_definition, surfaces, weather_domains
from drive_sim.world.scenarios.ranges import LARGEST, Palette, draw
from drive_sim.world.scenarios.schema import RoadChoice, ScenarioDefinition
from drive_sim.world.scenarios.weather_schema import WeatherRanges
from drive_sim.world.state import PAVINGS, ROADSIDES

LARGEST_PLAIN_SEED = 2**31
"""Up to this, seeds number their draws one after the other; larger ones lie anywhere."""
SPLITS = ("train", "validation", "test")
ROAD_BEYOND = 250.0
"""An open road goes on this far beyond the route, so that there is something to see [m]."""
TIME_TO_SPARE = 20.0
"""Added to every time limit [s]."""
_ROADS_TRIED = 12


@dataclass(frozen=True)
class Scenario:
    """A kind of drive in one split; `draw` gives its episodes."""

    name: str
    """Such as ``lane-keeping/rural``."""
    split: str
    definition: ScenarioDefinition
    road: Road | None = None
    """The road of every episode; None where each draws its own."""

    def draw(self, number: int) -> Episode:
        """Episode ``number`` >= 0: always the same, whatever else is drawn.

        Weathers, road classes and variants take turns (additive recurrences), so that any run of consecutive numbers
        holds each as often as its weight says.
        """
        if number < 0:
            raise ValueError(f"episodes are numbered from 0, not {number}")
        definition, variant = self._variant(number)
        weather, ranges = self._weather(number)
        road, placed = self._road_and_encounters(definition, number)
        rng = self._rng(number, "start")
        limit = min(road.speed_limit, speed_for_sight(min(draw(rng, ranges.sight), weather.fog_visibility)))
        if definition.road.speed_limit is not None:
            limit = min(limit, draw(rng, definition.road.speed_limit))
        start = definition.ego.start
        any_lane = int(rng.integers(road.lanes_forward))
        asked = next((one.encounter.lane for one in placed if one.encounter.lane), definition.ego.lane)
        lane = {"inner": 0, "outer": road.lanes_forward - 1}.get(asked, any_lane)
        route = self._route_length(road, placed, rng)
        drive = careful_drive(road, start, route if road.closed else road.length - start, limit)
        stage = Stage(road, lane, limit, drive)
        actors: list[ActorSpec] = []
        for one in placed:
            actors += draw_actors(one, stage, actor_kinds(), self._rng(number, "encounter", one.name))
        return Episode(
            scenario=self.name,
            split=self.split,
            number=number,
            seed=key(self.split, self.name, number, "drive"),
            road=road,
            weather=weather,
            actors=tuple(actors),
            lane=lane,
            start_s=start,
            start_offset=draw(rng, definition.ego.offset),
            start_heading_error=draw(rng, definition.ego.heading_error),
            start_speed=self._start_speed(drive, rng),
            route_length=route,
            time_limit=TIME_TO_SPARE + definition.time_allowance * drive.time_at(start + route),
            speed_limit=limit,
            unavoidable=definition.unavoidable,
            variant=variant,
        )

    def weather(self, number: int) -> WeatherSpec:
        """The weather of episode ``number``, without its road and actors."""
        return self._weather(number)[0]

    def _weather(self, number: int) -> tuple[WeatherSpec, WeatherRanges]:
        """The weather of episode ``number``, and the ranges that it is drawn from."""
        name = self._turn(self.definition.weather, "weather", number, 0.5 * (math.sqrt(5.0) - 1.0))
        ranges = weather_domains()[name]
        weather = _draw_weather(name, ranges, self._rng(number, "weather"))
        return _lay_surfaces(weather, ranges, self._rng(number, "surfaces")), ranges

    def _variant(self, number: int) -> tuple[ScenarioDefinition, str]:
        """The definition with one encounter, and its name, where encounters are variants, which take turns."""
        definition = self.definition
        if not definition.in_turn:
            return definition, ""
        equal = dict.fromkeys(definition.encounters, 1.0)
        name = self._turn(equal, "variant", number, math.sqrt(3.0) - 1.0)
        return definition.model_copy(update={"encounters": {name: definition.encounters[name]}}), name

    def _start_speed(self, drive: CarefulDrive, rng: np.random.Generator) -> float:
        ego = self.definition.ego
        if ego.speed is not None:
            return draw(rng, ego.speed)
        return draw(rng, ego.speed_fraction) * drive.speed_at(ego.start)

    def _rng(self, number: int, *what: object) -> np.random.Generator:
        return generator(self.split, self.name, number, *what)

    def _turn(self, weights: dict[str, float], what: str, number: int, stride: float) -> str:
        """Whose turn it is by weight: an additive recurrence with an irrational stride, begun at a keyed place."""
        names = sorted(weights)
        begin = key(self.split, self.name, what) / 2.0**63
        at = (begin + number * stride) % 1.0 * sum(weights.values())
        for name in names:
            at -= weights[name]
            if at < 0.0:
                return name
        return max(names, key=lambda name: weights[name])  # rounding at the upper end

    def _road_and_encounters(self, definition: ScenarioDefinition, number: int) -> tuple[Road, list[Placed]]:
        """The road and what is placed on it; a road without a fitting place is drawn again a few times."""
        start = definition.ego.start
        if self.road is not None:
            return self.road, place_encounters(definition, self.road, start, self._rng(number, "places"))
        assert definition.road.classes is not None
        road_class = self._turn(definition.road.classes, "road class", number, math.sqrt(2.0) - 1.0)
        length = start + _longest_route(definition) + ROAD_BEYOND
        best: tuple[float, Road, list[Placed]] | None = None
        for attempt in range(_ROADS_TRIED):
            road = generate_road(road_class, key(self.split, self.name, number, "road", attempt), length)
            placed = place_encounters(definition, road, start, self._rng(number, "places", attempt))
            badness = max((one.badness for one in placed), default=0.0)
            if best is None or badness < best[0]:
                best = badness, road, placed
            if badness <= 0.0:
                break
        assert best is not None
        return best[1], best[2]

    def _route_length(self, road: Road, placed: list[Placed], rng: np.random.Generator) -> float:
        definition = self.definition
        start = definition.ego.start
        beyond = draw(rng, definition.run_out or (0.0, 0.0))
        whole = road.length if road.closed else road.length - start - 5.0
        route = draw(rng, definition.route_length or (whole, whole))
        if placed and definition.run_out:
            route = placed[-1].position - start + beyond
        return route if road.closed else min(route, whole)


def first_number(seed: int, apart: int = 1) -> int:
    """Number of the first draw for a user's ``seed`` >= 0, so that seeds lie ``apart`` draws from each other.

    Numbers stay far below 2**53: what takes turns counts them in floating point.
    """
    return apart * seed if seed <= LARGEST_PLAIN_SEED else key("first number", seed) % 2**45


def load_scenario(name_or_path: str | Path, split: str | None = None) -> Scenario:
    """A bundled scenario by name (``lane-keeping/rural``) and split, or one from a ``.toml`` file.

    Without a split it is train's, or that of the first of `SPLITS` that the file is for.

    Raises
    ------
    InputError
        naming the file, the field and the hint.
    """
    if split is not None and split not in SPLITS:
        raise InputError(str(name_or_path), "split", f"there is no split {split!r}", f"choose {', '.join(SPLITS)}")
    path = user_path(name_or_path)
    if path.suffix != ".toml" and not isinstance(name_or_path, Path):
        split = split or SPLITS[0]
        path = scenarios_folder() / split / f"{name_or_path}.toml"
        if not path.is_file():
            names = ", ".join(list_scenarios(split)) or "none is bundled"
            raise InputError(str(name_or_path), "", f"is no {split} scenario", f"choose one of: {names}")
    elif path.resolve().is_relative_to(scenarios_folder()):
        split = path.resolve().relative_to(scenarios_folder()).parts[0]
    definition = load_definition(path)
    split = split or min(definition.splits, key=SPLITS.index)
    if split not in definition.splits:
        allowed = " and ".join(definition.splits)
        raise InputError(path, "splits", f"is {allowed}: there are no {split} draws of it", f"take those of {allowed}")
    for weather in definition.weather:
        _check_weather(path, weather, split)
    name = printable(f"{path.resolve().parent.name}/{path.stem}")
    road = None
    if definition.road.file is not None:
        road = load_road(path.parent / user_path(definition.road.file))
    _check_lanes(path, definition)
    if _longest_route(definition) > LARGEST:
        problem = f"are spread over up to {_longest_route(definition):.3g} m of road"
        raise InputError(path, "encounters", problem, f"let positions, spacing and meets stay within {LARGEST:g} m")
    return Scenario(name, split, definition, road)


def list_scenarios(split: str | None = None, suite: str | None = None) -> list[str]:
    """Names of the bundled scenarios, such as ``lane-keeping/rural``; of one split and one suite if they are given."""
    return sorted(
        {
            f"{path.parent.name}/{path.stem}"
            for part in ([split] if split else SPLITS)
            for path in listed(scenarios_folder() / part, f"{suite or '*'}/*.toml")
        }
    )


def scenario_for_road(
    road: Road, weather: str = "dry", split: str = "test", speed_limit: float | None = None
) -> Scenario:
    """Driving one road from end to end, or a whole lap of a closed one, alone and with time to spare."""
    _check_weather("--weather", weather, split)
    definition = ScenarioDefinition(
        purpose=f"Drive the whole of {road.name} alone.",
        good_driver="Keeps its lane and slows down for curves.",
        weather={weather: 1.0},
        road=RoadChoice(file=road.name, speed_limit=None if speed_limit is None else (speed_limit, speed_limit)),
        time_allowance=3.0,
    )
    return Scenario(
        f"real-roads/{road.name}" if road.road_class == "track" else f"roads/{road.name}", split, definition, road
    )


def _check_weather(source: str | Path, weather: str, split: str) -> None:
    domains = weather_domains()
    fitting = ", ".join(name for name, domain in domains.items() if split in domain.splits)
    if weather not in domains:
        raise InputError(source, "weather", f"there is no weather {weather!r}", f"choose from {fitting}")
    if split not in domains[weather].splits:
        allowed = " and ".join(domains[weather].splits)
        problem = f"{weather} is for {allowed} scenarios only, not for {split}"
        raise InputError(source, "weather", problem, f"choose from {fitting}")


def _check_lanes(path: Path, definition: ScenarioDefinition) -> None:
    """Lanes beside the ego's exist on motorways only."""
    if definition.road.classes and set(definition.road.classes) == {"motorway"}:
        return
    for name, encounter in definition.encounters.items():
        for actor, template in encounter.actors.items():
            actions = (template.then, template.next)
            targets = [template.at, *(action.to for action in actions if action is not None)]
            if any(spot is not None and spot.place == "adjacent" for spot in targets):
                raise InputError(
                    path,
                    f"encounters.{name}.actors.{actor}",
                    "there is no adjacent lane on roads with one lane in each direction",
                    "let road.classes be motorway alone, or use another place",
                )


def _longest_route(definition: ScenarioDefinition) -> float:
    """[m] that the route, and oncoming actors until they are met, can take."""
    longest = definition.route_length[1] if definition.route_length else 0.0
    encounters = definition.encounters.values()
    if not encounters or definition.run_out is None:
        return longest
    last = max(encounter.position[1] for encounter in encounters)
    if definition.pick and definition.spacing:
        last += (definition.pick[1] - 1) * definition.spacing[1]
    longest = max(longest, last + definition.run_out[1])
    meetings = [
        encounter.position[1] + actor.meets[1]
        for encounter in encounters
        for actor in encounter.actors.values()
        if actor.meets is not None
    ]
    # Until they meet, an oncoming actor drives about as far as the ego.
    return max([longest, *(2.3 * meeting for meeting in meetings)])


def _draw_weather(name: str, ranges: WeatherRanges, rng: np.random.Generator) -> WeatherSpec:
    values: dict[str, float | Colour] = {}
    for field in WeatherRanges.model_fields:
        bounds = getattr(ranges, field)
        if field in ("sight", "splits", "paving", "roadside"):
            continue
        values[field] = _mix(bounds, rng) if isinstance(bounds[0], tuple) else draw(rng, bounds)
    return WeatherSpec(name=name, **values)  # type: ignore[arg-type]


def _lay_surfaces(weather: WeatherSpec, ranges: WeatherRanges, rng: np.random.Generator) -> WeatherSpec:
    """The weather with a paving and a roadside; of an RNG stream of their own, so that other draws do not change."""
    paving, roadside = _choose(ranges.paving, rng), _choose(ranges.roadside, rng)
    looks: dict[str, float | Colour] = {}
    for name, colour, texture in ((paving, "asphalt", "asphalt_texture"), (roadside, "verge", "verge_texture")):
        surface = surfaces()[name]
        if surface.colours is not None:
            looks[colour] = _mix(surface.colours, rng)
        if surface.texture is not None:
            looks[texture] = draw(rng, surface.texture)
    return replace(weather, paving=PAVINGS.index(paving), roadside=ROADSIDES.index(roadside), **looks)  # type: ignore[arg-type]


def _choose(weights: dict[str, float], rng: np.random.Generator) -> str:
    """A name by weight."""
    names, shares = list(weights), np.array(list(weights.values()))
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _mix(palette: Palette, rng: np.random.Generator) -> Colour:
    """A random mixture of the palette's colours, more often near one of them than in the middle."""
    shares = rng.dirichlet([0.7] * len(palette))
    red, green, blue = (float(channel) for channel in shares @ np.array(palette))
    return red, green, blue
