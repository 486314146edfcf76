"""IMU: specific force and yaw rate with the noise of a real MEMS part.

Each axis reads ``truth + bias + white noise``. In discrete time, with w ~ N(0, 1) and the sampling time T,

    white noise   n[k] = N w / sqrt(T)            N: noise density [unit / sqrt(Hz)]
    bias          b[k] = b[k-1] + K sqrt(T) w     K: random walk of the bias [unit / (s sqrt(Hz))]

(IEEE Std 952-1997; Kalibr's IMU noise model). The default densities are those of the Analog Devices ADIS16448 as
published with the EuRoC data set (Burri et al. 2016, "The EuRoC micro aerial vehicle datasets", IJRR 35(10)), the
turn-on bias is the initial bias error of its data sheet (1 sigma: 0.5 deg/s, 20 mg).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from drive_sim.bundle import lasting
from drive_sim.kernel import Repeated, allocate, duplicate, kernel, scalar, to_device, to_host
from drive_sim.randomness import STREAM_IMU, random_normal
from drive_sim.world.road_pool import assign

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator

GRAVITY = 9.81
"""[m/s²]"""
LARGEST_FORCE = 18.0 * GRAVITY
"""Range of the accelerometers [m/s²]; readings saturate there."""
LARGEST_RATE = math.radians(1000.0)
"""Range of the gyroscope [rad/s]; readings saturate there."""


@dataclass(frozen=True)
class ImuConfig:
    """Noise of an IMU. Rate: every control step (20 Hz), the mean over that step."""

    noise: bool = True
    """Whether the errors below apply."""
    accelerometer_noise_density: float = 2.0e-3
    """N [m/s² / sqrt(Hz)]"""
    accelerometer_random_walk: float = 3.0e-3
    """K [m/s³ / sqrt(Hz)]"""
    accelerometer_turn_on_bias: float = 0.02 * GRAVITY
    """Standard deviation of the bias at the start [m/s²]."""
    gyroscope_noise_density: float = 1.6968e-4
    """N [rad/s / sqrt(Hz)]"""
    gyroscope_random_walk: float = 1.9393e-5
    """K [rad/s² / sqrt(Hz)]"""
    gyroscope_turn_on_bias: float = math.radians(0.5)
    """Standard deviation of the bias at the start [rad/s]."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "noise" and not value >= 0.0:
                raise ValueError(f"{name} must not be negative, but is {value}")


class ImuErrors(NamedTuple):
    """Discrete standard deviations for kernels, for (accelerometers, gyroscope)."""

    white: tuple[float, float]
    walk: tuple[float, float]
    turn_on: tuple[float, float]


@lasting
class ImuMemory(NamedTuple):
    """What lasts from one reading to the next."""

    bias: Any  # float64 (B, 3) [m/s², m/s², rad/s]
    step: Any  # int64 (B) step that the bias belongs to, -1 none


def discrete_errors(config: ImuConfig, period: float) -> ImuErrors:
    """Standard deviations a sample for readings every ``period`` seconds; all zero where noise is off."""
    on = float(config.noise)
    white, walk = on / math.sqrt(period), on * math.sqrt(period)
    return ImuErrors(
        white=(white * config.accelerometer_noise_density, white * config.gyroscope_noise_density),
        walk=(walk * config.accelerometer_random_walk, walk * config.gyroscope_random_walk),
        turn_on=(on * config.accelerometer_turn_on_bias, on * config.gyroscope_turn_on_bias),
    )


@scalar
def specific_force(acceleration_x, acceleration_y, pitch, roll):
    """Specific force (forward, left) [m/s²] in the frame of a body that is pitched and rolled by small angles.

    f = a + g z: the body's tilt lets part of gravity into both axes (``pitch`` nose down, ``roll`` right side down).
    """
    return (
        acceleration_x * math.cos(pitch) - GRAVITY * math.sin(pitch),
        acceleration_y * math.cos(roll) + GRAVITY * math.sin(roll),
    )


@scalar
def _advance_bias(i, axis, seed, step, memory, errors):
    """Carry the bias of one axis to ``step``: a pure function of seed and step, however often one looks."""
    unit = 0 if axis < 2 else 1
    start = memory.step[i]
    if start < 0 or start > step:
        start = 0
        memory.bias[i, axis] = errors.turn_on[unit] * random_normal(seed, STREAM_IMU, 0, 6 + axis)
    for k in range(start + 1, step + 1):
        memory.bias[i, axis] += errors.walk[unit] * random_normal(seed, STREAM_IMU, k, 3 + axis)


@kernel(grain=256)
def _read(i, seeds, state, memory, errors, out):
    """The IMU of one world."""
    seed, step = seeds[0][i], state.step[i]
    pitch, roll = state.pitch[i], state.roll[i]
    force_x, force_y = specific_force(state.acceleration_x[i], state.acceleration_y[i], pitch, roll)
    rate = state.yaw_rate[i] * math.cos(pitch) * math.cos(roll)
    for axis in range(3):
        _advance_bias(i, axis, seed, step, memory, errors)
        truth = force_x if axis == 0 else (force_y if axis == 1 else rate)
        white = errors.white[0 if axis < 2 else 1]
        largest = LARGEST_FORCE if axis < 2 else LARGEST_RATE
        reading = truth + memory.bias[i, axis] + white * random_normal(seed, STREAM_IMU, step, axis)
        out[0][i, axis] = min(max(reading, -largest), largest)
    memory.step[i] = step


class Imu:
    """The IMUs of B cars: float32 (B, 3) [specific force forward, left [m/s²], yaw rate [rad/s]], car's frame."""

    memory: ImuMemory

    def __init__(self, config: ImuConfig, period: float, device: str = "cpu") -> None:
        self.config, self.device = config, device
        self.errors = discrete_errors(config, period)
        self._read = Repeated(_read)
        self._seeds: tuple[Any] = (None,)
        self.reset(0)

    @property
    def bounds(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Smallest and largest reading of one world, float32 (3)."""
        largest = np.array([LARGEST_FORCE, LARGEST_FORCE, LARGEST_RATE], np.float32)
        return -largest, largest

    def reset(self, batch: int, mask: Any = None) -> None:
        """Switch on again where the mask says so (bool (B); None: everywhere)."""
        if mask is None or self.memory.step.shape[0] != batch:
            step = np.full(batch, -1, np.int64)
            self.memory = ImuMemory(allocate(self.device, (batch, 3), np.float64), to_device(self.device, step))
            self._out = (allocate(self.device, (batch, 3), np.float32),)
            return
        step = np.array(to_host(self.memory.step))
        step[np.asarray(mask, bool)] = -1
        # In place: a record of its arrays has been made for compiled code.
        assign(self.memory.step, 0, step)

    def sense(self, simulator: Simulator) -> Any:
        """One reading of every world."""
        if self._seeds[0] is not simulator.world.seed:
            self._seeds = (simulator.world.seed,)
            if self._out[0].shape[0] != simulator.batch_size:
                self.reset(simulator.batch_size)
        self._read(self.device, simulator.batch_size, self._seeds, simulator.state, self.memory, self.errors, self._out)
        return duplicate(self._out[0])
