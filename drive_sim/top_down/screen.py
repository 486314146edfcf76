"""The top-down view of an environment's worlds, with the way that each car has come, and its window."""

from __future__ import annotations

import os
import weakref
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
        self._clock = pygame.time.Clock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_clock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # pygame's clock can be neither copied nor pickled.
        self.__dict__.update(state)
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
        window = _WINDOW.surface(self)
        self._view.draw(window, scene_of(simulator), self._trails[0])
        pygame.event.pump()
        pygame.display.flip()
        if self.frame_rate:
            self._clock.tick(self.frame_rate)

    def close(self) -> None:
        """Close the window, unless another screen shows itself there."""
        _WINDOW.leave(self)


class _Window:
    """The one window that pygame has in a process, shared by every `Screen` that shows itself.

    Another library may close it or open its own at any time: it is asked for anew before every image.
    """

    def __init__(self) -> None:
        self._surface: pygame.Surface | None = None
        self._users: weakref.WeakSet[Screen] = weakref.WeakSet()

    def surface(self, user: Screen) -> pygame.Surface:
        """What to draw on; opened where it is not open. InputError without a display, or where it is another's."""
        shown = pygame.display.get_surface() if pygame.display.get_init() else None
        if shown is None:
            self._surface = _open_window()
        elif shown is not self._surface:
            raise InputError(
                "render_mode", "human", "finds pygame's only window in use", "close the other, or use rgb_array"
            )
        self._users.add(user)
        assert self._surface is not None
        return self._surface

    def leave(self, user: Screen) -> None:
        """Close the window when its last user leaves it."""
        if user not in self._users:
            return
        self._users.discard(user)
        ours = pygame.display.get_init() and pygame.display.get_surface() is self._surface
        if ours and not self._users:
            pygame.display.quit()
            self._surface = None


_WINDOW = _Window()


def _open_window() -> pygame.Surface:
    try:
        pygame.display.init()
        # Where there is no display, SDL draws into memory; it is allowed only when asked for by name.
        if pygame.display.get_driver() in ("dummy", "offscreen") and not os.environ.get("SDL_VIDEODRIVER"):
            raise pygame.error("neither DISPLAY nor WAYLAND_DISPLAY answers")
        pygame.display.set_caption("drive_sim")
        return pygame.display.set_mode(IMAGE_SIZE)
    except pygame.error as error:
        pygame.display.quit()
        raise InputError(
            "render_mode", "human", f"finds no display ({error})", "use rgb_array, or start a display such as Xvfb"
        ) from None
