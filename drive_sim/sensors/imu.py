"""IMU: specific force and yaw rate with the errors of a real MEMS part.

Each axis reads the truth times a scale factor that an episode keeps, plus bias and white noise, rounded to the part's
resolution and limited to its range. In discrete time, with w ~ N(0, 1) and the sampling time T,

    white noise    n[k] = N w / sqrt(T)                                        angle (velocity) random walk N
    instability    g[k] = exp(-T / tau) g[k-1] + sigma sqrt(1 - exp(-2 T / tau)) w   first-order Gauss-Markov
    rate walk      r[k] = r[k-1] + K sqrt(T) w                                 rate random walk K
    bias           turn-on bias + g + r

(IEEE Std 952-1997, annex C). Their Allan variances at averaging time t are N^2 / t, `markov_allan` and K^2 t / 3. The
flicker noise behind a data sheet's bias stability is approximated by g: its Allan deviation has a flat top,
0.618 sigma at t = 1.89 tau, and sigma is chosen so that all three together have the data sheet's bias stability there.

Parts: Bosch BMI088, a good automotive and drone part (data sheet BST-BMI088-DS001 and product flyer), and Analog
Devices ADIS16465-1, a calibrated module (data sheet ADIS16465). Data sheets give no rate random walk and no time of the
floor: those are chosen so that the Allan deviation rises again beyond it. Turn-on biases and scale errors are of the
size of their offset, repeatability and sensitivity errors, taken as one standard deviation.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from pydantic import model_validator

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import allocate, kernel, scalar
from drive_sim.compute.randomness import STREAM_IMU, random_normal
from drive_sim.sensors.configuration import Flag, NotNegative, Positive, Resolution, configuration
from drive_sim.sensors.odometry import quantise
from drive_sim.sensors.stateful import RememberingSensor
from drive_sim.world.ego.single_track import GRAVITY

PEAK_TIME, PEAK_DEVIATION = 1.89, 0.618
"""Where the Allan deviation of a Gauss-Markov process has its top, in tau, and how high that is, in sigma."""
MICRO_G = 1e-6 * GRAVITY
DEGREE_PER_HOUR = math.radians(1.0) / 3600.0
"""[rad/s]"""


@configuration("inertial errors")
class InertialErrors:
    """Errors of one kind of axis; unit: m/s² for accelerometers, rad/s for gyroscopes."""

    noise_density: NotNegative
    """White noise N [unit / sqrt(Hz)]."""
    bias_instability: NotNegative
    """Allan deviation at the floor of its curve [unit]: a data sheet's (in-run) bias stability."""
    correlation_time: Positive
    """tau of the Gauss-Markov process [s]; chosen."""
    random_walk: NotNegative
    """Rate random walk K [unit / s / sqrt(Hz)]; chosen."""
    turn_on_bias: NotNegative
    """Standard deviation of the bias at the start of an episode [unit]."""
    scale_error: NotNegative
    """Standard deviation of the scale factor's relative error [1], drawn once an episode."""
    resolution: Resolution
    """Step of the output word [unit]; 0: finer than a float32."""
    range: Positive
    """Readings saturate there [unit]."""

    @model_validator(mode="after")
    def _consistent(self) -> InertialErrors:
        if self.bias_instability > 0.0 and self._markov_share() < 0.0:
            raise ValueError(
                f"bias_instability {self.bias_instability} is below what noise_density and random_walk alone leave "
                f"at {PEAK_TIME * self.correlation_time:.0f} s; give 0 for none, or another correlation_time"
            )
        return self

    def _markov_share(self) -> float:
        time = PEAK_TIME * self.correlation_time
        return self.bias_instability**2 - self.noise_density**2 / time - self.random_walk**2 * time / 3.0

    @property
    def markov_deviation(self) -> float:
        """sigma of the Gauss-Markov process [unit]."""
        return math.sqrt(max(self._markov_share(), 0.0)) / PEAK_DEVIATION if self.bias_instability > 0.0 else 0.0


