"""A scenario of a test's own: a straight road and a parked car that stands in the way in a known part of its range."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drive_sim.base.resources import scenarios_folder

SCENARIO = """
purpose = "Go on past a car that stands in the way or beside the road."
good_driver = "Stops before it, or passes it."
weather = { dry = 1.0, rain = 1.0 }
run_out = [15.0, 25.0]

[road]
file = "straight.csv"

[ego]
speed = 10.0
offset = 0.0
heading_error = 0.0

[encounters.car]
position = [35.0, 45.0]

[encounters.car.actors.parked]
kind = "car"
at = { place = "lane", offset = [-0.5, 9.5] }
demands_reaction = true
"""
SUITE = """
purpose = "Pass a parked car."
good_driver = "Passes it."
split = "validation"
scenarios = ["parked.toml"]
on_failure = "terminate"
seconds = 20.0
headline = "collision_free_passes"
baselines = []
"""


@pytest.fixture(scope="module")
def own_suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a suite of that scenario alone; whoever drives straight on hits the car where its offset is small."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(scenarios_folder() / "test" / "ncap" / "proving-ground.csv", folder / "straight.csv")
    (folder / "parked.toml").write_text(SCENARIO, encoding="utf-8")
    (folder / "suite.toml").write_text(SUITE, encoding="utf-8")
    return folder / "suite.toml"
