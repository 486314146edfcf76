"""A radar as compiled code takes it: what its beams cover, how finely they measure, how strong a target's signal is.

An echo's signal-to-noise ratio follows the radar equation, S ~ RCS / R^4, weakened by rain.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from drive_sim.compute.kernel import inner_scalar
from drive_sim.sensors.radar.configuration import RadarBeam, RadarConfig

RAIN_FACTOR, RAIN_EXPONENT = 1.121, 0.708
"""k and alpha of ITU-R P.838-3 at 76.5 GHz, vertical polarisation: k R^alpha dB/km one way at R mm/h."""


class BeamModel(NamedTuple):
    """A `RadarBeam` for kernels; triples belong to its three angles."""

    angles: tuple[float, float, float]
    ranges: tuple[float, float, float]
    azimuth_noise: tuple[float, float, float]
    azimuth_resolution: tuple[float, float, float]
    range_noise: float
    range_resolution: float
    rate_resolution: float


class RadarModel(NamedTuple):
    """A `RadarConfig` for kernels."""

    x: float
    y: float
    yaw: float
    least_range: float
    max_range: float
    scans_per_step: float
    reference_signal: float  # S of 1 m² at 1 m in dry air
    threshold: float
    noisy: int
    rate_noise: float
    rail_echoes: int
    rail_section: float  # [m²]
    rail_reach: float  # [m]
    near: BeamModel
    far: BeamModel


@inner_scalar
def at_angle(angles, values, azimuth):
    """What a beam's table says at an azimuth [rad], interpolated between its three angles."""
    angle = abs(azimuth)
    if angle <= angles[1]:
        return values[0] + (values[1] - values[0]) * angle / angles[1]
    share = min((angle - angles[1]) / (angles[2] - angles[1]), 1.0)
    return values[1] + (values[2] - values[1]) * share


@inner_scalar
def reaches(beam, distance, azimuth):
    """Whether a beam covers the place."""
    return abs(azimuth) <= beam.angles[2] and distance <= at_angle(beam.angles, beam.ranges, azimuth)


@inner_scalar
def beam_of(model, distance, azimuth):
    """Which beam measures at a place: 0 near range, 1 far range, -1 none."""
    if distance < model.least_range:
        return -1
    if reaches(model.near, distance, azimuth):
        return 0
    return 1 if reaches(model.far, distance, azimuth) else -1


@inner_scalar
def signal_gain(model, distance, rain):
    """S of a target of 1 m² [1]: R^-4 and rain there and back."""
    decibels = 2e-3 * distance * RAIN_FACTOR * rain**RAIN_EXPONENT if rain > 0.0 else 0.0
    return model.reference_signal * 10.0 ** (-0.1 * decibels) / distance**4


def _beam_model(beam: RadarBeam) -> BeamModel:
    return BeamModel(**{name: getattr(beam, name) for name in BeamModel._fields})


def radar_model(config: RadarConfig, period: float) -> RadarModel:
    """The radar's model for control steps of ``period`` seconds."""
    threshold = -math.log(config.false_alarm)
    half = threshold / math.log(2.0) - 1.0  # S that is detected with probability 1/2
    return RadarModel(
        x=config.x,
        y=config.y,
        yaw=config.yaw,
        least_range=config.least_range,
        max_range=config.max_range,
        scans_per_step=period / config.cycle,
        reference_signal=half * config.sensitivity_range**4 / 10.0,
        threshold=threshold,
        noisy=int(config.noise),
        rate_noise=config.rate_noise,
        rail_echoes=config.rail_echoes,
        rail_section=10.0 ** (0.1 * config.rail_section),
        rail_reach=config.rail_reach,
        near=_beam_model(config.near),
        far=_beam_model(config.far),
    )
