"""One episode as driven: the arrays that every metric is computed from.

Everything here is a pure function of seeds; wall-clock times are kept apart, in `TimingLog` of `rollout_log`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from drive_sim.world.events import FAILURES, gravest
from drive_sim.world.scenarios.episode import ActorSpec, Episode
from drive_sim.world.state import EVENT_FINISH, EVENT_NAMES, EVENT_TIME_OUT

Floats = NDArray[np.float64]

FAR = 1e5
"""Gaps [m] and times to collision [s] above this mean "none"."""


@dataclass(frozen=True)
class EpisodeFacts:
    """What stays the same during one episode; SI units, d positive to the left."""

    scenario: str
    split: str
    number: int
    seed: int
    weather: str
    """Name: dry, rain, fog, night, ..."""
    road: str
    road_class: str
    road_seed: int
    road_length: float
    """[m]"""
    road_closed: bool
    lane_centre: float
    """d of the ego's lane [m]."""
    lane_width: float
    """[m]"""
    lanes_backward: int
    """Lanes of oncoming traffic; they lie at d > 0."""
    speed_limit: float
    """[m/s]"""
    route_length: float
    """[m]"""
    time_limit: float
    """[s]"""
    control_period: float
    """[s]"""
    vehicle_length: float
    """[m]"""
    vehicle_width: float
    """[m]"""
    actors: tuple[ActorSpec, ...] = ()
    """In the order of their slots."""
    condition: str = ""
    """Of the suite, under which it was driven; "" where the suite has none."""
    preventable: bool | None = None
    """Whether the reference driver hit no actor on the same episode; None where none demands a reaction, or
    it is not known."""
    unavoidable: bool = False
    """A driver with a reaction time is not expected to get through."""
    variant: str = ""
    """Of the scenario, such as ``left-near-late``; "" where it has none."""

    @property
    def cluster(self) -> str:
        """Which road this was: episodes on one road are not independent."""
        return f"{self.road_class}/{self.road}/{self.road_seed}"

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """What makes two episodes the same episode offered to two drivers."""
        return self.scenario, self.split, self.number, self.seed, self.cluster


def episode_facts(
    episode: Episode, control_period: float, vehicle_length: float, vehicle_width: float, condition: str = ""
) -> EpisodeFacts:
    """The facts of ``episode`` driven by a car of the given size [m] at the given control period [s]."""
    road = episode.road
    return EpisodeFacts(
        scenario=episode.scenario,
        split=episode.split,
        number=episode.number,
        seed=episode.seed,
        weather=episode.weather.name,
        road=road.name,
        road_class=road.road_class,
        road_seed=road.seed,
        road_length=road.length,
        road_closed=road.closed,
        lane_centre=road.lane_centre(episode.lane),
        lane_width=road.lane_width,
        lanes_backward=road.lanes_backward,
        speed_limit=episode.speed_limit,
        route_length=episode.route_length,
        time_limit=episode.time_limit,
        control_period=control_period,
        vehicle_length=vehicle_length,
        vehicle_width=vehicle_width,
        actors=episode.actors,
        condition=condition,
        unavoidable=episode.unavoidable,
        variant=episode.variant,
    )


@dataclass(frozen=True, eq=False)
class EpisodeLog:
    """One episode as driven. Arrays have one entry for each of its T steps, taken after the step; N actors.

    Where a lane reset happened in a step, pose and speed of that entry are those after it.
    """

    facts: EpisodeFacts
    time: Floats
    """(T) [s] since the start; the first entry is one control period."""
    x: Floats
    """(T) [m] world."""
    y: Floats
    """(T) [m] world."""
    yaw: Floats
    """(T) [rad], not wrapped."""
    speed: Floats
    """(T) [m/s]"""
    s: Floats
    """(T) [m] along the road; wraps on a closed one."""
    d: Floats
    """(T) [m] left of the reference line."""
    heading_error: Floats
    """(T) [rad], positive when the car points left of the road."""
    curvature: Floats
    """(T) [1/m] of the road, positive left."""
    progress: Floats
    """(T) [m] along the road since the start, unwrapped."""
    odometer: Floats
    """(T) [m] path length driven."""
    steering: Floats
    """(T) [rad] road-wheel angle, positive left."""
    yaw_rate: Floats
    """(T) [rad/s]"""
    acceleration_x: Floats
    """(T) [m/s²] forward, mean over the step."""
    acceleration_y: Floats
    """(T) [m/s²] left, mean over the step."""
    stalled_for: Floats
    """(T) [s] stood without a reason."""
    gap: Floats
    """(T) [m] between the ego's box and the nearest actor's; above `FAR`: none."""
    time_to_collision: Floats
    """(T) [s] with the nearest actor in the ego's path; above `FAR`: none."""
    action: NDArray[np.float32]
    """(T, 2) [steering, acceleration] in [-1, 1]."""
    events: NDArray[np.uint32]
    """(T) bit mask EVENT_* of the step."""
    interventions: NDArray[np.int32]
    """(T) lane resets since the start."""
    invalid_commands: NDArray[np.int32]
    """(T) commands since the start that were not finite numbers."""
    hit_actor: NDArray[np.int32]
    """(T) slot of the actor collided with in the step, -1 none."""
    actor_s: Floats
    """(T, N) [m]"""
    actor_d: Floats
    """(T, N) [m]"""
    actor_speed: Floats
    """(T, N) [m/s] in its direction of travel."""
    actor_phase: NDArray[np.uint8]
    """(T, N) 0 before its trigger, 1 acting, 2 finished."""

    @property
    def steps(self) -> int:
        """Number of steps T."""
        return len(self.time)

    @property
    def elapsed(self) -> float:
        """Time driven [s]."""
        return self.steps * self.facts.control_period

    @property
    def distance(self) -> float:
        """Path length driven [m]."""
        return float(self.odometer[-1]) if self.steps else 0.0

    @cached_property
    def lateral_error(self) -> Floats:
        """(T) [m] of the reference point against the lane's centre, positive left."""
        return self.d - self.facts.lane_centre

    @cached_property
    def lane_resets(self) -> NDArray[np.bool_]:
        """(T) whether the ego was reset to its lane in the step."""
        return np.diff(self.interventions, prepend=0) > 0

    @property
    def failed(self) -> bool:
        """Whether a failure ended the episode (and not merely put the car back)."""
        return bool(self.steps and self.events[-1] & FAILURES and not self.lane_resets[-1])

    @property
    def segments(self) -> list[slice]:
        """Stretches driven without a lane reset in between: differences make sense only inside one."""
        edges = [0, *(int(k) for k in np.flatnonzero(self.lane_resets) if k), self.steps]
        return [slice(a, b) for a, b in pairwise(edges) if b > a]

    @property
    def outcome(self) -> str:
        """How the episode ended, in words."""
        last = int(self.events[-1]) if self.steps else 0
        if self.failed:
            return EVENT_NAMES[gravest(last)]
        return next((EVENT_NAMES[bit] for bit in (EVENT_FINISH, EVENT_TIME_OUT) if last & bit), "cut short")

    def has(self, mask: int) -> NDArray[np.bool_]:
        """(T) whether any event of ``mask`` happened in the step."""
        return (self.events & np.uint32(mask)) != 0

    def count(self, mask: int) -> int:
        """Distinct occurrences of the events of ``mask``: unbroken runs of steps, a lane reset breaking a run."""
        now = self.has(mask)
        before = np.concatenate([[False], now[:-1] & ~self.lane_resets[:-1]])
        return int(np.sum(now & ~before))
