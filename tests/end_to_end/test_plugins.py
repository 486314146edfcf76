"""A package that adds a driver, a metric, a network and a sensor: installed, found by name, used; or broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "data" / "plugin_package"
TRAIN = """
from drive_sim.drivers.registry import make_driver
from drive_sim.learning import training
from drive_sim.learning.recipe import load_recipe
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from pathlib import Path

camera = CameraConfig()
simulator = Simulator([load_scenario(f"lane-keeping/{name}").draw(0) for name in ("rural", "urban")])
recorder = Recorder(Path("dataset"), "expert", camera_configs=(camera,))
run(simulator, make_driver("expert"), [recorder], SensorSuite(("camera",), CameraRig([camera])), max_steps=120)
training.HELD_OUT_VIEWS = 64
changes = {"network.name": "toy-grid", "views": 32, "batch": 16, "trials": 0}
training.train([Path("dataset")], Path("model"), load_recipe(changes=changes))
"""
"""Records two short episodes of the expert and learns from a few views of them."""
OBSERVE = """
import gymnasium, sys
import drive_sim
from drive_sim.sensors.suite import SensorConfigs

configs = SensorConfigs(added={"toy-speedometer": {"lead": 0.1, "tremble": 0.0}})
env = gymnasium.make("DriveSim-v0", sensors=("odometry", "toy-speedometer"), sensor_configs=configs)
batch = gymnasium.make_vec("DriveSim-v0", num_envs=2, sensors=("toy-speedometer",))
print(env.observation_space["toy-speedometer"].shape, batch.reset(seed=1)[0]["toy-speedometer"].shape)
observation, _ = env.reset(seed=1)
for _ in range(3):
    observation = env.step(env.action_space.sample())[0]
    assert abs(observation["toy-speedometer"][0] - 3.96 * env.unwrapped.simulator.state.speed[0]) < 1e-3
print("drive_sim_broken" in sys.modules)
gymnasium.make("DriveSim-v0", sensors=("imu", "broken-speedometer"))
"""
"""Observes with the toy sensor, then asks for the broken one."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def install(package: Path, target: Path) -> None:
    """Build a package and install it into a folder; nothing is downloaded."""
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(package)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy package as pip installs it."""
    folder = tmp_path_factory.mktemp("toy")
    # Building leaves files beside the sources.
    install(Path(shutil.copytree(PACKAGE, folder / "source")), folder / "installed")
    return folder / "installed"


@pytest.fixture(scope="module")
def broken(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy package under another name, none of whose modules can be imported."""
    folder = tmp_path_factory.mktemp("broken") / "installed"
    shutil.copytree(toy / "drive_sim_toy", folder / "drive_sim_broken")
    for module in (folder / "drive_sim_broken").glob("[a-z]*.py"):
        module.write_text("import a_package_that_is_not_there\n", encoding="utf-8")
    (metadata,) = toy.glob("*.dist-info")
    shutil.copytree(metadata, folder / "drive_sim_broken-3.0.dist-info")
    for name in ("METADATA", "entry_points.txt"):
        file = folder / "drive_sim_broken-3.0.dist-info" / name
        text = file.read_text(encoding="utf-8").replace("toy", "broken").replace("Version: 1.0", "Version: 3.0")
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def command(repository: Path, tmp_path: Path) -> Run:
    """Runs Python in a process of its own that sees the packages of some folders."""

    def run(*words: object, packages: tuple[Path, ...] = (), code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [repository, *packages]))}
        line = [sys.executable, *map(str, words)]
        done = subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=280)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def drive_sim(command: Run) -> Run:
    """Runs the command `drive-sim` as `command` does."""
    return lambda *words, **options: command("-m", "drive_sim", *words, **options)


def evaluation(driver: str, output: str = "out") -> list[str]:
    """Words of a short evaluation."""
    short = ["--suite", "lane-keeping", "--episodes", "2", "--seconds", "2", "--no-baselines", "--videos", "0"]
    return ["evaluate", driver, *short, "--output", output]


