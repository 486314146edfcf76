"""Readings of sensors that other packages add are recorded as the sensors give them, and read back so."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lerobot_reader import LeRobotReader
from recorded_drives import drive, make_simulator, record

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import to_host
from drive_sim.drivers.straight import StraightDriver
from drive_sim.recording.curation import check, drop
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.journal import journal_folders
from drive_sim.recording.recorder import Recorder
from drive_sim.recording.writer import recover
from drive_sim.rollout import run
from drive_sim.sensors.configuration import configuration
from drive_sim.sensors.registry import SENSORS
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

STEPS = 5
KINDS: dict[str, tuple[str, tuple[int, ...], str]] = {
    "speedometer": ("float32", (1,), "float32"),
    "clock": ("float64", (), "float64"),
    "half-range": ("float16", (3,), "float32"),
    "echoes": ("float32", (4, 2), "float32"),
    "gear": ("int32", (2,), "int64"),
    "belt": ("bool", (1,), "int64"),
}
"""Sensors: dtype and shape of a reading of one world, and the dtype that it is recorded with."""


def readings(step: int, worlds: int = 1) -> dict[str, Any]:
    """Readings of every sensor of `KINDS`."""
    rng = np.random.default_rng((step, 3))
    return {name: rng.uniform(0, 9, (worlds, *shape)).astype(dtype) for name, (dtype, shape, _) in KINDS.items()}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two episodes, with the readings of every sensor of `KINDS`."""
    path = tmp_path_factory.mktemp("readings") / "dataset"
    recorder = Recorder(path)
    drive(recorder, make_simulator(worlds=2), STEPS, seed=1, readings=lambda step: readings(step, 2))
    assert recorder.finish() == [0, 1]
    return path


@pytest.mark.parametrize("name", KINDS)
def test_readings_come_back_with_their_shape_and_number_for_number(recorded: Path, name: str) -> None:
    dataset, (_, shape, dtype) = Dataset.open(recorded), KINDS[name]
    feature = dataset.features[f"observation.{name}"]
    assert feature == {"dtype": dtype, "shape": [math.prod(shape)], "names": None}
    for world in range(2):
        column = dataset.episode(world).columns[f"observation.{name}"]
        assert (column.dtype, column.shape) == (dtype, (STEPS, *shape))
        np.testing.assert_array_equal(column, [readings(step, 2)[name][world] for step in range(STEPS)])


def test_a_dataset_with_readings_is_whole_and_worlds_come_back_from_it(recorded: Path) -> None:
    assert check(recorded) == []
    assert len(LeRobotReader(recorded)) == 2 * STEPS
    assert Dataset.open(recorded).episode(0).state().x.shape == (STEPS,)


def test_a_dataset_with_readings_is_whole_after_a_drop(tmp_path: Path) -> None:
    for seed in range(2):
        record(tmp_path / "dataset", STEPS, seed, readings=readings)
    drop(tmp_path / "dataset", [0])
    assert check(tmp_path / "dataset") == []
    column = Dataset.open(tmp_path / "dataset").episode(0).columns["observation.gear"]
    np.testing.assert_array_equal(column[1], readings(1)["gear"][0])


def test_readings_of_an_interrupted_recording_are_recovered(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "dataset")
    drive(recorder, make_simulator(), STEPS, seed=1, readings=readings)
    for journal in recorder._journals.values():
        journal.release()
    assert recover(tmp_path / "dataset") == [0]
    assert check(tmp_path / "dataset") == []
    assert Dataset.open(tmp_path / "dataset").episode(0).columns["observation.echoes"].shape == (STEPS, 4, 2)


def test_a_reading_that_is_not_finite_is_named_by_the_check(tmp_path: Path) -> None:
    def unsound(step: int) -> dict[str, Any]:
        return {"sonar": np.full((1, 1), np.nan if step == 3 else 1.0)}

    record(tmp_path / "dataset", STEPS, 0, readings=unsound)
    problems = {(finding.field, finding.problem) for finding in check(tmp_path / "dataset")}
    assert ("observation.sonar", "is not finite at step 3") in problems


