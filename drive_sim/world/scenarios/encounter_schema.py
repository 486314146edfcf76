"""What a scenario file may say about other road users: where they are, what they do and when, and what they look like.

Frozen, typed tables; unknown keys are errors. Lengths [m], speeds [m/s], times [s], angles [rad], accelerations [m/s²].
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from drive_sim.world.scenarios.ranges import LARGEST, NotNegative, Palette, Positive, Range, Table
from drive_sim.world.state import ACTOR_NAMES, ACTOR_NONE

MOVING = ("car", "lorry", "bus", "motorcycle", "cyclist", "pedestrian")
"""Kinds that go along the road when given a speed."""


class ActorKind(Table):
    """Sizes and colours of a class of road users."""

    length: Positive
    width: Positive
    height: Positive
    colours: Palette
    """An actor has one of them, a little lighter or darker."""


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
    own-headway: the actor's gap to the road user ahead of it in its path, over its own speed."""
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
    headway: NotNegative = (1.2, 2.0)
    """Time headway [s] to the road user ahead; 0: the actor ignores all others and drives its script."""
    when: Trigger | None = None
    then: Action | None = None
    next: NextAction | None = None
    """A second action after ``then``: back into its lane, on across the road, ..."""
    heedless: bool = False
    """Keeps its speed whatever is ahead of it: an inattentive driver, or one in the middle of overtaking."""
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
    sight: Annotated[float, Field(ge=0.0, le=LARGEST)] = 0.0
    """The position lies within 20° of straight ahead as soon as the ego is this near."""
    smallest_radius: Annotated[float, Field(ge=0.0, le=LARGEST)] = 0.0
    """Of the road from 25 m before to 25 m after the position."""
    lane: Literal["inner", "outer"] | None = None
    """The ego's, where the encounter needs a particular one; else as ``ego.lane`` says."""
    probability: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    actors: Annotated[dict[str, ActorTemplate], Field(min_length=1)]

    @property
    def most_actors(self) -> int:
        """The largest number of actors it can bring."""
        return sum(actor.count[1] for actor in self.actors.values())
