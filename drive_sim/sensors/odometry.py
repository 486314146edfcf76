"""Wheel odometry: speed and distance from wheel encoders, and the steering angle sensor.

The encoders count teeth, so distance comes in whole ticks and none is ever lost; tyre wear and pressure make the
rolling radius differ from the nominal one by a factor that an episode keeps. Speed has the resolution of SAE J1939's
wheel-based vehicle speed (1/256 km/h), the steering sensor that of a Bosch LWS (0.1 degrees at the wheel).
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import allocate, kernel, scalar
from drive_sim.compute.randomness import STREAM_ODOMETRY, random_normal
from drive_sim.sensors.configuration import Flag, NotNegative, Number, Resolution, Whole, configuration
from drive_sim.sensors.stateful import RememberingSensor

LARGEST_SPEED = 100.0
"""Readings saturate there [m/s]."""
LARGEST_STEERING = math.radians(60.0)
"""[rad] at the road wheels."""


@configuration("odometry")
class OdometryConfig:
    """Errors of wheel odometry and steering sensor. Rate: every control step (20 Hz)."""

    noise: Flag = True
    """Whether the errors below, quantisation included, apply."""
    scale_error: NotNegative = 0.005
    """Standard deviation of the rolling radius' relative error [1], drawn once an episode: tyre wear and pressure; an
    estimate."""
    speed_noise: NotNegative = 0.02
    """Standard deviation of a speed [m/s]; an estimate."""
    speed_resolution: Resolution = 1.0 / 256.0 / 3.6
    """Step of a speed [m/s]: 1/256 km/h, SAE J1939's wheel-based vehicle speed."""
    wheel_circumference: Annotated[Number, Field(ge=0.01, le=100.0)] = 2.0 * math.pi * 0.344
    """Nominal [m]; wheel radius of CommonRoad's BMW 320i."""
    ticks_per_turn: Annotated[Whole, Field(ge=1, le=1_000_000)] = 48
    """Teeth of an encoder; the usual toothed ring."""
    steering_ratio: Annotated[Number, Field(ge=0.01, le=1000.0)] = 15.0
    """Steering wheel angle over road-wheel angle [1]."""
    steering_resolution: Resolution = math.radians(0.1)
    """Step of the steering wheel's angle [rad]; Bosch LWS."""
    steering_offset: NotNegative = math.radians(1.0)
    """Standard deviation of the zero's error at the steering wheel [rad], drawn once an episode; an estimate."""


class OdometryErrors(NamedTuple):
    """An `OdometryConfig` for kernels; steering at the road wheels."""

    scale: float
    speed_noise: float
    speed_resolution: float
    tick: float  # [m], 0: not quantised
    steering_resolution: float
    steering_offset: float


@lasting
class OdometryMemory(NamedTuple):
    """What lasts from one reading to the next; (B)."""

    travelled: Any  # float64 [m] by the encoders at the last reading
    distance: Any  # float64 [m] of the last reading
    step: Any  # int64 step of the last reading, -1 none


@scalar
def quantise(value, resolution):
    """``value`` rounded to a multiple of ``resolution``; itself where the resolution is zero."""
    return value if resolution == 0.0 else resolution * math.floor(value / resolution + 0.5)


@kernel(grain=1024)
def _read(i, seeds, state, memory, errors, out):
    """The odometry of one world."""
    seed, step = seeds[0][i], state.step[i]
    scale = 1.0 + errors.scale * random_normal(seed, STREAM_ODOMETRY, 0, 1)
    offset = errors.steering_offset * random_normal(seed, STREAM_ODOMETRY, 0, 2)
    travelled = state.odometer[i] * scale
    if errors.tick > 0.0:
        travelled = errors.tick * math.floor(travelled / errors.tick)
    if memory.step[i] < 0 or memory.step[i] > step or step == 0:
        memory.travelled[i], memory.distance[i] = travelled, 0.0
    elif memory.step[i] < step:
        memory.distance[i] = travelled - memory.travelled[i]
        memory.travelled[i] = travelled
    memory.step[i] = step
    # Wheels roll along the car's axis: sideslip does not turn them.
    speed = state.speed[i] * math.cos(state.slip_angle[i]) * scale
    if speed > 0.0:  # a standing wheel sends no pulses, so it has no noise
        speed += errors.speed_noise * random_normal(seed, STREAM_ODOMETRY, step, 0)
    out[0][i, 0] = min(max(quantise(speed, errors.speed_resolution), 0.0), LARGEST_SPEED)
    steering = quantise(state.steering[i] + offset, errors.steering_resolution)
    out[0][i, 1] = min(max(steering, -LARGEST_STEERING), LARGEST_STEERING)
    out[0][i, 2] = min(max(memory.distance[i], 0.0), LARGEST_SPEED)


class Odometry(RememberingSensor):
    """Odometry of B cars: float32 (B, 3) [speed [m/s], steering angle at the road wheels [rad], distance [m]].

    Speed is that along the car's axis; distance is since the last reading at an earlier step, 0 at the first.
    ``period`` is the control period [s], which a reading does not depend on.
    """

    Config = OdometryConfig
    memory: OdometryMemory

    def __init__(self, config: OdometryConfig, device: str = "cpu", period: float = 0.05) -> None:
        self.config = config
        on = float(config.noise)
        errors = OdometryErrors(
            scale=on * config.scale_error,
            speed_noise=on * config.speed_noise,
            speed_resolution=on * config.speed_resolution,
            tick=on * config.wheel_circumference / config.ticks_per_turn,
            steering_resolution=on * config.steering_resolution / config.steering_ratio,
            steering_offset=on * config.steering_offset / config.steering_ratio,
        )
        super().__init__(_read, errors, 3, device)

    @property
    def bounds(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Smallest and largest reading of one world, float32 (3)."""
        return (
            np.array([0.0, -LARGEST_STEERING, 0.0], np.float32),
            np.array([LARGEST_SPEED, LARGEST_STEERING, LARGEST_SPEED], np.float32),
        )

    def blank(self, batch: int, step: Any) -> OdometryMemory:
        """See `RememberingSensor`."""
        return OdometryMemory(
            travelled=allocate(self.device, (batch,), np.float64),
            distance=allocate(self.device, (batch,), np.float64),
            step=step,
        )
