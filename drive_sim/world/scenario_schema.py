"""What a scenario file may say: frozen, typed tables with their units; unknown keys are errors.

A range is a number or ``[low, high]``; each episode draws from it uniformly. Lengths [m], speeds [m/s], times [s],
angles [rad], accelerations [m/s²].
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from drive_sim.world.road_generator import ROAD_CLASSES
from drive_sim.world.state import ACTOR_NAMES, ACTOR_NONE, PAVINGS, ROADSIDES

MOST_ACTORS = 8
"""Other road users in one episode."""
MOVING = ("car", "lorry", "bus", "motorcycle", "cyclist", "pedestrian")
"""Kinds that go along the road when given a speed."""


def _as_range(value: Any) -> Any:
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError(f"[{value[0]:g}, {value[1]:g}] runs downwards; put the smaller number first")
    return value


def _positive(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] <= 0.0:
        raise ValueError(f"{value[0]:g} is not positive; give numbers above 0")
    return value


def _not_negative(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] < 0.0:
        raise ValueError(f"{value[0]:g} is negative; give numbers from 0 up")
    return value


def _share(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] < 0.0 or value[1] > 1.0:
        raise ValueError("a share lies outside 0..1; give numbers in 0..1")
    return value


def _weighted(value: dict[str, float]) -> dict[str, float]:
    if not value or any(weight < 0.0 for weight in value.values()) or sum(value.values()) <= 0.0:
        raise ValueError("the weights leave nothing to draw; give at least one name a weight above 0")
    return value


Range = Annotated[tuple[float, float], BeforeValidator(_as_range), AfterValidator(_ordered)]
Positive = Annotated[Range, AfterValidator(_positive)]
NotNegative = Annotated[Range, AfterValidator(_not_negative)]
Share = Annotated[Range, AfterValidator(_share)]
Weights = Annotated[dict[str, float], AfterValidator(_weighted)]
Channel = Annotated[float, Field(ge=0.0, le=1.0)]
Palette = Annotated[tuple[tuple[Channel, Channel, Channel], ...], Field(min_length=1)]
"""Colours; an episode draws a mixture of them."""


def draw(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number uniform in the range; always takes one random number, so that equal bounds change no other draw."""
    return float(bounds[0] + (bounds[1] - bounds[0]) * rng.random())


class Table(BaseModel):
    """A table of a scenario file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class WeatherRanges(Table):
    """A weather domain: ranges of the fields of `drive_sim.world.state.Weather`, which see."""

    friction: Positive
    fog_visibility: Positive = (1e6, 1e6)
    wetness: Share = (0.0, 0.0)
    rain: NotNegative = (0.0, 0.0)
    night: Share = (0.0, 0.0)
    sun_azimuth: Range = (0.0, 2.0 * np.pi)
    sun_elevation: Range = (0.3, 1.2)
    sun_strength: Share
    exposure: Positive = (0.9, 1.1)
    camera_noise: NotNegative = (0.5, 1.5)
    asphalt: Palette
    asphalt_texture: Share = (0.2, 0.8)
    verge: Palette
    verge_texture: Share = (0.3, 0.9)
    marking_wear: Share = (0.0, 0.4)
    sky: Palette
    horizon: Palette
    scenery: Share = (0.1, 0.9)
    shutter: Positive = (1.0, 1.0)
    paving: Weights = {"asphalt": 1.0}
    """Kinds of `drive_sim.world.state.PAVINGS` by weight; ``surfaces.toml`` says what each looks like."""
    roadside: Weights = {"grass": 1.0}
    """Kinds of `drive_sim.world.state.ROADSIDES` by weight."""
    sight: Positive = (400.0, 400.0)
    """How far a driver sees an unlit obstacle: the speed limit is lowered to what stops within it."""
    splits: tuple[Literal["train", "validation", "test"], ...] = ("train", "validation", "test")
    """Whose scenarios may have this weather: what is for test only, nothing ever learns from."""

    @model_validator(mode="after")
    def _surfaces(self) -> WeatherRanges:
        for field, weights, known in (("paving", self.paving, PAVINGS), ("roadside", self.roadside, ROADSIDES)):
            unknown = set(weights) - set(known)
            if unknown:
                raise ValueError(f"there is no {field} {sorted(unknown)[0]}; choose from {', '.join(known)}")
        return self


class Surface(Table):
    """What a paving or roadside looks like, where it differs from the weather's ``asphalt`` or ``verge``."""

    colours: Palette | None = None
    """An episode draws a mixture of them; without any, of the weather's."""
    texture: Share | None = None
    """How much of its texture shows; as the weather says if not given."""


