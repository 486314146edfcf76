"""All sensors read the same on CUDA as on the CPU (Numba's CUDA simulator stands in for a GPU)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = """
import sys
from dataclasses import replace
import numpy as np
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.camera.faults import CameraFaults
from drive_sim.sensors.gnss import GnssConfig
from drive_sim.sensors.lidar import LidarConfig
from drive_sim.sensors.suite import SensorConfigs, SensorSuite
from drive_sim.sensors.radar.radar import NO_DETECTION
from drive_sim.sensors.radar.configuration import RadarConfig
from drive_sim.world.scenarios.episode import ActorSpec, WeatherSpec
from drive_sim.world.reward import Judge
from drive_sim.world.roads.road import EDGE_RAIL
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR

scenario = load_scenario("obstacle-avoidance/mixed", "train")
cars = [ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, 30.0 + 8.0 * n, -1.75, start_speed=5.0 * n) for n in range(3)]
# Rails and road users near enough to be seen, in rain; receivers whose outages begin and end within four steps.
episodes = [
    replace(
        scenario.draw(number), actors=tuple(cars), start_s=10.0, weather=WeatherSpec(rain=20.0),
        road=replace(scenario.draw(number).road, edge_left=EDGE_RAIL, edge_right=EDGE_RAIL),
    )
    for number in (1, 2)
]
configs = SensorConfigs(
    lidar=LidarConfig(beams=7, max_range=30.0),
    radar=RadarConfig(rail_echoes=4),
    gnss=GnssConfig(rate=20.0, outage_interval=0.1, outage_duration=0.1),
)
names = ("lidar", "radar", "imu", "gnss", "odometry")
device, out = sys.argv[1:]
simulator = Simulator(episodes, device)
rig = CameraRig((CameraConfig("left", 8, 8, yaw=0.4), CameraConfig("right", 8, 8, yaw=-0.4)))
faults = CameraFaults(noise=3.0, dirt=0.5, dropped_frames=0.3)
suite, judge = SensorSuite((*names, "camera"), rig, device, configs, faults=faults), Judge(2, device)
suite.reset(simulator)
judge.judge(simulator)
readings = []
for step in range(4):
    simulator.step(np.array([[0.2, 0.5], [-0.2, -0.5]], np.float32))
    observation, verdict = suite.observe(simulator).host(), judge.judge(simulator)
    images = [observation.camera[name].reshape(2, -1) / 255.0 for name in ("left", "right")]
    others = [getattr(observation, name).reshape(2, -1) for name in names]
    assert (observation.lidar < 30.0).sum() > 4 and (observation.radar[:, :, 3] > NO_DETECTION).sum() > 4
    readings.append(np.concatenate([*others, verdict.truth, *images], axis=1))
np.save(out, readings)
"""


def readings(device: str, folder: Path, simulated: bool) -> np.ndarray:
    out = folder / f"{device}.npy"
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1" if simulated else "0", "DRIVE_SIM_THREADS": "1"}
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", PROGRAM, device, str(out)], cwd=root, env=environment, check=True)
    return np.load(out)


@pytest.mark.cuda_simulator
@pytest.mark.thorough
def test_cuda_reads_what_the_cpu_reads(tmp_path):
    cpu, cuda = readings("cpu", tmp_path, False), readings("cuda", tmp_path, True)
    assert np.ptp(cpu, axis=0).max() > 0.1
    images = 2 * 8 * 8 * 3
    np.testing.assert_allclose(cuda[:, :, :-images], cpu[:, :, :-images], rtol=1e-5, atol=1e-5)
    # The camera computes in single precision: a grey level or two.
    np.testing.assert_allclose(cuda[:, :, -images:], cpu[:, :, -images:], atol=2.5 / 255.0)
    assert not np.array_equal(cpu[:, :, -images : -images // 2], cpu[:, :, -images // 2 :])
