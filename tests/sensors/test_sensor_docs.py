"""What docs/sensors.md says of the sensors is what they are."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import gymnasium
import pytest

import drive_sim  # noqa: F401 (registers the environment)
from drive_sim.sensors.gnss import GnssConfig
from drive_sim.sensors.imu import ImuConfig, InertialErrors
from drive_sim.sensors.lidar import LidarConfig
from drive_sim.sensors.odometry import OdometryConfig
from drive_sim.sensors.radar.configuration import RadarConfig
from drive_sim.sensors.radar.radar import CROSS_SECTION
from drive_sim.sensors.suite import SENSOR_NAMES
from drive_sim.world.state import ACTOR_NAMES

CONFIGS = {
    "lidar": (LidarConfig,),
    "radar": (RadarConfig,),
    "imu": (ImuConfig, InertialErrors),
    "gnss": (GnssConfig,),
    "odometry": (OdometryConfig,),
}


@pytest.fixture(scope="module")
def sections(repository: Path) -> dict[str, str]:
    """Text below each heading, by sensor."""
    text = (repository / "docs" / "sensors.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cell(section: str, name: str) -> str:
    """What a section's table says of a property."""
    match = re.search(rf"^\| {name} \| (.*) \|$", section, flags=re.MULTILINE)
    assert match is not None, name
    return match[1]


def test_there_is_a_table_for_every_sensor_and_it_has_its_name_shape_and_type(sections):
    space = gymnasium.make("DriveSim-v0").observation_space
    assert isinstance(space, gymnasium.spaces.Dict)
    assert list(sections) == list(SENSOR_NAMES) == list(dict.fromkeys(SENSOR_NAMES))
    assert set(space) == set(sections)
    for name, section in sections.items():
        assert cell(section, "name in the observation").split(";")[0] == f"`{name}`"
        assert cell(section, "shape") == str(space[name].shape), name
        assert cell(section, "dtype") == str(space[name].dtype), name


@pytest.mark.parametrize("name", CONFIGS)
def test_every_field_of_a_config_is_told_of_and_none_that_is_not_there(sections, name):
    known = {entry.name for config in CONFIGS[name] for entry in fields(config)}
    for field in known:
        assert f"`{field}`" in sections[name], field
    first_cells = re.findall(r"^\| (`[^|]*) \|", sections[name], flags=re.MULTILINE)
    assert {field for cells in first_cells for field in re.findall(r"`(\w+)`", cells)} <= known


def test_cross_sections_are_those_of_the_radar(sections):
    rows = re.findall(r"^\| ([a-z, ]+) \| ([-0-9, ]+) \| .* \|$", sections["radar"], flags=re.MULTILINE)
    told = {}
    for names, values in rows:
        numbers = [float(value) for value in values.split(",")]
        kinds = names.split(", ")
        told |= dict(zip(kinds, numbers * len(kinds) if len(numbers) == 1 else numbers, strict=True))
    assert told == {ACTOR_NAMES[kind]: value for kind, value in CROSS_SECTION.items()}