@pytest.mark.slow
def test_help_lists_what_the_package_adds(drive_sim: Run, toy: Path) -> None:
    listed = " ".join(drive_sim("drive", "--help", packages=(toy,)).stdout.split())
    assert "wheel, a model's folder" in listed
    assert "toy-brake" in listed
    networks = " ".join(drive_sim("train", "--help", packages=(toy,)).stdout.split())
    assert "pilotnet, stack, recurrent, toy-grid" in networks
    assert "toy-brake" not in drive_sim("drive", "--help").stdout


@pytest.mark.slow
def test_an_added_driver_is_scored_with_the_added_metric(drive_sim: Run, toy: Path, tmp_path: Path) -> None:
    done = drive_sim(*evaluation("toy-brake"), packages=(toy,))
    assert "drive-sim: " not in done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["driver"]["package"] == "drive-sim-toy 1.0"
    speeds = [row["toy_top_speed"] for row in results["episodes"]]
    found = results["metrics"]["toy_top_speed"]
    assert found["estimate"] == pytest.approx(sum(speeds) / len(speeds))
    assert found["low"] <= found["estimate"] <= found["high"]
    assert found["unit"] == results["added_metrics"]["toy_top_speed"]["unit"] == "m/s"
    assert results["added_metrics"]["toy_top_speed"]["package"] == "drive-sim-toy 1.0"
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Added by drive-sim-toy 1.0, not part of drive_sim" in page
    assert "toy top speed" in page
    assert "Driver toy-brake, of drive-sim-toy 1.0" in page


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_an_added_network_learns_drives_and_is_named_where_it_is_missing(
    command: Run, drive_sim: Run, toy: Path, tmp_path: Path
) -> None:
    command("-c", TRAIN, packages=(toy,))
    config = json.loads((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))
    assert (config["network"]["name"], config["package"]) == ("toy-grid", "drive-sim-toy 1.0")
    assert "defined in\nthe package drive-sim-toy 1.0" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    drive_sim(*evaluation("model"), packages=(toy,))
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["driver"]["package"] == "drive-sim-toy 1.0"
    missing = drive_sim(*evaluation("model", "other"), code=2).stderr
    assert missing == (
        "drive-sim: model/config.json: network.name: 'toy-grid' is a network of the package drive-sim-toy 1.0, which "
        "is not installed; install drive-sim-toy\n"
    )


@pytest.mark.slow
def test_a_broken_package_is_one_line_and_stops_nothing_else(
    drive_sim: Run, toy: Path, broken: Path, tmp_path: Path
) -> None:
    both = (toy, broken)
    assert "broken-brake" in drive_sim("drive", "--help", packages=both).stdout
    told = "ModuleNotFoundError: No module named 'a_package_that_is_not_there'; mend or uninstall drive-sim-broken 3.0"
    refused = drive_sim(*evaluation("broken-brake"), packages=both, code=2).stderr.splitlines()
    place = "cannot be loaded from drive_sim_broken.driver:BrakingDriver"
    assert refused[-1] == f"drive-sim: driver broken-brake: {place}: {told}"
    done = drive_sim(*evaluation("toy-brake"), packages=both)
    assert [line for line in done.stderr.splitlines() if line.startswith("drive-sim: ")] == [
        f"drive-sim: metric broken_top_speed: cannot be loaded from drive_sim_broken.metric:broken_top_speed: {told}"
    ]
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert "toy_top_speed" in results["metrics"]
    assert "a_package_that_is_not_there" in results["added_metrics"]["broken_top_speed"]["problem"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "The metric broken_top_speed of drive-sim-broken 3.0 is missing" in page


@pytest.mark.slow
def test_an_added_sensor_is_observed_and_configured_by_name(command: Run, toy: Path, broken: Path) -> None:
    done = command("-c", OBSERVE, packages=(toy, broken), code=1)
    assert done.stdout.splitlines() == ["(1,) (2, 1)", "False"]
    assert done.stderr.splitlines()[-1] == (
        "drive_sim.base.errors.InputError: sensor broken-speedometer: cannot be loaded from drive_sim_broken.sensor:"
        "Speedometer: ModuleNotFoundError: No module named 'a_package_that_is_not_there'; mend or uninstall "
        "drive-sim-broken 3.0"
    )
