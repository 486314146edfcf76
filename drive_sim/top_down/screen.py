"""The top-down view of an environment's worlds, with the way that each car has come, and its window."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.compute.kernel import to_host
from drive_sim.top_down.scene import scene_of
from drive_sim.top_down.view import TopDownView
from drive_sim.world.simulator import Simulator

IMAGE_SIZE = (800, 600)
"""(width, height) [px]"""
TRAIL_LENGTH = 200
"""Positions behind the car: 10 s."""


class Screen:
    """Images of B worlds; with ``shown``, world 0 in a window of its own.

    Parameters
    ----------
    frame_rate
        With a window: wait so that no more than so many images a second are shown; None: do not wait.
    """

    def __init__(self, batch: int, shown: bool = False, frame_rate: float | None = None) -> None:
        self.shown, self.frame_rate = shown, frame_rate
        self._trails = [deque[tuple[float, float]](maxlen=TRAIL_LENGTH) for _ in range(batch)]
        self._view = TopDownView(IMAGE_SIZE)
        self._window: pygame.Surface | None = None
        self._clock = pygame.time.Clock()

    def follow(self, simulator: Simulator) -> None:
        """Note where the cars are, and show it where there is a window."""
        state = simulator.state
        x, y, step = (to_host(array).tolist() for array in (state.x, state.y, state.step))
        for index, trail in enumerate(self._trails):
            if step[index] == 0:
                trail.clear()
            trail.append((x[index], y[index]))
        if self.shown:
            self._show(simulator)

    def image(self, simulator: Simulator, index: int = 0) -> NDArray[np.uint8]:
        """The view of world ``index``, uint8 (H, W, 3)."""
        return self._view.image(scene_of(simulator, index), self._trails[index])

    def _show(self, simulator: Simulator) -> None:
        if self._window is None:
            self._window = _open_window()
        self._view.draw(self._window, scene_of(simulator), self._trails[0])
        pygame.event.pump()
        pygame.display.flip()
        if self.frame_rate:
            self._clock.tick(self.frame_rate)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            pygame.display.quit()
            self._window = None


def _open_window() -> Any:
    try:
        pygame.display.init()
        pygame.display.set_caption("drive_sim")
        return pygame.display.set_mode(IMAGE_SIZE)
    except pygame.error as error:
        raise InputError(
            "render_mode", "human", f"finds no display ({error})", "use rgb_array, or start a display such as Xvfb"
        ) from None
