"""The tables of docs/sensors.md, from configurations and readings."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from drive_sim.envs.drive_env import DriveEnv
from drive_sim.sensors import imu
from drive_sim.sensors.radar import configuration as radar_configuration
from drive_sim.sensors.radar.radar import CROSS_SECTION
from drive_sim.sensors.registry import BUILT_IN, SENSORS
from drive_sim.sensors.suite import SENSOR_NAMES, Observation
from drive_sim.world.state import ACTOR_NAMES
from scripts.reference.markdown import cell, markdown, meanings

IMU_PARTS = {"BMI088": imu.BMI088, "ADIS16465-1": imu.ADIS16465}
IMU_UNITS: dict[str, tuple[tuple[float, str], tuple[float, str]]] = {
    "noise_density": ((imu.MICRO_G, "µg/√Hz"), (math.radians(1.0), "°/s/√Hz")),
    "bias_instability": ((imu.MICRO_G, "µg"), (imu.DEGREE_PER_HOUR, "°/h")),
    "correlation_time": ((1.0, "s"), (1.0, "s")),
    "random_walk": ((imu.MICRO_G, "µg/√s"), (imu.DEGREE_PER_HOUR, "°/h/√s")),
    "turn_on_bias": ((1e3 * imu.MICRO_G, "mg"), (math.radians(1.0), "°/s")),
    "scale_error": ((0.01, "%"), (0.01, "%")),
    "resolution": ((1e3 * imu.MICRO_G, "mg"), (math.radians(1.0), "°/s")),
    "range": ((1e6 * imu.MICRO_G, "g"), (math.radians(1.0), "°/s")),
}
"""Units of data sheets, for the accelerometer and the gyroscope: how large one is in SI units, and its name."""


def measured(value: Any, meaning: str) -> str:
    """A default with the unit that its field's docstring gives; angles in degrees too."""
    unit = re.search(r"\[(.*?)\]", meaning)
    if isinstance(value, bool):
        return f"`{value}`"
    values = value if isinstance(value, tuple) else (value,)
    shown = ", ".join(f"{number:.4g}" for number in values)
    if unit is None or unit[1] == "1":
        return shown
    if unit[1] == "rad" and any(values):
        return f"{shown} rad ({', '.join(f'{math.degrees(number):.4g}' for number in values)}°)"
    return f"{shown} {unit[1]}"


def configuration_table(kind: type) -> str:
    """Field, default and meaning of every field of a configuration."""
    told, rows = meanings(kind), []
    constants = {id(value): name for name, value in vars(sys.modules[kind.__module__]).items() if name.isupper()}
    for one in fields(kind):
        meaning = told[one.name][1]
        constant = constants.get(id(one.default)) if type(one.default).__module__.startswith("drive_sim") else None
        default = (
            "required"
            if one.default is MISSING
            else measured(one.default, meaning)
            if constant is None
            else f"`{constant}`"
        )
        rows.append((f"`{one.name}`", default, cell(meaning)))
    return markdown((f"field of `{kind.__name__}`", "default", "meaning"), rows)


def reading_table(name: str, space: Any) -> str:
    """What a sensor's reading is, from the space of observations and the fields of `Observation`."""
    low, high = (np.unique(bound).tolist() for bound in (space.low, space.high))
    meaning = meanings(Observation)[name][1].partition(")")[2]
    rows = [
        ("name in the observation", f"`{name}`"),
        ("shape", str(space.shape)),
        ("dtype", str(space.dtype)),
        ("values", cell(meaning)),
    ]
    if len(low) == len(high) == 1:
        rows.append(("smallest, largest", f"{low[0]:.4g}, {high[0]:.4g}"))
    else:
        limits = zip(space.low.reshape(-1, space.shape[-1])[0], space.high.reshape(-1, space.shape[-1])[0], strict=True)
        rows.append(("smallest, largest", "; ".join(f"{one:.4g}, {other:.4g}" for one, other in limits)))
    return markdown(("", ""), rows)


def beam_table() -> str:
    """Both beams of the radar; three numbers are values at the beam's three angles."""
    told, beams = (
        meanings(radar_configuration.RadarBeam),
        (radar_configuration.ARS_408_NEAR, radar_configuration.ARS_408_FAR),
    )
    rows = [
        (f"`{name}`", *(measured(getattr(beam, name), meaning) for beam in beams), cell(meaning))
        for name, (_, meaning) in told.items()
    ]
    return markdown(("field of `RadarBeam`", "`ARS_408_NEAR`", "`ARS_408_FAR`", "meaning"), rows)


def imu_table() -> str:
    """Errors of the IMU's parts in the units of their data sheets."""
    told = meanings(imu.InertialErrors)
    head = [f"{part} {axes}" for part in IMU_PARTS for axes in ("accelerometer", "gyroscope")]
    rows = []
    for name, units in IMU_UNITS.items():
        kinds = [
            axes
            for part in IMU_PARTS.values()
            for axes in zip((part.accelerometer, part.gyroscope), units, strict=True)
        ]
        rows.append(
            (
                f"`{name}`",
                *(f"{getattr(errors, name) / one:.3g} {unit}" for errors, (one, unit) in kinds),
                cell(told[name][1]),
            )
        )
    return markdown(("field of `InertialErrors`", *head, "meaning"), rows)


def sensor_tables() -> dict[str, str]:
    """Every table of docs/sensors.md by the name in its marker."""
    space = DriveEnv(sensors=SENSOR_NAMES).observation_space
    return {
        **{f"{name} reading": reading_table(name, space[name]) for name in SENSOR_NAMES},
        **{f"{name} configuration": configuration_table(SENSORS[name].Config) for name in BUILT_IN},
        "radar beams": beam_table(),
        "radar cross-sections": markdown(
            ("class", "RCS [dBsm]"), [(ACTOR_NAMES[kind], f"{value:g}") for kind, value in CROSS_SECTION.items()]
        ),
        "imu parts": imu_table(),
    }
