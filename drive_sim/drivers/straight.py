"""The baseline that looks at nothing: wheels straight, speed held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import kernel
from drive_sim.drivers.driver import Actions
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters, acceleration_command

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation

SPEED_TIME = 1.0
"""Time in which the gap to the wanted speed closes [s]."""


@kernel(grain=1024)
def _hold_speed(i, out, seen, vehicle, wanted):
    """Action of world i: wheels straight, acceleration towards ``wanted`` [m/s] from the speed seen."""
    speed = float(seen[0][i, 0])
    out[0][i, 0] = 0.0
    out[0][i, 1] = acceleration_command(vehicle, (wanted - speed) / SPEED_TIME, speed)


class StraightDriver:
    """Straight ahead at one speed [m/s]: what any driver has to beat."""

    name = "straight"
    privileged = False
    sensors = ("odometry",)
    controller = "straight"

    def __init__(self, speed: float = 10.0, vehicle: VehicleParameters = BMW_320I) -> None:
        self.speed, self.vehicle = speed, vehicle

    def reset(self, simulator: Any = None, mask: NDArray[np.bool_] | None = None, batch_size: int = 1) -> None:
        """Nothing to forget."""

    def act(self, observation: Observation) -> Actions:
        """Steering 0, and the throttle or brake that holds the speed."""
        odometry = np.ascontiguousarray(observation.host().odometry)
        action = np.zeros((len(odometry), 2), np.float32)
        _hold_speed("cpu", len(action), (action,), (odometry,), self.vehicle, self.speed)
        return action
