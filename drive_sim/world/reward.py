"""What a step was worth, and how a drive stands: the reward, the end and the truth that the environments tell.

The reward of a step lies in -11.9 .. 10.9. With the control period T, the speed limit v0, the driven part dp of the
route, the offset e from the lane's centre, the lane's width w and the change da of the action,

    r = clip(dp / (v0 T), -1, 1) - 0.2 min((2 e / w)², 1) - 0.1 min(|da|², 1) - 0.5 clip(v / v0 - 1, 0, 1) - 0.1
        - 10 where the drive failed (collision, off the road, wrong way, stall; each lane reset) + 10 where it finished

so that full marks go to a calm drive in the middle of the lane at the speed limit. A drive is *terminated* when it
fails or reaches the end of its route and *truncated* when its time is up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import Repeated, allocate, kernel, to_host
from drive_sim.world.events import FAILURES
from drive_sim.world.state import EVENT_FINISH, EVENT_TIME_OUT

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator

CENTRING, CALM, SPEEDING, TIME, FAILURE, SUCCESS = 0.2, 0.1, 0.5, 0.1, 10.0, 10.0
"""Weights of the reward's parts."""
LEAST_REWARD, MOST_REWARD = -1.0 - CENTRING - CALM - SPEEDING - TIME - FAILURE, 1.0 - TIME + SUCCESS
"""Bounds of a step's reward."""


class Truth(NamedTuple):
    """What ``info`` tells of a world; float64 (B)."""

    time: Any  # [s]
    x: Any  # [m]
    y: Any  # [m]
    yaw: Any  # [rad]
    speed: Any  # [m/s]
    steering: Any  # [rad] at the road wheels
    s: Any  # [m] along the road
    d: Any  # [m] left of the reference line
    lateral_offset: Any  # [m] left of the lane's centre
    heading_error: Any  # [rad]
    curvature: Any  # [1/m]
    progress: Any  # [m]
    route_completion: Any  # 0..1
    gap: Any  # [m] to the nearest road user (1e6: none near)
    time_to_collision: Any  # [s] (1e6: none)
    mean_lateral_offset: Any  # [m] mean of its magnitude so far
    largest_lateral_offset: Any  # [m] of its magnitude so far
    smallest_gap: Any  # [m] so far


@lasting
class _Memory(NamedTuple):
    """What the judge remembers of a world from step to step."""

    step: Any  # int64 (B)
    interventions: Any  # int32 (B)
    progress: Any  # float64 (B) [m]
    action: Any  # float32 (B, 2)
    offset_sum: Any  # float64 (B) [m]
    offset_most: Any  # float64 (B) [m]
    gap_least: Any  # float64 (B) [m]


@lasting
class Verdict(NamedTuple):
    """What the judge says of the last step."""

    truth: Any  # float64 (B, len(Truth))
    reward: Any  # float64 (B)
    terminated: Any  # uint8 (B)
    truncated: Any  # uint8 (B)


@kernel(grain=1024)
def _judge(i, world, now, memory, verdict, period):
    """Reward, end and truth of world ``i``, whose state is ``now``, after a reset or a step of ``period`` [s]."""
    offset = now.d[i] - world.lane_centre[i]
    step = now.step[i]
    reward = 0.0
    if step == 0:
        memory.offset_sum[i] = memory.offset_most[i] = 0.0
        memory.gap_least[i] = now.gap[i]
    elif step != memory.step[i]:
        stride = (now.progress[i] - memory.progress[i]) / (world.speed_limit[i] * period)
        change = (now.action[i, 0] - memory.action[i, 0]) ** 2 + (now.action[i, 1] - memory.action[i, 1]) ** 2
        excess = now.speed[i] / world.speed_limit[i] - 1.0
        reward = min(max(stride, -1.0), 1.0) - TIME
        reward -= CENTRING * min((2.0 * offset / world.lane_width[i]) ** 2, 1.0)
        reward -= CALM * min(change, 1.0) + SPEEDING * min(max(excess, 0.0), 1.0)
        failed = now.done[i] and now.events[i] & FAILURES
        if failed or now.interventions[i] > memory.interventions[i]:
            reward -= FAILURE
        elif now.done[i] and now.events[i] & EVENT_FINISH:
            reward += SUCCESS
        memory.offset_sum[i] += abs(offset)
        memory.offset_most[i] = max(memory.offset_most[i], abs(offset))
        memory.gap_least[i] = min(memory.gap_least[i], now.gap[i])
    memory.step[i], memory.progress[i] = step, now.progress[i]
    memory.interventions[i] = now.interventions[i]
    memory.action[i, 0], memory.action[i, 1] = now.action[i, 0], now.action[i, 1]
    ended = now.done[i] != 0 and (now.events[i] & (FAILURES | EVENT_FINISH)) != 0
    verdict.reward[i] = reward
    verdict.terminated[i] = ended
    verdict.truncated[i] = now.done[i] != 0 and not ended and (now.events[i] & EVENT_TIME_OUT) != 0
    truth = verdict.truth[i]
    truth[0], truth[1], truth[2], truth[3] = now.time[i], now.x[i], now.y[i], now.yaw[i]
    truth[4], truth[5], truth[6], truth[7] = now.speed[i], now.steering[i], now.s[i], now.d[i]
    truth[8], truth[9], truth[10] = offset, now.heading_error[i], now.curvature[i]
    truth[11], truth[12] = now.progress[i], min(max(now.progress[i] / world.route_length[i], 0.0), 1.0)
    truth[13], truth[14] = now.gap[i], now.time_to_collision[i]
    truth[15] = memory.offset_sum[i] / max(step, 1)
    truth[16], truth[17] = memory.offset_most[i], memory.gap_least[i]


class Judge:
    """Judges B worlds after each reset and each step; looking twice at the same step is worth nothing."""

    def __init__(self, batch: int, device: str = "cpu") -> None:
        self.batch, self.device = batch, device
        self._memory = _Memory(
            step=allocate(device, (batch,), np.int64),
            interventions=allocate(device, (batch,), np.int32),
            progress=allocate(device, (batch,), np.float64),
            action=allocate(device, (batch, 2), np.float32),
            offset_sum=allocate(device, (batch,), np.float64),
            offset_most=allocate(device, (batch,), np.float64),
            gap_least=allocate(device, (batch,), np.float64),
        )
        self._verdict = Verdict(
            truth=allocate(device, (batch, len(Truth._fields)), np.float64),
            reward=allocate(device, (batch,), np.float64),
            terminated=allocate(device, (batch,), np.uint8),
            truncated=allocate(device, (batch,), np.uint8),
        )
        self._judge = Repeated(_judge)

    def judge(self, simulator: Simulator) -> Verdict:
        """The verdict on the last reset or step, as NumPy arrays; the next one may be written over them."""
        self._judge(
            self.device, self.batch, simulator.world, simulator.state, self._memory, self._verdict,
            simulator.control_period,
        )  # fmt: skip
        return self._verdict if self.device == "cpu" else Verdict(*(to_host(array) for array in self._verdict))
