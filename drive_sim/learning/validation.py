"""Checkpoints are chosen by driving: a low loss does not keep a car on the road."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.model_folder import Model
from drive_sim.drivers.neural.networks import Network
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import EVENT_COLLISION, EVENT_FINISH, EVENT_OFF_ROAD

Cameras = Sequence[CameraConfig]

PER_SCENARIO = 3
"""Episodes of each validation scenario."""
STEPS = 500
"""Steps driven at most in each: 25 s."""


def _drive(network: Network, cameras: Cameras, device: str, suite: str, on_failure: str) -> Simulator:
    scenarios = [load_scenario(name, "validation") for name in list_scenarios("validation", suite)]
    episodes = [scenario.draw(number) for scenario in scenarios for number in range(PER_SCENARIO)]
    simulator = Simulator(episodes, on_failure=on_failure)
    model = Model(network.settings, cameras[0], copy.deepcopy(network), {}, "", tuple(cameras[1:]))
    driver = NeuralDriver(model, "candidate", device)
    run(simulator, driver, sensors=SensorSuite(driver.sensors, CameraRig(cameras)), max_steps=STEPS)
    return simulator


def validation_score(network: Network, cameras: Cameras, device: str = "cpu") -> dict[str, float]:
    """Autonomy on validation roads plus the share of validation obstacles met without contact; higher is better.

    autonomy = 1 - 6 s * interventions / elapsed s (Bojarski et al. 2016). An obstacle episode counts when nothing was
    touched, the road was not left and the car got on: the route finished, or at least 40 % of the speed limit held.
    """
    lanes = _drive(network, cameras, device, "lane-keeping", "reset_to_lane").state
    autonomy = 1.0 - 6.0 * lanes.interventions.sum() / lanes.time.sum()
    obstacles = _drive(network, cameras, device, "obstacle-avoidance", "terminate")
    state, world = obstacles.state, obstacles.world
    unharmed = (state.events_ever & (EVENT_COLLISION | EVENT_OFF_ROAD)) == 0
    moved = (state.events_ever & EVENT_FINISH > 0) | (state.progress > 0.4 * world.speed_limit * state.time)
    passes = float(np.mean(unharmed & moved))
    return {"score": float(autonomy) + passes, "autonomy": float(autonomy), "passes": passes}