class ActorKind(Table):
    """Sizes and colours of a class of road users."""

    length: Positive
    width: Positive
    height: Positive
    colours: Palette
    """An actor has one of them, a little lighter or darker."""


class RoadChoice(Table):
    """The road: one of several classes by weight, or a file."""

    classes: Weights | None = None
    file: str | None = None
    """Centre-line CSV, relative to the scenario file."""
    speed_limit: Positive | None = None
    """At most this, besides the road's own limit and what the weather allows."""

    @model_validator(mode="after")
    def _one_of(self) -> RoadChoice:
        if (self.classes is None) == (self.file is None):
            raise ValueError("give either classes or file; keep one of them")
        unknown = set(self.classes or {}) - set(ROAD_CLASSES)
        if unknown:
            raise ValueError(f"there is no road class {sorted(unknown)[0]}; choose from {', '.join(ROAD_CLASSES)}")
        return self


class EgoStart(Table):
    """Where and how the ego begins."""

    lane: Literal["inner", "outer", "any"] = "outer"
    """inner: next to the middle of the road."""
    start: Annotated[float, Field(ge=0.0)] = 30.0
    """Arc length [m]."""
    offset: Range = (-0.2, 0.2)
    """Left of the lane's centre."""
    heading_error: Range = (-0.01, 0.01)
    speed_fraction: Share = (0.7, 1.0)
    """Of the speed at which a careful driver would pass the start."""
    speed: NotNegative | None = None
    """The speed itself [m/s], instead of a fraction."""

    @model_validator(mode="after")
    def _one_speed(self) -> EgoStart:
        if self.speed is not None and "speed_fraction" in self.model_fields_set:
            raise ValueError("speed and speed_fraction are both given; keep one of them")
        return self


class Spot(Table):
    """A place across the road. Which of the distances is given depends on ``place``."""

    place: Literal[
        "lane", "adjacent", "oncoming", "right-of-lane", "left-of-lane", "right-verge", "left-verge", "any-verge",
        "other-verge",
    ]  # fmt: skip
    """lane: the ego's; adjacent: beside it in the same direction; other-verge: opposite to where the actor began."""
    offset: Range | None = None
    """lane, adjacent, oncoming: left of the lane's centre, seen along the road."""
    blocks: Range | None = None
    """right-of-lane, left-of-lane: how much of the width of the ego's lane the box takes up from that side ..."""
    leaves: Positive | None = None
    """... or how much of it is left beside the box."""
    beyond: Range | None = None
    """verges: from the paved edge outwards to the middle of the box."""

    @model_validator(mode="after")
    def _fitting(self) -> Spot:
        verge, beside_lane = self.place.endswith("verge"), self.place.endswith("of-lane")
        fitting = ("beyond",) if verge else ("blocks", "leaves") if beside_lane else ("offset",)
        given = [name for name in ("offset", "blocks", "leaves", "beyond") if getattr(self, name) is not None]
        for name in given:
            if name not in fitting:
                raise ValueError(f"{name} says nothing about {self.place}; give {fitting[0]} instead")
        if len(given) > 1:
            raise ValueError("blocks and leaves are both given; keep one of them")
        if not given and (verge or beside_lane):
            raise ValueError(f"{self.place} needs {' or '.join(fitting)}; add it")
        return self


class Trigger(Table):
    """When an actor's action begins; gap and speed are the ego's, along the road, but for own-headway."""

    by: Literal["distance", "headway", "time-to-collision", "time", "collision-course", "own-headway"]
    """collision-course: at the headway from which the ego, if it kept its speed, would meet the walking actor;
    own-headway: the actor's own gap to who is ahead of it in its path, over its own speed."""
    value: Range
    """[m] or [s]; for collision-course a shift of the moment [s]."""

    @model_validator(mode="after")
    def _sane(self) -> Trigger:
        if self.by != "collision-course" and self.value[0] < 0.0:
            raise ValueError("a trigger's value is negative; give numbers from 0 up")
        return self


