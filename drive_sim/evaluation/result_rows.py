"""Parts of ``results.json`` with figures: estimates, episodes, comparisons; documented as in `result_facts`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from drive_sim.evaluation.result_facts import DriverFacts, ResultsPart


class Bounded(ResultsPart):
    """A number with its 95 % interval; null where it is not known."""

    estimate: float | None
    """The number [``unit``]; null where nothing could be counted, and then ``low`` may still be a bound."""
    low: float | None
    """Lower end of the 95 % interval [``unit``]."""
    high: float | None
    """Upper end [``unit``]."""
    unit: str
    """``"1"`` for shares, else m, s, km, 1/km, rad/s, ..."""


class EstimateRow(Bounded):
    """The number that episodes make of a metric."""

    episodes: int = Field(ge=0)
    """Episodes that had something to say [1]."""
    basis: float | None
    """What the number rests on [the metric's own]: encounters, km, s, episodes, steps, ... as the metrics table
    says."""


class Group(ResultsPart):
    """The metrics of the episodes that share something."""

    by: str
    """The fact: weather, road_class, scenario, variant, condition; one that is the same in all episodes makes no
    groups."""
    value: str
    """What the fact is in this group."""
    metrics: dict[str, EstimateRow]
    """Over the group's episodes."""


class EpisodeRow(BaseModel):
    """One episode; every metric stands beside these fields under its name, null where it does not apply."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, float | None]

    scenario: str
    """Such as ``obstacle-avoidance/cones``."""
    split: str
    """Train, validation or test: training draws from the first only."""
    number: int
    """Which draw of the scenario it is."""
    road: str
    """Name of the road; episodes on one road are not independent."""
    road_class: str
    """Motorway, rural, mountain, urban, or imported."""
    weather: str
    """Weather domain."""
    variant: str = ""
    """Of the scenario, such as ``left-near-late``; "" where it has none."""
    condition: str = ""
    """Of the suite, under which it was driven; "" where the suite has none."""
    seed: int
    """Of everything random in the episode."""
    outcome: str
    """How it ended: one of the outcomes below."""
    duration_s: float
    """Simulated time driven [s]."""
    distance_m: float
    """Path length driven [m]."""
    interventions: int
    """Lane resets [1], and one for the failure that ended the episode."""
    invalid_commands: int = 0
    """Commands that were not finite numbers [1], at which the ego brakes fully and keeps its steering."""
    preventable: bool | None = None
    """Whether the reference driver after UN R157 hit no actor on this episode; null where none demands a
    reaction."""


class ComparisonRow(ResultsPart):
    """One metric of the driver, a, against another, b, on the same episodes."""

    metric: str
    """Which."""
    unit: str
    """As in `EstimateRow`."""
    a: float | None
    """The driver's [``unit``], over the episodes in which the metric applies to both."""
    b: float | None
    """The other's [``unit``], over the same."""
    difference: float | None
    """``a`` − ``b`` [``unit``]."""
    low: float | None
    """Lower end of the difference's 95 % interval [``unit``]."""
    high: float | None
    """Upper end [``unit``]."""
    p_value: float | None
    """Of no difference [1]."""
    p_adjusted: float | None
    """The same for the number of metrics compared [1] (Holm)."""
    test: str
    """``McNemar, exact`` for yes-or-no outcomes, ``paired bootstrap of roads`` for the rest."""
    episodes: int
    """In which the metric applies to both [1]."""
    better: str | None
    """Name of the better driver; null if no difference can be shown."""
    sentence: str
    """All of it in words."""


class Baseline(ResultsPart):
    """Another driver on the same episodes, or on the first of them."""

    driver: DriverFacts
    """The driver."""
    episodes: int = Field(ge=0)
    """So many of the first episodes it drove [1]: slow ones do not drive all."""
    invalid_commands: int = 0
    """Of these episodes together [1], as in `EpisodeRow`."""
    metrics: dict[str, EstimateRow]
    """Of these episodes."""
    comparison: ComparisonRow | None
    """The suite's headline of the driver, a, against this one, b; ``p_adjusted`` for the number of baselines."""


class ComparedDriver(ResultsPart):
    """A driver that was compared with (``--against``)."""

    driver: DriverFacts
    """The driver."""
    metrics: dict[str, EstimateRow]
    """Of the same episodes."""
    comparison: list[ComparisonRow]
    """One for each metric that applies to both."""
    episodes: list[EpisodeRow]
    """Its own episodes, in the order of the driver's; ``drive-sim replay DIR N --driver GIVEN`` drives one again."""


class AcrossRow(Bounded):
    """The mean over training runs of a metric; its interval is over training runs and roads (`training_runs`)."""

    estimate: float | None
    """Mean over training runs [``unit``], each weighing the same, taken before the metric's own map (root,
    reciprocal)."""
    low: float | None
    """Lower end of the 95 % interval over training runs and roads [``unit``]: Student's t of the training runs and
    the roads' own interval, squared and added."""
    iqm: float | None
    """Interquartile mean [``unit``]: of the training runs without the best and the worst quarter; null for fewer
    than four."""
    spread: float | None
    """Standard deviation of the training runs [``unit``]; null where one of them has no finite value."""
    worst: float | None
    """The worst training run's value in this metric [``unit``], whichever run it is."""
    training_runs: int = Field(ge=2)
    """That had something to say [1]."""


class TrainingRun(ResultsPart):
    """A further training run of the driver (``--training-runs``)."""

    driver: DriverFacts
    """The driver."""
    metrics: dict[str, EstimateRow]
    """Of the same episodes, as if it had been scored alone."""
    episodes: list[EpisodeRow]
    """Its own episodes, in the order of the driver's; ``drive-sim replay DIR N --driver GIVEN`` drives one again."""


class TrainingRuns(ResultsPart):
    """The driver and its further training runs on the same episodes."""

    headline: str
    """The suite's headline metric."""
    worst: str | None
    """``given`` of the training run with the worst headline; null where it says nothing of two."""
    metrics: dict[str, AcrossRow]
    """By name; those that say nothing of at least two training runs are absent."""
    runs: list[TrainingRun]
    """The further ones, in the order in which they were given."""


class ConditionRow(ResultsPart):
    """What one of the suite's conditions, a, does to the driver, against the first of them, b, on the same episodes."""

    name: str
    """As in the suite's file and in `EpisodeRow`."""
    settings: dict[str, float]
    """What is not as usual, in the units of docs/uncertainty.md."""
    comparison: list[ComparisonRow]
    """The headline and what explains it; ``p_adjusted`` for the number of conditions and metrics; empty for the
    first condition."""
