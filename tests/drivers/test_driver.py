"""Getting a driver by name, and what every driver promises."""

import subprocess
import sys

import pytest

from drive_sim.base.errors import InputError
from drive_sim.drivers.driver import Driver
from drive_sim.drivers.registry import DEVICES, driver_names, make_driver
from drive_sim.sensors.suite import SENSOR_NAMES


@pytest.mark.parametrize("name", driver_names())
def test_every_named_driver_keeps_the_protocol(name):
    driver = make_driver(name)
    assert isinstance(driver, Driver)
    assert driver.name == name
    assert driver.controller == ("human" if name in DEVICES else name)
    assert set(driver.sensors) <= set(SENSOR_NAMES)
    assert hasattr(driver, "bind") == driver.privileged


def test_only_drivers_that_say_so_look_at_the_truth():
    assert {name for name in driver_names() if make_driver(name).privileged} == {"expert", "human-model", "r157"}


@pytest.mark.parametrize("name", ["exprt", "", "no/such/folder", "Expert"])
def test_an_unknown_driver_is_named_with_those_there_are(name):
    with pytest.raises(InputError, match=r"--driver: there is no driver .*expert, human-model") as caught:
        make_driver(name, source="--driver")
    assert "\n" not in str(caught.value)


def test_an_empty_model_folder_says_which_file_is_missing(tmp_path):
    with pytest.raises(InputError, match=r"config\.json"):
        make_driver(tmp_path)


@pytest.mark.slow
def test_naming_drivers_imports_neither_torch_nor_opencv():
    code = "import sys, drive_sim.drivers.registry as d; d.make_driver('keyboard'); d.make_driver('straight');"
    code += "print([m for m in ('torch', 'cv2', 'pygame') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
