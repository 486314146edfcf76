"""What a driver is: the protocol that all of them share.

A driver sees an `Observation` and answers with an action. One that looks at the simulator's truth says so with
``privileged = True`` and is bound to the simulator before it drives; reports label it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from drive_sim.sensors.camera.optics.configuration import CameraConfig
    from drive_sim.sensors.suite import Observation
    from drive_sim.world.simulator import Simulator

Actions = NDArray[np.float32]
"""(B, 2) [steering, acceleration], each in [-1, 1]: left and throttle positive."""


def cameras_of(driver: object) -> tuple[CameraConfig, ...]:
    """The cameras that a driver asks for: its ``cameras``, else its ``camera``, else the default one."""
    from drive_sim.sensors.camera.optics.configuration import CameraConfig

    several: tuple[CameraConfig, ...] = getattr(driver, "cameras", None) or ()
    return tuple(several) or (getattr(driver, "camera", None) or CameraConfig(),)


@runtime_checkable
class Driver(Protocol):
    """What decides the commands of a batch of cars."""

    name: str
    """As reports show it."""
    privileged: bool
    """Whether it looks at the simulator's state; then it has a method ``bind(simulator)``."""
    sensors: tuple[str, ...]
    """Names of the sensors it needs in its observations."""
    controller: str
    """As datasets and results name it: the name that it is registered by; ``human`` for a person at an input device,
    ``model`` for a network."""

    def reset(self, simulator: Simulator | None, mask: NDArray[np.bool_] | None, batch_size: int) -> None:
        """New episodes begin in the worlds of ``mask`` (bool (B); None: all B = ``batch_size``).

        ``simulator`` is given to privileged drivers only.
        """

    def act(self, observation: Observation) -> Actions:
        """The action of every world, float32 (B, 2) in [-1, 1].

        A driver that has no answer gives NaN: the simulator brakes, and results count it.
        """