BMI088_ACCELEROMETER = InertialErrors(
    noise_density=175.0 * MICRO_G,
    bias_instability=40.0 * MICRO_G,
    correlation_time=50.0,
    random_walk=3.6 * MICRO_G,
    turn_on_bias=20e3 * MICRO_G,
    scale_error=0.005,
    resolution=GRAVITY / 5460.0,
    range=6.0 * GRAVITY,
)
"""±6 g, 16 bit; the data sheet gives no bias stability: an estimate."""
BMI088_GYROSCOPE = InertialErrors(
    noise_density=math.radians(0.014),
    bias_instability=2.0 * DEGREE_PER_HOUR,
    correlation_time=500.0,
    random_walk=0.056 * DEGREE_PER_HOUR,
    turn_on_bias=math.radians(1.0),
    scale_error=0.01,
    resolution=math.radians(1.0 / 131.072),
    range=math.radians(250.0),
)
"""±250 degrees/s, 16 bit."""
ADIS16465_ACCELEROMETER = InertialErrors(
    noise_density=0.012 / 60.0,
    bias_instability=3.6 * MICRO_G,
    correlation_time=100.0,
    random_walk=0.19 * MICRO_G,
    turn_on_bias=1.4e3 * MICRO_G,
    scale_error=0.001,
    resolution=0.0,
    range=8.0 * GRAVITY,
)
"""0.012 m/s/sqrt(h); ±8 g, 32 bit."""
ADIS16465_GYROSCOPE = InertialErrors(
    noise_density=math.radians(0.15) / 60.0,
    bias_instability=2.0 * DEGREE_PER_HOUR,
    correlation_time=50.0,
    random_walk=0.14 * DEGREE_PER_HOUR,
    turn_on_bias=math.radians(0.14),
    scale_error=0.003,
    resolution=0.0,
    range=math.radians(125.0),
)
"""0.15 degrees/sqrt(h); ±125 degrees/s, 32 bit."""


@configuration("imu")
class ImuConfig:
    """An IMU. Rate: every control step (20 Hz), the mean over that step."""

    noise: Flag = True
    """Whether errors apply, the rounding included; the range always does."""
    accelerometer: InertialErrors = BMI088_ACCELEROMETER
    """Errors of the axes forward and left."""
    gyroscope: InertialErrors = BMI088_GYROSCOPE
    """Errors of the yaw rate."""


BMI088 = ImuConfig()
ADIS16465 = ImuConfig(accelerometer=ADIS16465_ACCELEROMETER, gyroscope=ADIS16465_GYROSCOPE)


class ImuErrors(NamedTuple):
    """Discrete errors for kernels, for (accelerometers, gyroscope)."""

    white: tuple[float, float]  # standard deviation a sample
    decay: tuple[float, float]  # exp(-T / tau)
    innovation: tuple[float, float]  # sigma sqrt(1 - exp(-2 T / tau))
    markov: tuple[float, float]  # sigma
    walk: tuple[float, float]
    turn_on: tuple[float, float]
    scale: tuple[float, float]
    resolution: tuple[float, float]
    range: tuple[float, float]


@lasting
class ImuMemory(NamedTuple):
    """What lasts from one reading to the next; the axes are [m/s², m/s², rad/s]."""

    walk: Any  # float64 (B, 3) turn-on bias and rate walk
    markov: Any  # float64 (B, 3)
    step: Any  # int64 (B) step that they belong to, -1 none


def markov_allan(deviation: float, correlation_time: float, time: float) -> float:
    """Allan deviation at averaging time ``time`` [s] of a Gauss-Markov process (IEEE Std 952-1997, equation C.16)."""
    ratio = correlation_time / time
    decay = math.exp(-1.0 / ratio)
    return deviation * math.sqrt(2.0 * ratio * (1.0 - 0.5 * ratio * (3.0 - 4.0 * decay + decay * decay)))


