"""Drivers of the user's own: found by reference, completed by defaults, and told in one line where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.drivers.driver import Driver
from drive_sim.drivers.external.loading import driver_object
from drive_sim.drivers.registry import make_driver
from drive_sim.drivers.straight import StraightDriver
from drive_sim.sensors.suite import Observation

WORLDS = Observation(np.zeros(3), odometry=np.zeros((3, 3), np.float32))

FILE = """
import numpy as np

class Least:
    sensors = ("odometry",)

    def __init__(self, throttle=0.25):
        self.throttle = throttle

    def act(self, observation):
        return np.tile([0.0, self.throttle], (observation.batch_size, 1))

def floats(observation, steering=0.5):
    return [[steering, 0]] * 3

def factory(*, throttle=0.75):
    return Least(throttle)

ready = Least(1.0)

class Fails(Least):
    def __init__(self):
        raise OSError("no weights")

class Divides(Least):
    def act(self, observation):
        return 1 / 0

class Flat(Least):
    def act(self, observation):
        return np.zeros(2)

class Words(Least):
    def act(self, observation):
        return [["left", "fast"]] * 3

class Nothing(Least):
    def act(self, observation):
        pass

class Lost(Least):
    def act(self, observation):
        return np.full((3, 2), np.nan)

class Sees(Least):
    sensors = ("camra",)

class Blind:
    def act(self, observation):
        return np.zeros((3, 2))

class Cheats(Least):
    privileged = True

class Looks(Least):
    camera = (66, 200)

class Needs(Least):
    def __init__(self, weights):
        pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the drivers of `FILE` as a file and as a module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine.py").write_text(FILE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "options", "action"),
    [
        ("mine.py:Least", {}, (0.0, 0.25)),
        ("mine.py:Least", {"throttle": 0.5}, (0.0, 0.5)),
        ("mine:Least", {}, (0.0, 0.25)),
        ("mine.py:factory", {}, (0.0, 0.75)),
        ("mine.py:factory", {"throttle": 0.5}, (0.0, 0.5)),
        ("mine.py:ready", {}, (0.0, 1.0)),
        ("mine.py:floats", {}, (0.5, 0.0)),
        ("mine.py:floats", {"steering": -1}, (-1.0, 0.0)),
    ],
)
def test_a_class_a_factory_a_function_and_an_object_drive_by_reference(
    name: str, options: dict[str, Any], action: tuple[float, float], folder: Path
) -> None:
    driver = make_driver(name, options=options)
    assert isinstance(driver, Driver) and not driver.privileged
    driver.reset(None, None, 3)
    answer = driver.act(WORLDS)
    assert (answer.dtype, answer.shape) == (np.float32, (3, 2))
    assert answer[2] == pytest.approx(action)
    assert driver.origin.file == "mine.py" and len(driver.origin.sha256) == 64  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("other.py:Least", "--driver: there is no file other.py; check the path"),
        ("others:Least", "--driver: there is no module 'others' in this folder or among the installed ones"),
        ("mine.py", "--driver: mine.py names a file and no driver in it; write mine.py:NAME, a class's name"),
        ("mine.py:Leest", "--driver: mine.py has no 'Leest'; did you mean Least?"),
        ("mine:Leest.act", "--driver: mine has no 'Leest.act'; did you mean Least?"),
        ("mine.py:np", "mine.py:np: lacks sensors and act; a driver has sensors"),
        ("mine.py:Blind", "mine.py:Blind: lacks sensors; a driver has sensors"),
        ("mine.py:Fails", "mine.py:23: making Fails raises OSError: no weights; correct it; --traceback shows"),
        ("mine.py:Sees", "mine.py:Sees: sensors: camra is no sensor; choose from camera"),
        ("mine.py:Cheats", "mine.py:Cheats: bind: is missing, and privileged is true; add bind(self, simulator)"),
        ("mine.py:Looks", "mine.py:Looks: camera: is tuple, no CameraConfig"),
        ("mine.py:Needs", "--driver-option: weights: mine.py:Needs needs the option 'weights'; give --driver-option"),
    ],
)
def test_what_is_no_driver_is_told_in_one_line(name: str, line: str, folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        make_driver(name, source="--driver")
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Divides", "mine.py:27: Divides.act raises ZeroDivisionError: division by zero; correct it; --traceback"),
        ("Flat", "mine.py:Flat: act: answers shape (2,) to 3 worlds; answer (3, 2), a row [steering, acceleration]"),
        ("Words", "mine.py:Words: act: answers numbers of dtype <U4; answer float32"),
        ("Nothing", "mine.py:Nothing: act: answers nothing to 3 worlds; answer (3, 2)"),
        ("Lost", "mine.py:Lost: act: answers no finite number to the first observation of any world; answer numbers"),
    ],
)
def test_what_is_no_action_is_told_in_one_line(name: str, line: str, folder: Path) -> None:
    driver = make_driver(f"mine.py:{name}")
    driver.reset(None, None, 3)
    with pytest.raises(InputError) as caught:
        driver.act(WORLDS)
    assert str(caught.value).startswith(line)


