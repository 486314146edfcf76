"""What a radar is: its two beams, its mount, how sensitive it is; by default Continental's ARS 408-21.

Figures are those of its data sheet ("ARS 408-21 Premium Long Range Radar Sensor 77 GHz"): a far-range beam of 18
degrees to 250 m and a near-range one of 90 degrees to 70 m and 120 degrees to 20 m, a measurement of both every 72 ms.
Accuracies that it gives as plus or minus a value are read as two standard deviations.
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from drive_sim.sensors.configuration import Flag, Mount, NotNegative, Number, Reach, Whole, configuration

Triple = tuple[NotNegative, NotNegative, NotNegative]
Range = Annotated[Number, Field(ge=0.0, le=10_000.0)]


def _degrees(first: float, second: float, third: float) -> tuple[float, float, float]:
    return math.radians(first), math.radians(second), math.radians(third)


@configuration("radar beam")
class RadarBeam:
    """One of a radar's beams. Triples are values at its three ``angles`` off its middle, interpolated in between."""

    angles: Triple
    """Off the middle [rad], rising from 0; beyond the last there is no beam."""
    ranges: tuple[Range, Range, Range]
    """Reach [m]."""
    azimuth_noise: Triple
    """Standard deviation of an azimuth [rad]."""
    azimuth_resolution: Triple
    """Cell in azimuth [rad]."""
    range_noise: NotNegative
    """Standard deviation of a range [m]."""
    range_resolution: NotNegative
    """Cell in range [m]."""
    rate_resolution: NotNegative
    """Cell in range rate [m/s]."""

    @model_validator(mode="after")
    def _rising(self) -> RadarBeam:
        if not 0.0 == self.angles[0] < self.angles[1] < self.angles[2] <= math.pi:
            given = ", ".join(f"{angle:g}" for angle in self.angles)
            raise ValueError(f"angles run from {given}; give three that rise from 0 to at most pi")
        return self


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


@configuration("radar")
class RadarConfig:
    """A front radar; after Continental's ARS 408-21."""

    detections: Annotated[Whole, Field(ge=1, le=1024)] = 16
    """Rows of a reading: the nearest so many detections."""
    cycle: Annotated[Number, Field(ge=0.001, le=60.0)] = 0.072
    """Time between two measurements [s], in between the last one is repeated; the data sheet's."""
    x: Mount = 2.25
    """Mount forward of the car's reference point [m]: the front bumper."""
    y: Mount = 0.0
    """Mount left of it [m]."""
    yaw: Number = 0.0
    """Direction of the beams' middle against the car's axis [rad]."""
    near: RadarBeam = ARS_408_NEAR
    """The near-range beam, which is wide."""
    far: RadarBeam = ARS_408_FAR
    """The far-range beam, which is narrow."""
    least_range: Reach = 0.2
    """Shortest range that is detected [m]; the data sheet's."""
    sensitivity_range: Reach = 250.0
    """Where a target of 10 dBsm, a car, is detected every second time in dry air [m]: the reach that the data sheet
    names."""
    false_alarm: Annotated[Number, Field(gt=0.0, lt=0.5)] = 1e-6
    """Probability that noise alone passes the detector's threshold; sets how steeply detection falls with range. Usual
    in the literature (Richards 2014)."""
    noise: Flag = True
    """Whether fluctuation, missed detections, measurement errors and rail echoes apply; without it a target is
    detected where the probability is one half or more."""
    rate_noise: NotNegative = 0.1 / 3.6 / 2.0
    """Standard deviation of range rate [m/s]; the data sheet's ±0.1 km/h."""
    rail_echoes: Annotated[Whole, Field(ge=0, le=1024)] = 2
    """Posts of each guard rail that reflect in a cycle; 0: none. An estimate."""
    rail_section: Annotated[Number, Field(ge=-100.0, le=100.0)] = -5.0
    """Mean radar cross-section of such a post [dBsm]; an estimate."""
    rail_reach: Range = 80.0
    """Largest range of such posts along the road [m]; an estimate."""

    @property
    def max_range(self) -> float:
        """Farthest that either beam reaches [m]."""
        return max(*self.near.ranges, *self.far.ranges)