def discrete_errors(config: ImuConfig, period: float) -> ImuErrors:
    """Errors for readings every ``period`` seconds; all zero where noise is off."""
    on = float(config.noise)
    kinds = (config.accelerometer, config.gyroscope)

    def each(values: list[float]) -> tuple[float, float]:
        return float(values[0]), float(values[1])

    decays = [math.exp(-period / kind.correlation_time) for kind in kinds]
    return ImuErrors(
        white=each([on * kind.noise_density / math.sqrt(period) for kind in kinds]),
        decay=each(decays),
        innovation=each(
            [on * kind.markov_deviation * math.sqrt(1.0 - a * a) for kind, a in zip(kinds, decays, strict=True)]
        ),
        markov=each([on * kind.markov_deviation for kind in kinds]),
        walk=each([on * kind.random_walk * math.sqrt(period) for kind in kinds]),
        turn_on=each([on * kind.turn_on_bias for kind in kinds]),
        scale=each([on * kind.scale_error for kind in kinds]),
        resolution=each([on * kind.resolution for kind in kinds]),
        range=each([kind.range for kind in kinds]),
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
    """Carry the bias of one axis to ``step``: a pure function of seed and step, however often it is read."""
    unit = 0 if axis < 2 else 1
    start = memory.step[i]
    if start < 0 or start > step:
        start = 0
        memory.walk[i, axis] = errors.turn_on[unit] * random_normal(seed, STREAM_IMU, 0, 6 + axis)
        memory.markov[i, axis] = errors.markov[unit] * random_normal(seed, STREAM_IMU, 0, 9 + axis)
    for k in range(start + 1, step + 1):
        memory.walk[i, axis] += errors.walk[unit] * random_normal(seed, STREAM_IMU, k, 3 + axis)
        innovation = errors.innovation[unit] * random_normal(seed, STREAM_IMU, k, 9 + axis)
        memory.markov[i, axis] = errors.decay[unit] * memory.markov[i, axis] + innovation


@kernel(grain=512)
def _read(i, seeds, state, memory, errors, out):
    """The IMU of one world."""
    seed, step = seeds[0][i], state.step[i]
    pitch, roll = state.pitch[i], state.roll[i]
    force_x, force_y = specific_force(state.acceleration_x[i], state.acceleration_y[i], pitch, roll)
    rate = state.yaw_rate[i] * math.cos(pitch) * math.cos(roll)
    for axis in range(3):
        unit = 0 if axis < 2 else 1
        _advance_bias(i, axis, seed, step, memory, errors)
        truth = force_x if axis == 0 else (force_y if axis == 1 else rate)
        reading = truth * (1.0 + errors.scale[unit] * random_normal(seed, STREAM_IMU, 0, 12 + axis))
        reading += memory.walk[i, axis] + memory.markov[i, axis]
        reading += errors.white[unit] * random_normal(seed, STREAM_IMU, step, axis)
        largest = errors.range[unit]
        out[0][i, axis] = min(max(quantise(reading, errors.resolution[unit]), -largest), largest)
    memory.step[i] = step


class Imu(RememberingSensor):
    """The IMUs of B cars: float32 (B, 3) [specific force forward, left [m/s²], yaw rate [rad/s]], car's frame."""

    Config = ImuConfig
    memory: ImuMemory

    def __init__(self, config: ImuConfig, period: float, device: str = "cpu") -> None:
        self.config = config
        super().__init__(_read, discrete_errors(config, period), 3, device)

    @property
    def bounds(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Smallest and largest reading of one world, float32 (3)."""
        force, rate = self.model.range
        largest = np.array([force, force, rate], np.float32)
        return -largest, largest

    def blank(self, batch: int, step: Any) -> ImuMemory:
        """See `RememberingSensor`."""
        return ImuMemory(
            walk=allocate(self.device, (batch, 3), np.float64),
            markov=allocate(self.device, (batch, 3), np.float64),
            step=step,
        )