def test_only_the_readings_that_are_named_are_recorded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "dataset", readings=("gear",))
    drive(recorder, make_simulator(), STEPS, seed=1, readings=readings)
    recorder.finish()
    added = [name for name in Dataset.open(tmp_path / "dataset").features if name.startswith("observation.")]
    assert added == ["observation.images.front", "observation.images.left", "observation.state", "observation.gear"]


@pytest.mark.parametrize(
    ("named", "reading", "told"),
    [
        (("sonar",), {}, "readings: sonar: is not observed; ask the sensors for it; there are: none"),
        (None, {"x": np.zeros((1, 2), complex)}, "sensor x: reads complex128, which a dataset cannot hold"),
        (None, {"x": np.zeros((1, 0))}, "sensor x: reads 0 numbers a step, a dataset holds 1 to 10000"),
        (None, {"x": np.zeros((1, 101, 100))}, "sensor x: reads 10100 numbers a step, a dataset holds 1 to 10000"),
        (None, {"state": np.zeros((1, 2))}, "sensor state: no column can be named observation.state"),
        (None, {"a/b": np.zeros((1, 2))}, "sensor a/b: no column can be named observation.a/b"),
    ],
)
def test_what_cannot_be_recorded_is_told_before_anything_is_made(
    tmp_path: Path, named: Any, reading: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError) as caught:
        drive(Recorder(tmp_path / "d", readings=named), make_simulator(), 1, seed=1, readings=lambda step: reading)
    assert str(caught.value).startswith(told)
    assert not (tmp_path / "d").exists()


def test_other_readings_are_not_added_to_a_dataset(tmp_path: Path) -> None:
    record(tmp_path / "dataset", STEPS, 0, readings=lambda step: {"gear": readings(step)["gear"]})
    for other in ({}, {"gear": np.zeros((1, 3), np.int32)}):
        with pytest.raises(InputError, match=r"readings: are gear int64\[2\], the recording's are") as caught:
            record(tmp_path / "dataset", STEPS, 1, readings=lambda step, other=other: other)
        assert caught.value.hint == "use the same sensors, or record into another folder"
    assert not journal_folders(tmp_path / "dataset")


@pytest.mark.parametrize("shape", [[3], [0], "2", [[2]], {"gear": 2}])
def test_a_shape_in_info_that_does_not_fit_its_column_is_told(tmp_path: Path, shape: Any) -> None:
    record(tmp_path / "dataset", 1, 0, readings=lambda step: {"gear": readings(step)["gear"]})
    file = tmp_path / "dataset" / "meta" / "info.json"
    info = json.loads(file.read_text(encoding="utf-8"))
    info["drive_sim"]["readings"]["gear"] = shape
    file.write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(InputError, match=r"info\.json"):
        Dataset.open(tmp_path / "dataset")


@configuration("speedometer")
class Config:
    """Nothing to choose."""


class Speedometer:
    """A sensor of another package: float32 (B, 1) speed [km/h]."""

    Config = Config
    bounds = np.zeros(1, np.float32), np.full(1, 500.0, np.float32)

    def __init__(self, config: Config, *, device: str, period: float) -> None:
        """Nothing to keep."""

    def reset(self, batch: int, mask: Any = None) -> None:
        """Nothing to forget."""

    def sense(self, simulator: Any) -> Any:
        """The speed."""
        return (3.6 * to_host(simulator.state.speed)).astype(np.float32)[:, None]


@pytest.mark.slow
def test_a_rollout_with_an_added_sensor_is_recorded(
    tmp_path: Path, add_entries: Callable[[Any, dict[str, object]], None]
) -> None:
    add_entries(SENSORS, {"toy-speedometer": Speedometer})
    simulator = Simulator([load_scenario("lane-keeping/rural", "train").draw(0)])
    suite = SensorSuite(("odometry", "toy-speedometer"))
    run(simulator, StraightDriver(), [Recorder(tmp_path / "dataset")], suite, max_steps=STEPS)
    columns = Dataset.open(tmp_path / "dataset").episode(0).columns
    speed = columns["observation.state"][:, 0]
    np.testing.assert_allclose(columns["observation.toy-speedometer"][:, 0], 3.6 * speed, rtol=1e-6)
    assert check(tmp_path / "dataset") == []
