"""What a radar is: its two beams, its mount, how sensitive it is; by default Continental's ARS 408-21.

Figures are those of its data sheet ("ARS 408-21 Premium Long Range Radar Sensor 77 GHz"): a far beam of 18 degrees to
250 m and a near one of 90 degrees to 70 m and 120 degrees to 20 m, a measurement of both every 72 ms. Accuracies that
it gives as plus or minus a value are read as two standard deviations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Triple = tuple[float, float, float]


def _degrees(first: float, second: float, third: float) -> Triple:
    return math.radians(first), math.radians(second), math.radians(third)


@dataclass(frozen=True)
class RadarBeam:
    """One of a radar's beams. Triples are values at its three ``angles`` off its middle, interpolated in between."""

    angles: Triple
    """[rad], 0 first; beyond the last there is no beam."""
    ranges: Triple
    """Reach [m]."""
    azimuth_noise: Triple
    """Standard deviation [rad]."""
    azimuth_resolution: Triple
    """[rad]"""
    range_noise: float
    """Standard deviation [m]."""
    range_resolution: float
    """[m]"""
    rate_resolution: float
    """[m/s]"""

    def __post_init__(self) -> None:
        if len(self.angles) != 3 or self.angles[0] != 0.0 or not 0.0 < self.angles[1] < self.angles[2] <= math.pi:
            raise ValueError(f"angles must be three that rise from 0 to at most pi, not {self.angles}")
        for name in ("ranges", "azimuth_noise", "azimuth_resolution"):
            values = getattr(self, name)
            if len(values) != 3 or not all(value >= 0.0 for value in values):
                raise ValueError(f"{name} must be three numbers that are not negative, not {values}")
        for name in ("range_noise", "range_resolution", "rate_resolution"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} must not be negative, but is {getattr(self, name)}")


ARS_408_NEAR = RadarBeam(
    angles=_degrees(0.0, 45.0, 60.0),
    ranges=(70.0, 70.0, 20.0),
    azimuth_noise=_degrees(0.15, 0.5, 2.5),
    azimuth_resolution=_degrees(3.2, 4.5, 12.3),
    range_noise=0.05,
    range_resolution=0.39,
    rate_resolution=0.43 / 3.6,
)
"""±0.10 m; ±0.3, ±1 and ±5 degrees at 0, 45 and 60 degrees."""
ARS_408_FAR = RadarBeam(
    angles=_degrees(0.0, 4.5, 9.0),
    ranges=(250.0, 250.0, 250.0),
    azimuth_noise=_degrees(0.05, 0.05, 0.05),
    azimuth_resolution=_degrees(1.6, 1.6, 1.6),
    range_noise=0.2,
    range_resolution=1.79,
    rate_resolution=0.37 / 3.6,
)
"""±0.40 m, ±0.1 degrees."""


@dataclass(frozen=True)
class RadarConfig:
    """A front radar; after Continental's ARS 408-21."""

    detections: int = 16
    """Rows of a reading: the nearest so many detections."""
    cycle: float = 0.072
    """Time between two measurements [s]; in between the last one is repeated."""
    x: float = 2.25
    """Mount forward of the car's reference point [m]: the front bumper."""
    y: float = 0.0
    """Mount left of it [m]."""
    yaw: float = 0.0
    """Direction of the beams' middle against the car's axis [rad]."""
    near: RadarBeam = ARS_408_NEAR
    far: RadarBeam = ARS_408_FAR
    least_range: float = 0.2
    """Nothing nearer is detected [m]."""
    sensitivity_range: float = 250.0
    """Where a target of 10 dBsm is detected every second time, in dry air [m]."""
    false_alarm: float = 1e-6
    """Probability that noise alone passes the detector's threshold; sets how steeply detection falls with range."""
    noise: bool = True
    """Whether fluctuation, missed detections, measurement errors and rail echoes apply; without it a target is
    detected where the probability is one half or more."""
    rate_noise: float = 0.1 / 3.6 / 2.0
    """Standard deviation of range rate [m/s]; ±0.1 km/h."""
    rail_echoes: int = 2
    """Posts of each guard rail that reflect in a cycle; 0: none."""
    rail_section: float = -5.0
    """Mean radar cross-section of such a post [dBsm]; an estimate."""
    rail_reach: float = 80.0
    """How far ahead such posts are [m]."""

    def __post_init__(self) -> None:
        if self.detections < 1:
            raise ValueError(f"detections must be at least 1, not {self.detections}")
        for name in ("cycle", "least_range", "sensitivity_range"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be positive, but is {getattr(self, name)}")
        for name in ("rate_noise", "rail_echoes", "rail_reach"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, but is {getattr(self, name)}")
        if not 0.0 < self.false_alarm < 0.5:
            raise ValueError(f"false_alarm must be above 0 and below 0.5, not {self.false_alarm}")

    @property
    def max_range(self) -> float:
        """Farthest that either beam reaches [m]."""
        return max(*self.near.ranges, *self.far.ranges)