class Action(Table):
    """What an actor does once triggered."""

    do: Literal["lateral", "speed", "walk"]
    to: Spot | None = None
    """lateral, walk: where to."""
    duration: Positive = (2.5, 4.0)
    """lateral: of the change of lane."""
    speed: NotNegative | None = None
    """walk: pace; speed: what to reach [m/s]."""
    speed_fraction: NotNegative | None = None
    """speed: what to reach, as a fraction of the speed limit."""
    rate: Positive = (2.0, 3.0)
    """speed: acceleration or braking."""

    @model_validator(mode="after")
    def _complete(self) -> Action:
        if (self.do == "speed") == (self.to is not None):
            raise ValueError("lateral and walk need a target, speed has none; mend the key to")
        if self.do == "speed" and (self.speed is None) == (self.speed_fraction is None):
            raise ValueError("a speed action needs speed or speed_fraction; give one of them")
        if self.do == "walk" and (self.speed is None or self.speed[0] <= 0.0):
            raise ValueError("a walk needs a speed above 0; give speed in m/s")
        return self


class NextAction(Action):
    """What an actor does after that, whether or not the first action is finished."""

    after: NotNegative
    """From the beginning of the first action [s]."""


def _as_kinds(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _known_kinds(value: tuple[str, ...]) -> tuple[str, ...]:
    names = [name for number, name in enumerate(ACTOR_NAMES) if number != ACTOR_NONE]
    for name in value:
        if name not in names:
            raise ValueError(f"there is no kind {name!r}; choose from {', '.join(names)}")
    return value


class ActorTemplate(Table):
    """Another road user, or a row of them."""

    kind: Annotated[tuple[str, ...], BeforeValidator(_as_kinds), AfterValidator(_known_kinds), Field(min_length=1)]
    """One of them is drawn."""
    at: Spot
    probability: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    count: tuple[int, int] = (1, 1)
    spacing: NotNegative = (0.0, 0.0)
    """Between neighbours of a row, along the road."""
    taper: bool = False
    """A row reaches into the lane step by step, its last one as far as ``blocks`` says."""
    ahead: Range = (0.0, 0.0)
    """From the encounter's position along the road."""
    meets: Range | None = None
    """Oncoming, instead of ``ahead``: where, from the encounter's position, it would meet an ego at the speed limit."""
    direction: Literal["same", "oncoming"] | None = None
    """By default oncoming where ``at`` is oncoming."""
    yaw: Range = (0.0, 0.0)
    speed: NotNegative | None = None
    speed_fraction: NotNegative | None = None
    """Of the speed limit. Without speed and speed_fraction the actor stands."""
    headway: Positive = (1.2, 2.0)
    """That it keeps to whoever is ahead; 0: it looks at nobody and drives its script."""
    when: Trigger | None = None
    then: Action | None = None
    next: NextAction | None = None
    """A second action after ``then``: back into its lane, on across the road, ..."""
    heedless: bool = False
    """Keeps its speed whoever is ahead of it: somebody inattentive, or in the middle of overtaking."""
    demands_reaction: bool = False
    """The encounter counts in the score; of a row, only the one that reaches furthest into the lane."""

    @property
    def oncoming(self) -> bool:
        """Whether it travels against the ego."""
        return self.at.place == "oncoming" if self.direction is None else self.direction == "oncoming"

    @property
    def moving(self) -> bool:
        """Whether it drives along the road from the start."""
        return self.speed is not None or self.speed_fraction is not None

    @model_validator(mode="after")
    def _consistent(self) -> ActorTemplate:
        if not 1 <= self.count[0] <= self.count[1]:
            raise ValueError("count does not run from 1 or more upwards; give count = [1, 3], say")
        if self.speed is not None and self.speed_fraction is not None:
            raise ValueError("speed and speed_fraction are both given; keep one of them")
        if self.moving and any(kind not in MOVING for kind in self.kind):
            raise ValueError(f"only {', '.join(MOVING)} go along the road; give others a walk or no speed")
        if (self.when is None) != (self.then is None):
            raise ValueError("when and then belong together; add the one that is missing")
        if self.next is not None and self.then is None:
            raise ValueError("next follows then, which is missing; add when and then")
        if not self.moving and (self.heedless or (self.when and self.when.by == "own-headway")):
            raise ValueError("heedless and own-headway are for actors that move along the road; add a speed")
        if self.meets is not None and not (self.oncoming and self.moving):
            raise ValueError("meets is for oncoming actors with a speed; use ahead")
        if self.taper and self.at.blocks is None:
            raise ValueError("a taper needs a place with blocks; use right-of-lane or left-of-lane")
        if self.when and self.then and self.when.by == "collision-course" and self.then.do != "walk":
            raise ValueError("a collision-course is for walks; use another trigger")
        return self


class Encounter(Table):
    """One thing that happens on the way."""

    position: NotNegative
    """From the ego's start along the road."""
    sight: Annotated[float, Field(ge=0.0)] = 0.0
    """The position lies within 20° of straight ahead as soon as the ego is this near."""
    smallest_radius: Annotated[float, Field(ge=0.0)] = 0.0
    """Of the road from 25 m before to 25 m after the position."""
    lane: Literal["inner", "outer"] | None = None
    """The ego's, where the encounter needs a particular one; else as ``ego.lane`` says."""
    probability: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    actors: Annotated[dict[str, ActorTemplate], Field(min_length=1)]

    @property
    def most_actors(self) -> int:
        """The largest number of actors it can bring."""
        return sum(actor.count[1] for actor in self.actors.values())


class ScenarioDefinition(Table):
    """A scenario file after its parents are merged in."""

    purpose: Annotated[str, Field(min_length=10)]
    """What is tried, for people."""
    good_driver: Annotated[str, Field(min_length=10)]
    """What a good driver does, for people."""
    weather: Weights
    """Domains of ``weather.toml`` by weight."""
    road: RoadChoice
    ego: EgoStart = EgoStart()
    route_length: Positive | None = None
    """To drive; by default the whole road of a file."""
    run_out: Positive | None = None
    """To drive beyond the last encounter; overrides ``route_length`` in episodes with an encounter."""
    unavoidable: bool = False
    """Nobody who takes time to react is expected to get through: its encounters are not counted."""
    time_allowance: Annotated[float, Field(gt=1.0)] = 2.0
    """Time limit over the time that a careful driver takes without encounters, plus 20 s."""
    encounters: dict[str, Encounter] = {}
    pick: tuple[int, int] | None = None
    """How many encounters an episode has, in any order; by default all of them. ``[1, 1]``: they are variants of one
    encounter and take turns."""
    spacing: Positive | None = None
    """With ``pick``: from each encounter to the next; only the first is placed by its own ``position``."""

    @property
    def in_turn(self) -> bool:
        """Whether its encounters are variants, of which an episode has one."""
        return self.pick == (1, 1)

    @model_validator(mode="after")
    def _consistent(self) -> ScenarioDefinition:
        if self.road.file is None and self.route_length is None and self.run_out is None:
            raise ValueError("the drive has no end; give route_length or run_out")
        if self.pick is not None:
            if self.spacing is None and self.pick[1] > 1:
                raise ValueError("pick needs spacing; add spacing = [110.0, 160.0], say")
            if not 1 <= self.pick[0] <= self.pick[1] <= len(self.encounters):
                raise ValueError(f"pick does not fit {len(self.encounters)} encounters; give pick = [1, 2], say")
        if self.encounters and self.run_out is None:
            raise ValueError("encounters need run_out; add how far to drive beyond the last one")
        lanes = {encounter.lane for encounter in self.encounters.values() if encounter.lane}
        if lanes and len(self.encounters) > 1 and not self.in_turn:
            raise ValueError("an ego has one lane; give encounters a lane only with pick = [1, 1]")
        sizes = sorted((encounter.most_actors for encounter in self.encounters.values()), reverse=True)
        most = sum(sizes[: self.pick[1]] if self.pick else sizes)
        if most > MOST_ACTORS:
            raise ValueError(f"{most} actors are too many; at most {MOST_ACTORS} take part")
        return self
