"""Cut-ins to order, and the border between those that UN R157 wants survived and the rest.

UN Regulation No. 157, paragraph 5.2.5.2: the car shall avoid a collision with a slower vehicle that cuts in and keeps
its speed, if TTC_LaneIntrusion > v_rel / (2 · 6 m/s²) + 0.35 s. TTC_LaneIntrusion is the time to collision when the
outside of the tyre of the intruder's nearer front wheel crosses a line 0.3 m beyond the outer edge of the marking.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import to_host
from drive_sim.drivers.planning.r157 import BRAKE_TIME, FULL_BRAKE
from drive_sim.drivers.planning.risk import REACTION_TIME, RISK_TIME, WANDERING
from drive_sim.drivers.registry import make_driver
from drive_sim.rollout import run
from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.roads.road import COLOUR_WHITE, STYLE_DASHED, STYLE_SOLID, Boundary, Road, chain_arcs
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTION_LATERAL, ACTOR_CAR, ACTOR_SIZE, MOTION_LANE, TRIGGER_TIME

LANE_WIDTH, MARKING_WIDTH = 3.5, 0.15
"""Of the straight motorway on which it happens [m]."""
INTRUSION = 0.3
"""Beyond the marking's outer edge, where a lane counts as intruded [m]."""
DEMANDED_DECELERATION, DEMANDED_DELAY = 6.0, 0.35
"""Of paragraph 5.2.5.2 [m/s²], [s]."""
QUIET = 1.0
"""Before the other car moves laterally [s]."""
AFTERWARDS = 12.0
"""Driven at most after that [s]."""
_EGO_START, _ROAD_LENGTH = 50.0, 900.0


@dataclass(frozen=True)
class CutIn:
    """A car from the left lane moves over into the ego's, in a half cosine, at a constant lower speed."""

    ego_speed: float
    """[m/s]"""
    closing_speed: float
    """v_rel: by how much the ego is faster [m/s]."""
    lateral_speed: float
    """The other car's largest lateral speed [m/s]."""
    time_to_collision: float
    """TTC_LaneIntrusion, were the ego to keep its speed until then [s]."""

    @property
    def duration(self) -> float:
        """Of the change of lane [s]: a half cosine over w reaches π w / (2 T)."""
        return 0.5 * math.pi * LANE_WIDTH / self.lateral_speed

    def moved(self, time: float) -> float:
        """[m] sideways, ``time`` [s] after it began."""
        return 0.5 * LANE_WIDTH * (1.0 - math.cos(math.pi * min(time / self.duration, 1.0)))

    @property
    def wandering_time(self) -> float:
        """[s] from the first movement until it is more than wandering."""
        return self.duration / math.pi * math.acos(1.0 - 2.0 * WANDERING / LANE_WIDTH)

    @property
    def intrusion_time(self) -> float:
        """[s] from the first movement until the outside of the nearer front tyre is `INTRUSION` beyond the marking."""
        length, width, _ = ACTOR_SIZE[ACTOR_CAR]
        axle = BMW_320I.front_axle / BMW_320I.length * length
        target = 0.5 * LANE_WIDTH + 0.5 * MARKING_WIDTH + INTRUSION - 0.5 * width
        for time in np.arange(0.0, self.duration, 0.001):
            sideways = self.lateral_speed * math.sin(math.pi * time / self.duration)
            yaw = math.atan2(sideways, self.ego_speed - self.closing_speed)
            if self.moved(time) + axle * math.sin(yaw) >= target:
                return float(time)
        return self.duration

    def episode(self) -> Episode:
        """The episode: dry, straight, and over when the other car has long been in the lane."""
        length, width, height = ACTOR_SIZE[ACTOR_CAR]
        gap = self.closing_speed * (QUIET + self.intrusion_time + self.time_to_collision)
        speed = self.ego_speed - self.closing_speed
        other = ActorSpec(
            kind=ACTOR_CAR, length=length, width=width, height=height,
            start_s=_EGO_START + gap + 0.5 * (length + BMW_320I.length), start_d=-0.5 * LANE_WIDTH,
            start_speed=speed, desired_speed=speed, motion=MOTION_LANE, trigger=TRIGGER_TIME, trigger_value=QUIET,
            action=ACTION_LATERAL, action_d=-1.5 * LANE_WIDTH, action_duration=self.duration, demands_reaction=True,
        )  # fmt: skip
        return Episode(
            scenario="border/cut-in", split="test", number=0, seed=0, road=_motorway(),
            weather=WeatherSpec(friction=1.0), actors=(other,), lane=1, start_s=_EGO_START,
            start_speed=self.ego_speed, route_length=_ROAD_LENGTH - _EGO_START - 10.0,
            time_limit=QUIET + AFTERWARDS, speed_limit=self.ego_speed,
        )  # fmt: skip


def demanded_time(closing_speed: float) -> float:
    """TTC_LaneIntrusion [s] above which paragraph 5.2.5.2 wants no collision, at ``closing_speed`` [m/s]."""
    return closing_speed / (2.0 * DEMANDED_DECELERATION) + DEMANDED_DELAY


def reference_time(cut_in: CutIn) -> float:
    """TTC_LaneIntrusion [s] above which the reference driver should get by, by its own figures.

    It begins to brake t0 = 0.4 s + 0.75 s after the wandering is over, t0 - τ after the intrusion. While the
    deceleration grows to a in t1 = 0.6 s it is as if it came at once, half of that later, and a little more:
    TTC = v / (2 a) + t0 - τ + t1 / 2 - a t1² / (24 v), where τ is the time from wandering to intrusion.
    """
    waited = RISK_TIME + REACTION_TIME - (cut_in.intrusion_time - cut_in.wandering_time)
    closing = cut_in.closing_speed
    ramp = 0.5 * BRAKE_TIME - FULL_BRAKE * BRAKE_TIME**2 / (24.0 * closing)
    return closing / (2.0 * FULL_BRAKE) + waited + ramp


def collides(cut_ins: Sequence[CutIn], driver: str = "r157", batch: int = 256) -> NDArray[np.bool_]:
    """For each cut-in whether ``driver`` touches the other car."""
    touched = []
    at_wheel = make_driver(driver)
    for first in range(0, len(cut_ins), batch):
        simulator = Simulator([one.episode() for one in cut_ins[first : first + batch]])
        run(simulator, at_wheel, ())
        touched.append(to_host(simulator.state.hit_actor) >= 0)
    return np.concatenate(touched)


@cache
def _motorway() -> Road:
    """A straight road of two lanes in each direction."""
    count = int(_ROAD_LENGTH)
    x, y, heading = chain_arcs(np.zeros(count), 1.0)
    paved = np.full(count, 2.0 * LANE_WIDTH + 2.0)
    edge = 2.0 * LANE_WIDTH
    lines = [
        Boundary(offset, style, COLOUR_WHITE, MARKING_WIDTH)
        for offset, style in (
            (edge, STYLE_SOLID), (LANE_WIDTH, STYLE_DASHED), (0.0, STYLE_SOLID), (-LANE_WIDTH, STYLE_DASHED),
            (-edge, STYLE_SOLID),
        )
    ]  # fmt: skip
    return Road(
        name="straight-motorway", road_class="motorway", closed=False, step=1.0, x=x, y=y, heading=heading,
        curvature=np.zeros(count), paved_left=paved, paved_right=paved, lane_width=LANE_WIDTH, lanes_forward=2,
        lanes_backward=2, speed_limit=40.0, boundaries=tuple(lines),
    )  # fmt: skip
