"""CPU and CUDA are compared in figures: what agrees counts as such, what errs is found out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drive_sim.bench.agreement import Agreement
from drive_sim.bench.figures import Effort, table_row
from drive_sim.bench.parity import SENSORS, Comparison, parity
from drive_sim.bench.scenes import IN_VIEW, Scenes
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.scenarios.files import weather_domains

SMALL = Scenes(("lane-keeping/rural", "obstacle-avoidance/cones"), ("dry", "rain"), (12, 24), 4)
SHARES = (
    "parity.rgb", "parity.rgb.worst", "parity.semantic", "parity.instance", "parity.depth", "parity.state",
    "parity.events", *(f"parity.{name}" for name in SENSORS),
)  # fmt: skip


def compared(disturb=lambda comparison: None) -> dict[str, float]:
    """Figures of a CPU beside a second CPU that may be disturbed."""
    comparison = Comparison("cpu", SMALL)
    disturb(comparison)
    comparison.drive()
    return {figure.key: figure.median for figure in comparison.figures()}


@pytest.mark.slow
def test_every_weather_meets_every_obstacle_on_several_roads():
    episodes = Scenes().episodes()
    weathers, scenarios = len(weather_domains()), {episode.scenario for episode in episodes}
    assert len(episodes) == weathers * len(scenarios) >= 100
    assert len(scenarios) == 4 + 16
    assert {episode.road.road_class for episode in episodes} == {"motorway", "rural", "mountain", "urban"}
    wet = [episode for episode in episodes if episode.weather.wetness > 0.0]
    assert {episode.scenario for episode in wet} == scenarios
    met = [episode for episode in episodes if episode.scenario.startswith("obstacle-avoidance/")]
    nearest = [min(abs(actor.start_s - episode.start_s) for actor in episode.actors) for episode in met]
    assert max(nearest) < IN_VIEW + 1e-9


def test_a_device_agrees_with_itself():
    figures = compared()
    assert [figures[key] for key in SHARES] == [100.0] * len(SHARES)
    assert figures["parity.depth.largest"] == figures["parity.position"] == 0.0
    assert figures["parity.images"] == 8.0


def test_a_camera_that_errs_is_found_out():
    def turn(comparison: Comparison) -> None:
        height, width = SMALL.image
        comparison.rigs[1] = CameraRig((CameraConfig(height=height, width=width, yaw=0.02),))

    figures = compared(turn)
    assert figures["parity.rgb.worst"] < figures["parity.rgb"] < 99.0
    assert figures["parity.semantic"] < 100.0 and figures["parity.depth"] < 100.0
    assert figures["parity.depth.largest"] > 0.1
    assert figures["parity.state"] == figures["parity.lidar"] == 100.0


def test_a_car_that_drives_elsewhere_is_found_out():
    def push(comparison: Comparison) -> None:
        comparison.simulators[1].state.x[0] += 0.5

    figures = compared(push)
    assert figures["parity.rgb"] == 100.0
    assert 0.4 < figures["parity.position"] < 0.6
    assert figures["parity.state"] < 100.0 and figures["parity.lidar"] < 100.0


def test_a_lost_event_is_found_out():
    def lose(comparison: Comparison) -> None:
        comparison.simulators[1].state.interventions[0] = 3

    assert compared(lose)["parity.events"] < 100.0


def test_what_is_no_number_agrees_with_nothing_and_the_worst_lot_is_kept():
    agreement = Agreement()
    agreement.add(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.5]))
    assert agreement.largest == 0.5
    agreement.add(np.array([1.0, np.inf]), np.array([np.nan, np.inf]))
    assert (agreement.count, agreement.equal, agreement.worst) == (6, 4, 0.5)
    assert agreement.largest == np.inf


def test_a_share_that_is_almost_all_is_not_shown_as_all():
    agreement = Agreement()
    agreement.count, agreement.equal = 100_000, 99_999
    figure = agreement.share("a", "b")
    assert "99.999" in table_row(figure.row())
    assert figure.to_dict()["median"] == 99.999


def test_a_cpu_alone_has_nothing_to_compare():
    (line,) = parity("cpu", Effort())
    assert isinstance(line, str) and "--device cuda" in line


BENCH = """
import sys
from pathlib import Path
from drive_sim.bench import Effort, run_bench, sections
from drive_sim.bench.scenes import Scenes
sections.SECTIONS = (sections.parity,)
scenes = Scenes(("lane-keeping/rural", "obstacle-avoidance/cones"), ("rain",), (33, 100), 3)
for line in run_bench("cuda", Path(sys.argv[1]), Effort(scenes=scenes)):
    print(line)
"""


def simulated(program: str, *arguments: str) -> str:
    """What a program prints under Numba's CUDA simulator."""
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "DRIVE_SIM_THREADS": "1"}
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


@pytest.mark.cuda_simulator
@pytest.mark.thorough
def test_the_bench_of_a_gpu_writes_how_far_it_agrees_with_the_cpu(tmp_path):
    """One command on a GPU; here Numba's CUDA simulator stands in for it."""
    pytest.importorskip("torch")
    out = tmp_path / "figures.json"
    table = simulated(BENCH, str(out))
    document = json.loads(out.read_text(encoding="utf-8"))
    figures = {key: figure["median"] for key, figure in document["figures"].items()}
    assert document["machine"]["kind"] == "cuda"
    assert document["command"] == "drive-sim bench --device cuda --output figures.json"
    assert set(SHARES) <= figures.keys() and "pixels within 1 grey level" in table
    assert figures["parity.images"] == 4.0
    assert all(figures[key] >= 99.9 for key in SHARES if not key.endswith(".worst"))
    assert figures["parity.position"] < 1e-6 and figures["parity.commands"] < 1e-3


CLOSED_LOOP = """
import numpy as np
import torch
from drive_sim.bench.deciding import _closed_loop, _latency
from drive_sim.bench.figures import Effort
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import Model
from drive_sim.drivers.neural.device_driver import ResidentDriver
from drive_sim.bench.episodes import Batch
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
torch.manual_seed(3)
settings = NetworkSettings(height=30, width=60, channels=(8, 8), kernels=(5, 3), strides=(2, 2), dense=(16, 16))
model = Model(settings, CameraConfig(width=60, height=30), build_network(settings), {}, "")
states = []
for driver, device in ((NeuralDriver(model, "small"), "cpu"), (ResidentDriver(model, "cuda"), "cuda")):
    simulator = Batch(0, 1, device, 1, 2).simulator
    suite = SensorSuite(driver.sensors, CameraRig((model.camera,)), device)
    for _ in range(2):
        simulator.step(driver.act(suite.observe(simulator)))
    states.append(simulator.state)
ours, theirs = states
np.testing.assert_allclose(theirs.action, ours.action, atol=2e-3)
np.testing.assert_allclose(theirs.x, ours.x, atol=1e-3)
assert abs(ours.action).max() > 0.0
effort = Effort(repeats=1, least_time=0.0, episodes=1, steps=2, batch=1)
print(_closed_loop(ResidentDriver(model, "cuda"), "cuda", effort, 1).key)
"""


@pytest.mark.cuda_simulator
@pytest.mark.thorough
def test_a_network_on_a_gpu_drives_a_batch_as_it_drives_from_the_host():
    pytest.importorskip("torch")
    assert simulated(CLOSED_LOOP).strip() == "closed_loop.1"
