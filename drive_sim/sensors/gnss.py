"""GNSS receiver: position and velocity with correlated error, latency and outages.

The position error of each axis is a first-order Gauss-Markov process (satellite clocks, orbits and the atmosphere
change slowly) with white noise on top. Between fixes T apart, with w ~ N(0, 1),

    e[k] = exp(-T / tau) e[k-1] + sigma sqrt(1 - exp(-2 T / tau)) w

(Brown & Hwang, "Introduction to Random Signals and Applied Kalman Filtering", chapter on Gauss-Markov processes),
which is stationary with standard deviation sigma. Defaults after the data sheet of u-blox' M8 receivers: 2.5 m CEP
(CEP = 1.1774 sigma), velocity accuracy 0.05 m/s (50 %: 0.6745 sigma), 10 Hz; the latency is of the size that users
have measured on u-blox receivers.

Outages (bridges, tunnels, trees) begin and end by chance, at exponentially distributed intervals. During one, quality
is 0 and the last fix stays. The first fixes after one are degraded (quality 1): few satellites and reflections add an
error that dies away while the receiver finds the others again. Interval, duration and that error are estimates.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import allocate, kernel, scalar
from drive_sim.compute.randomness import STREAM_GNSS, random_normal, random_uniform
from drive_sim.sensors.configuration import Flag, NotNegative, Number, Positive, configuration
from drive_sim.sensors.stateful import RememberingSensor

LARGEST_COORDINATE = 1e6
"""Readings saturate there [m]."""
LARGEST_SPEED = 500.0
"""[m/s], the operational limit of the receiver."""
NO_FIX, DEGRADED, FULL = 0, 1, 2
"""Quality of a fix."""


@configuration("gnss")
class GnssConfig:
    """A receiver. Between fixes the last one is repeated."""

    rate: Annotated[Number, Field(ge=0.01, le=1000.0)] = 10.0
    """Fixes a second [Hz], the nearest whole number of control steps apart; u-blox M8 data sheet."""
    latency: Annotated[Number, Field(ge=0.0, le=60.0)] = 0.15
    """Age of a fix when it is delivered [s], the nearest whole number of control steps; as users have measured it."""
    noise: Flag = True
    """Whether the errors below apply (latency and rate are no errors)."""
    position_error: NotNegative = 2.5 / 1.1774
    """sigma of the correlated error of each axis [m], Gauss-Markov; u-blox M8: 2.5 m CEP = 1.1774 sigma."""
    correlation_time: Positive = 100.0
    """tau of it [s]: atmosphere and orbits; an estimate."""
    position_noise: NotNegative = 0.05
    """Standard deviation of the white noise of each axis [m]; an estimate."""
    speed_noise: NotNegative = 0.05 / 0.6745
    """Standard deviation of each component of velocity [m/s]; u-blox M8: 0.05 m/s (50 %)."""
    outage_interval: Positive = 120.0
    """Mean time between the end of an outage and the start of the next [s], exponentially distributed; an estimate."""
    outage_duration: NotNegative = 4.0
    """Mean length of an outage [s], exponentially distributed; 0: none. An estimate."""
    reacquisition_error: NotNegative = 4.0
    """Standard deviation of each axis' additional error in the first fix after an outage [m]; an estimate."""
    reacquisition_time: NotNegative = 5.0
    """How long quality is degraded after an outage [s]; a third of it is the time constant of the additional error. An
    estimate."""


class GnssModel(NamedTuple):
    """A `GnssConfig` for kernels."""

    period: float  # control period [s]
    interval: int  # control steps between fixes
    latency: int  # control steps
    decay: float  # exp(-T / tau)
    innovation: float  # sigma sqrt(1 - exp(-2 T / tau)) [m]
    position_error: float
    position_noise: float
    speed_noise: float
    outage_begins: float  # probability a fix
    outage_ends: float
    jump: float  # standard deviation of the additional error after an outage [m]
    jump_decay: float  # of it a fix
    degraded: int  # fixes that are degraded after an outage


@lasting
class GnssMemory(NamedTuple):
    """What lasts from one reading to the next. K fixes are kept for as long as they are under way."""

    error: Any  # float64 (B, 2) correlated error of the newest fix [m]
    jump: Any  # float64 (B, 2) additional error since the last outage [m]
    degraded: Any  # int64 (B) fixes that are still degraded
    outage: Any  # uint8 (B) whether the newest fix fell into an outage
    fixes: Any  # float64 (B, K, 5) x, y, their rates, quality; fix number f is at f mod K
    newest: Any  # int64 (B) number of the newest fix
    step: Any  # int64 (B) step of the last reading, -1 none


@scalar
def _advance_errors(i, seed, counter, memory, model):
    """Carry the correlated errors of position to the next fix."""
    for axis in range(2):
        w = random_normal(seed, STREAM_GNSS, counter, axis)
        if counter == 1:
            memory.error[i, axis] = model.position_error * w
        else:
            memory.error[i, axis] = model.decay * memory.error[i, axis] + model.innovation * w
        memory.jump[i, axis] *= model.jump_decay


@scalar
def _advance_outage(i, seed, counter, memory, model):
    """Let an outage begin or end by chance; the quality of the fix."""
    change = random_uniform(seed, STREAM_GNSS, counter, 10)
    if memory.outage[i]:
        if change < model.outage_ends:
            memory.outage[i] = 0
            memory.degraded[i] = model.degraded
            for axis in range(2):
                memory.jump[i, axis] = model.jump * random_normal(seed, STREAM_GNSS, counter, 7 + axis)
    elif change < model.outage_begins:
        memory.outage[i] = 1
    if memory.outage[i]:
        return NO_FIX
    if memory.degraded[i] > 0:
        memory.degraded[i] -= 1
        return DEGRADED
    return FULL


