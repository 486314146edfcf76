"""The window itself: the map on the left, the panel on the right, and what is said in large letters."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from drive_sim.base.errors import InputError
from drive_sim.top_down.scene import Scene
from drive_sim.top_down.view import TopDownView
from drive_sim.window.lettering import BACK, GREEN, INK, RED, Shade, fitted, mix, plate, text
from drive_sim.window.panel import Dashboard, Panel

WINDOW_SIZE = (1280, 720)
MAP_WIDTH = 664
BANNER_TOP = 96
"""Where a banner is [px]: above the car, below the compass."""

TITLE_POINTS = (58, 48, 40, 34)
"""Sizes of a banner's title: the largest that has room."""


@dataclass(frozen=True)
class Banner:
    """What is said over the map: how a drive ended."""

    title: str
    detail: str
    good: bool


class Display:
    """The window and the two halves of its image. It can be resized; its image keeps its shape.

    Raises
    ------
    InputError
        When there is no display.
    """

    def __init__(self, title: str) -> None:
        self._window = _open_window(title)
        self._image = pygame.Surface(WINDOW_SIZE)
        self._map = TopDownView((MAP_WIDTH, WINDOW_SIZE[1]), scale=8.0)
        self._panel = Panel((WINDOW_SIZE[0] - MAP_WIDTH, WINDOW_SIZE[1]))
        self._left = pygame.Surface((MAP_WIDTH, WINDOW_SIZE[1]))
        self._right = pygame.Surface(self._panel.size)
        self._say("getting ready")

    def show(
        self,
        scene: Scene,
        board: Dashboard,
        trail: Sequence[tuple[float, float]] = (),
        banner: Banner | None = None,
    ) -> None:
        """Draw an image and put it on the screen."""
        self._map.draw(self._left, scene, trail)
        if banner is not None:
            draw_banner(self._left, banner)
        self._panel.draw(self._right, board)
        self._image.blit(self._left, (0, 0))
        self._image.blit(self._right, (MAP_WIDTH, 0))
        self._present()

    def _say(self, words: str) -> None:
        # The first drive after an installation compiles for a minute; a black window would look broken.
        self._image.fill(BACK)
        label = text(words, 40, INK)
        self._image.blit(label, label.get_rect(center=self._image.get_rect().center))
        self._present()
        pygame.event.pump()

    def _present(self) -> None:
        # Not by pygame.SCALED: that scales by whole numbers, and cuts off what a smaller window has no room for.
        window = self._window
        box = largest_box(window.get_size())
        if box.size == WINDOW_SIZE:
            image = self._image
        else:
            image = pygame.transform.smoothscale(self._image, box.size)
        if box.size != window.get_size():
            window.fill((0, 0, 0))
        window.blit(image, box)
        pygame.display.flip()

    @staticmethod
    def close() -> None:
        """Close the window."""
        pygame.display.quit()


def largest_box(size: tuple[int, int]) -> pygame.Rect:
    """The largest rectangle of the image's shape in the middle of (width, height) [px]."""
    scale = min(size[0] / WINDOW_SIZE[0], size[1] / WINDOW_SIZE[1])
    box = pygame.Rect(0, 0, max(1, round(scale * WINDOW_SIZE[0])), max(1, round(scale * WINDOW_SIZE[1])))
    box.center = (size[0] // 2, size[1] // 2)
    return box


def draw_banner(surface: pygame.Surface, banner: Banner) -> None:
    """Lay a banner over the map."""
    shade: Shade = GREEN if banner.good else RED
    room = surface.get_width() - 120
    titles = (text(banner.title, points, INK) for points in TITLE_POINTS)
    title = next((image for image in titles if image.get_width() <= room), None)
    title = title or fitted(banner.title, TITLE_POINTS[-1], INK, room)
    detail = text(banner.detail, 26, mix(INK, BACK, 0.8))
    box = pygame.Rect(0, BANNER_TOP, max(title.get_width(), detail.get_width(), 300) + 72, 132)
    box.centerx = surface.get_width() // 2
    surface.blit(plate(*box.size, 14, BACK, 225), box)
    surface.blit(plate(8, box.height - 36, 4, shade), (box.left + 18, box.top + 18))
    surface.blit(title, title.get_rect(center=(box.centerx, box.top + 46)))
    surface.blit(detail, detail.get_rect(center=(box.centerx, box.top + 98)))


def _open_window(title: str) -> pygame.Surface:
    """A window on a visible screen. SDL draws into memory where there is none, which is refused."""
    hint = "start a display (such as Xvfb), or add --headless"
    asked = os.environ.get("SDL_VIDEODRIVER", "")
    if asked in ("dummy", "offscreen"):
        raise InputError("display", "", f"SDL_VIDEODRIVER={asked} shows nothing", "unset it, or add --headless")
    desktop = sys.platform in ("win32", "darwin")
    if not (asked or desktop or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise InputError("display", "", "neither DISPLAY nor WAYLAND_DISPLAY is set", hint)
    try:
        pygame.display.init()
        if pygame.display.get_driver() in ("dummy", "offscreen"):
            raise pygame.error("none answers")
        if pygame.display.get_driver() == "x11":
            # What is drawn without a GPU gets to the screen soonest without one: 0.02 instead of 4 ms an image.
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        pygame.display.set_caption(title)
        desktop_width, desktop_height = pygame.display.get_desktop_sizes()[0]
        fits = desktop_width >= WINDOW_SIZE[0] and desktop_height >= WINDOW_SIZE[1]
        size = WINDOW_SIZE if fits else largest_box((desktop_width, desktop_height)).size
        return pygame.display.set_mode(size, pygame.RESIZABLE)
    except pygame.error as error:
        pygame.display.quit()
        raise InputError("display", "", f"cannot be opened: {error}", hint) from None
