"""``DRIVE_SIM_DEBUG=1`` finds what is wrong inside kernels, names it, and raises no false alarm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.compute import debugging

PROGRAM = """
import json
import math
from typing import Any, NamedTuple
import numpy as np
from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import KERNELS, Repeated, kernel, scalar
from drive_sim.compute.debugging import KernelError

@lasting
class Car(NamedTuple):
    speed: Any
    gear: Any

@scalar
def shift(car, i, by):
    car.speed[i + int(by)] = 7.0

@kernel()
def far(i, car, numbers, by):
    shift(car, i, by)

@kernel()
def fast(i, car, numbers, by):
    car.speed[i] = math.log(car.speed[i] - by)

@kernel()
def wide(i, car, numbers, by):
    car.gear[i] = np.uint8(car.speed[i] * by)

@kernel()
def whole(i, car, numbers, by):
    car.gear[i] = int(car.speed[i] * by) & 255

@kernel(fastmath=True)
def relaxed(i, car, numbers, by):
    numbers[0][i] = np.float32(car.speed[i]) / np.float32(by)

def outcome(run, by):
    car = Car(np.full(4, 20.0), np.zeros(4, np.uint8))
    try:
        run(DEVICE, 4, car, (np.zeros(4, np.float32),), by)
    except KernelError as error:
        return str(error)
    return f"{car.speed[0]} {car.gear[0]}"

for name, by in CASES:
    run = Repeated(KERNELS[f"__main__.{name}"])
    outcome(run, 1.0)
    print(json.dumps([outcome(KERNELS[f"__main__.{name}"], float(by)), outcome(run, float(by))]))
"""

NOT_A_NUMBER = "nan"
FAR, BELOW, RIGHT_PLACE = ("far", 2), ("far", -6), ("far", 0)
LOGARITHM, QUOTIENT, GIVEN = ("fast", 30.0), ("relaxed", 0.0), ("fast", NOT_A_NUMBER)
WHOLE = ("whole", 1e18)
TOO_LARGE, TOO_SMALL, HUGE, FITS, JUST_FITS = (("wide", by) for by in (12.8, -0.05, 1e300, 12.79, -0.049))
CASES = (
    WHOLE, FAR, BELOW, RIGHT_PLACE, LOGARITHM, QUOTIENT, GIVEN, TOO_LARGE, TOO_SMALL, HUGE, FITS, JUST_FITS,
)  # fmt: skip
"""Kernels of the program, each with the number that it is called with."""

Outcomes = dict[tuple[str, float | str], str]


def run(repository: Path, folder: Path, *cases: tuple[str, float | str], device: str = "cpu", **more: str) -> Outcomes:
    """What each case says or computes in a process of its own; through `Repeated` it is the same."""
    script = folder / "program.py"
    script.write_text(PROGRAM.replace("DEVICE", repr(device)).replace("CASES", repr(cases)))
    own = {"PYTHONPATH": str(repository), "DRIVE_SIM_CACHE": str(folder), debugging.VARIABLE: "1"}
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, **own, **more}, cwd=folder, capture_output=True, text=True,
        timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(once == again for once, again in found)
    return dict(zip(cases, (once for once, _ in found), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the program and its kernel cache."""
    return tmp_path_factory.mktemp("debugging")


@pytest.fixture(scope="module")
def found(repository: Path, folder: Path) -> Outcomes:
    """What each case ends in, freshly compiled."""
    return run(repository, folder, *CASES)


@pytest.mark.slow
def test_an_index_out_of_bounds_is_told_with_kernel_item_index_and_source(found: Outcomes) -> None:
    first, place = found[FAR].splitlines()
    assert first == "__main__.far, item 2: index 4 is out of bounds for axis 0 with size 4"
    assert place.endswith("in shift: car.speed[i + int(by)] = 7.0")
    assert "item 0: index -2 is out of bounds for axis 0 with size 4" in found[BELOW]


@pytest.mark.slow
def test_nan_and_infinity_are_told_with_kernel_array_and_index(found: Outcomes) -> None:
    assert found[LOGARITHM] == "__main__.fast: car.speed[0] is nan after the call"
    assert found[QUOTIENT] == "__main__.relaxed: numbers[0][0] is inf after the call"
    assert found[GIVEN] == "__main__.fast: by is nan before the call"


@pytest.mark.slow
def test_a_number_that_does_not_fit_its_integer_is_told(found: Outcomes) -> None:
    for case, product in ((TOO_LARGE, "256"), (TOO_SMALL, "-1"), (HUGE, "2e+301")):
        assert f"__main__.wide, item 0: {product} fits no integer of the type that it becomes" in found[case]
        assert "in wide: car.gear[i] = np.uint8(car.speed[i] * by)" in found[case]
    assert found[WHOLE] == "__main__.whole, item 0: 2e+19 fits no integer of the type that it becomes"


@pytest.mark.slow
def test_what_is_right_runs_through(found: Outcomes) -> None:
    assert (found[RIGHT_PLACE], found[FITS], found[JUST_FITS]) == ("7.0 0", "20.0 255", "20.0 0")


@pytest.mark.slow
def test_code_with_checks_is_kept_apart_and_found_again(found: Outcomes, repository: Path, folder: Path) -> None:
    """Checks that come from the cache know their index and their line as well."""
    (checked,) = (folder / "numba").iterdir()
    before = sorted(checked.rglob("*.nbc"))
    assert run(repository, folder, *CASES) == found
    assert sorted(checked.rglob("*.nbc")) == before
    assert run(repository, folder, RIGHT_PLACE, **{debugging.VARIABLE: "0"}) == {RIGHT_PLACE: "7.0 0"}
    plain = {each.name for each in (folder / "numba").iterdir()} - {checked.name}
    assert {f"{name}-debug" for name in plain} == {checked.name}


@pytest.mark.slow
@pytest.mark.cuda_simulator
def test_on_cuda_nan_and_infinity_are_told(repository: Path, tmp_path: Path) -> None:
    cases = (LOGARITHM, QUOTIENT, FITS)
    said = run(repository, tmp_path, *cases, device="cuda", NUMBA_ENABLE_CUDASIM="1")
    assert said[LOGARITHM] == "__main__.fast: car.speed[0] is nan after the call"
    assert said[QUOTIENT] == "__main__.relaxed: numbers[0][0] is inf after the call"
    assert said[FITS] == "20.0 255"


@pytest.mark.parametrize("value", ["yes", "2", "true"])
def test_another_value_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(debugging.VARIABLE, value)
    with pytest.raises(InputError, match="set 1 to check kernels"):
        debugging.debugging.__wrapped__()


EPISODE = """
import gymnasium, numpy as np
import drive_sim
environment = gymnasium.make("DriveSim-v0", scenario="obstacle-avoidance/mixed", sensors=SENSORS)
environment.reset(seed=3)
for step in range(20):
    environment.step(np.array([0.0, 0.3], np.float32))
print("no alarm")
"""
SENSORS = ("lidar", "radar", "imu", "gnss", "odometry")
"""Without the camera, whose kernel takes two minutes to compile with its checks."""


@pytest.mark.thorough
@pytest.mark.timeout(1200)  # compiles with checks where the cache is cold
def test_a_normal_episode_raises_no_alarm(repository: Path) -> None:
    program = EPISODE.replace("SENSORS", repr(SENSORS))
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, debugging.VARIABLE: "1"}, cwd=repository,
        capture_output=True, text=True, timeout=1100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "no alarm\n"
