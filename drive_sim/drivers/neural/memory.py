"""What a driver of several moments remembers of each world: its images, or the state that its network carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.compute.kernel import to_host
from drive_sim.sensors.camera.mosaic import mosaic

if TYPE_CHECKING:
    from drive_sim.drivers.neural.inference import DrivingNetwork
    from drive_sim.sensors.suite import Observation


class History:
    """The last ``depth`` values of each world, one a step; before its first one, a world has had that one for ever."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._values: NDArray[Any] = np.zeros((depth, 0))
        self._now = 0

    def fill(self, batch: int, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Give the worlds ``rows`` of ``batch`` their first ``values`` (n, ...)."""
        if self._values.shape[1] != batch:
            self._values = np.zeros((self.depth, batch, *values.shape[1:]), values.dtype)
        self._values[:, rows] = values

    def add(self, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
        """A step later, the worlds ``rows`` have ``values``; what others had then means nothing."""
        self._now = (self._now + 1) % self.depth
        self._values[self._now, rows] = values

    def ago(self, steps: int, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The values (n, ...) of the worlds ``rows``, ``steps`` < depth before the last added."""
        found: NDArray[Any] = self._values[(self._now - steps) % self.depth, rows]
        return found


class Beginnings:
    """Which worlds begin: at a reset, and where the ego was reset to its lane."""

    def __init__(self) -> None:
        self._due = np.ones(0, bool)
        self._interventions: NDArray[np.int32] | None = None

    def reset(self, mask: NDArray[np.bool_] | None, batch: int) -> None:
        """The worlds of ``mask`` (None: all of them) begin when they are next looked at."""
        if mask is None or len(self._due) != batch:
            self._due = np.ones(batch, bool)
        else:
            self._due |= np.asarray(mask, bool)

    def among(self, observation: Observation, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the worlds ``rows`` (n) begin with this observation."""
        batch = observation.batch_size
        if len(self._due) != batch:
            self.reset(None, batch)
        if observation.interventions is not None:
            count = np.array(to_host(observation.interventions), np.int32)
            if self._interventions is not None and len(self._interventions) == batch:
                self._due |= count != self._interventions
            self._interventions = count
        begin = self._due[rows]
        self._due[rows] = False
        return begin


class FrameMemory:
    """Mosaics of ``frames`` moments, ``interval`` steps apart, the present one on top."""

    def __init__(self, frames: int, interval: int) -> None:
        self.frames, self.interval = frames, interval
        self.beginnings = Beginnings()
        self._images = History((frames - 1) * interval + 1)

    def look(self, observation: Observation, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The mosaics (n, frames x H, W, 3) of the worlds ``rows``, whose present ``images`` (n, H, W, 3) are."""
        if self.frames == 1:
            return images
        begin = self.beginnings.among(observation, rows)
        if begin.any():
            self._images.fill(observation.batch_size, rows[begin], images[begin])
        self._images.add(rows, images)
        return mosaic([self._images.ago(back * self.interval, rows) for back in range(self.frames)])


class StateMemory:
    """The states that a network carries from each moment to the one ``interval`` steps later."""

    def __init__(self, network: DrivingNetwork, interval: int) -> None:
        self.beginnings = Beginnings()
        self._network, self._states = network, History(interval)

    def answer(
        self, observation: Observation, images: NDArray[np.uint8], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits of curvature and of speed for the worlds ``rows``, whose present ``images`` (n, H, W, 3) are."""
        begin = self.beginnings.among(observation, rows)
        if begin.any():
            self._states.fill(observation.batch_size, rows[begin], self._network.settled(images[begin]))
        logits, state = self._network.carry(images, self._states.ago(self._states.depth - 1, rows))
        self._states.add(rows, state)
        return logits
