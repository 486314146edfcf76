"""What a scenario file may say as a whole: frozen, typed tables with their units; unknown keys are errors.

A range is a number or ``[low, high]``; each episode draws from it uniformly. Lengths [m], speeds [m/s], times [s],
angles [rad], accelerations [m/s²]. Other road users: `drive_sim.world.scenarios.encounter_schema`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from drive_sim.world.roads.generator import ROAD_CLASSES
from drive_sim.world.scenarios.encounter_schema import Encounter
from drive_sim.world.scenarios.ranges import LARGEST, NotNegative, Positive, Range, Share, Table, Weights

MOST_ACTORS = 8
"""Other road users in one episode."""


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
    start: Annotated[float, Field(ge=0.0, le=LARGEST)] = 30.0
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


class ScenarioDefinition(Table):
    """A scenario file after its parents are merged in."""

    purpose: Annotated[str, Field(min_length=10)]
    """What is tried, in words."""
    good_driver: Annotated[str, Field(min_length=10)]
    """What a good driver does, in words."""
    description: str = ""
    """Where the scenario comes from, in words."""
    splits: Annotated[tuple[Literal["train", "validation", "test"], ...], Field(min_length=1)] = (
        "train", "validation", "test",
    )  # fmt: skip
    """Whose draws may be taken. ``drive`` takes those of the first of train, validation and test, ``evaluate`` of the
    last, unless told which."""
    weather: Weights
    """Domains of ``weather.toml`` by weight."""
    road: RoadChoice
    ego: EgoStart = EgoStart()
    route_length: Positive | None = None
    """To drive; by default the whole road of a file."""
    run_out: Positive | None = None
    """To drive beyond the last encounter; overrides ``route_length`` in episodes with an encounter."""
    unavoidable: bool = False
    """A driver with a reaction time is not expected to get through: its encounters are not counted."""
    time_allowance: Annotated[float, Field(gt=1.0, le=100.0)] = 2.0
    """Time limit over the time that a careful driver takes without encounters, plus 20 s."""
    encounters: dict[str, Encounter] = Field(default_factory=dict)
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