@scalar
def _take_fix(i, number, seeds, state, memory, model):
    """Fix ``number``, made at step ``number * interval``; one of the past is extrapolated from where the car is now."""
    seed, kept = seeds[0][i], memory.fixes.shape[1]
    counter = number + kept  # fixes before the start have numbers down to 1 - K
    _advance_errors(i, seed, counter, memory, model)
    quality = _advance_outage(i, seed, counter, memory, model)
    here = number % kept  # Python's remainder: never negative
    memory.fixes[i, here, 4] = quality
    if quality == NO_FIX:  # the receiver goes on reporting its last fix
        last = (number - 1) % kept
        for entry in range(4):
            memory.fixes[i, here, entry] = memory.fixes[i, last, entry]
        return
    age = (state.step[i] - number * model.interval) * model.period
    course = state.yaw[i] + state.slip_angle[i]
    for axis in range(2):
        rate = state.speed[i] * (math.cos(course) if axis == 0 else math.sin(course))
        place = (state.x[i] if axis == 0 else state.y[i]) - rate * age
        white = model.position_noise * random_normal(seed, STREAM_GNSS, counter, 2 + axis)
        memory.fixes[i, here, axis] = place + memory.error[i, axis] + memory.jump[i, axis] + white
        # Index 5 would share its bits with the draw of outages.
        rate += model.speed_noise * random_normal(seed, STREAM_GNSS, counter, 4 if axis == 0 else 6)
        memory.fixes[i, here, 2 + axis] = rate


@kernel(grain=1024)
def _read(i, seeds, state, memory, model, out):
    """The receiver of one world."""
    step, kept = state.step[i], memory.fixes.shape[1]
    if memory.step[i] < 0 or memory.step[i] > step or step == 0:
        memory.newest[i] = -kept
        memory.outage[i] = 0
        memory.degraded[i] = 0
        memory.jump[i, 0] = memory.jump[i, 1] = 0.0
        for fix in range(kept):
            for entry in range(5):
                memory.fixes[i, fix, entry] = 0.0
    for number in range(memory.newest[i] + 1, step // model.interval + 1):
        _take_fix(i, number, seeds, state, memory, model)
    memory.newest[i] = step // model.interval
    memory.step[i] = step
    number = (step - model.latency) // model.interval
    fix = number % kept
    for entry in range(4):
        largest = LARGEST_COORDINATE if entry < 2 else LARGEST_SPEED
        out[0][i, entry] = min(max(memory.fixes[i, fix, entry], -largest), largest)
    out[0][i, 4] = memory.fixes[i, fix, 4]


class Gnss(RememberingSensor):
    """The receivers of B cars: float32 (B, 5) [x [m], y [m], velocity along x and y [m/s], quality], world frame.

    Quality is `NO_FIX`, `DEGRADED` or `FULL`. At the start the receiver has already been tracking.
    """

    Config = GnssConfig
    memory: GnssMemory

    def __init__(self, config: GnssConfig, period: float, device: str = "cpu") -> None:
        model = gnss_model(config, period)
        self.config, self._kept = config, model.latency // model.interval + 2
        super().__init__(_read, model, 5, device)

    @property
    def bounds(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Smallest and largest reading of one world, float32 (5)."""
        largest = np.array([LARGEST_COORDINATE] * 2 + [LARGEST_SPEED] * 2 + [FULL], np.float32)
        return largest * np.array([-1, -1, -1, -1, 0], np.float32), largest

    def blank(self, batch: int, step: Any) -> GnssMemory:
        """See `RememberingSensor`."""
        return GnssMemory(
            error=allocate(self.device, (batch, 2), np.float64),
            jump=allocate(self.device, (batch, 2), np.float64),
            degraded=allocate(self.device, (batch,), np.int64),
            outage=allocate(self.device, (batch,), np.uint8),
            fixes=allocate(self.device, (batch, self._kept, 5), np.float64),
            newest=allocate(self.device, (batch,), np.int64),
            step=step,
        )


def gnss_model(config: GnssConfig, period: float) -> GnssModel:
    """The receiver's model for control steps of ``period`` seconds; all errors zero where noise is off."""
    interval = max(1, round(1.0 / (config.rate * period)))
    between = interval * period
    on = float(config.noise)
    outages = config.noise and config.outage_duration > 0.0
    return GnssModel(
        period=period,
        interval=interval,
        latency=round(config.latency / period),
        decay=math.exp(-between / config.correlation_time),
        innovation=on * config.position_error * math.sqrt(1.0 - math.exp(-2.0 * between / config.correlation_time)),
        position_error=on * config.position_error,
        position_noise=on * config.position_noise,
        speed_noise=on * config.speed_noise,
        outage_begins=1.0 - math.exp(-between / config.outage_interval) if outages else 0.0,
        outage_ends=1.0 - math.exp(-between / config.outage_duration) if outages else 1.0,
        jump=on * config.reacquisition_error,
        jump_decay=math.exp(-3.0 * between / config.reacquisition_time) if config.reacquisition_time > 0.0 else 0.0,
        degraded=round(config.reacquisition_time / between),
    )