def test_a_driver_without_an_answer_for_some_worlds_is_obeyed(folder: Path) -> None:
    """NaN brakes, and results count it: `drive_sim.drivers.driver.Driver.act`."""
    rows = np.array([[np.nan, 0.0], [0.5, 0.0], [0.0, 0.0]])
    driver = driver_object(lambda observation: rows)
    assert np.isnan(driver.act(WORLDS)[0, 0])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import drive_sim\nimport nothing_like_it\n", "bad.py:2: importing it raises ModuleNotFoundError: No module"),
        ("def act(:\n", "bad.py:1: importing it raises SyntaxError"),
        ("raise SystemExit(3)\n", "bad.py:1: importing it raises SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_with_the_line_at_fault(text: str, line: str, folder: Path) -> None:
    (folder / "bad.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        make_driver("bad.py:Mine")
    assert str(caught.value).startswith(line)
    assert caught.value.__cause__ is not None


def test_an_edited_file_is_read_again(folder: Path) -> None:
    make_driver("mine.py:Least")
    (folder / "mine.py").write_text(FILE.replace("throttle=0.25", "throttle=0.3"), encoding="utf-8")
    assert make_driver("mine.py:Least").act(WORLDS)[0, 1] == pytest.approx(0.3)


def test_a_file_imports_its_neighbours(folder: Path) -> None:
    (folder / "neighbour_of_another.py").write_text("from mine import Least\n", encoding="utf-8")
    assert make_driver("neighbour_of_another.py:Least").name == "Least"


@pytest.mark.parametrize(("name", "known"), [("straight", "speed, vehicle"), ("expert", "")])
def test_an_option_that_a_driver_does_not_know_is_named_with_those_it_knows(name: str, known: str) -> None:
    with pytest.raises(InputError, match=rf"--driver-option: sped: is no option of {name}; .*{known}"):
        make_driver(name, options={"sped": 3.0})


@pytest.mark.parametrize(
    ("name", "option", "value", "hint"),
    [
        ("straight", "speed", "fast", "give a number"),
        ("straight", "speed", True, "give a number"),
        ("human-model", "late", 1, "give true or false"),
        ("mine.py:Typed", "count", 1.5, "give a whole number"),
    ],
)
def test_an_option_of_another_type_than_its_parameter_says_is_told(
    name: str, option: str, value: Any, hint: str, folder: Path
) -> None:
    typed = "\nclass Typed(Least):\n    def __init__(self, count: int = 1):\n        pass\n"
    (folder / "mine.py").write_text(FILE + typed, encoding="utf-8")
    with pytest.raises(InputError, match=rf"--driver-option: {option}: is .*; {hint}"):
        make_driver(name, options={option: value})


def test_an_object_of_this_package_is_taken_as_it_is() -> None:
    driver = StraightDriver(3.0)
    assert driver_object(driver) is driver
    made = driver_object(StraightDriver, {"speed": 4.0})
    assert isinstance(made, StraightDriver) and made.speed == 4.0
    with pytest.raises(InputError, match=r"--driver-option: speed: is no option of StraightDriver; leave it out"):
        driver_object(driver, {"speed": 4.0})
