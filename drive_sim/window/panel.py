"""The right side of the window: what the camera sees, and what a driver wants to know at a glance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pygame
from numpy.typing import NDArray

Shade = tuple[int, int, int]
BACK: Shade = (22, 25, 30)
CARD: Shade = (33, 37, 44)
INK: Shade = (236, 239, 244)
FAINT: Shade = (140, 149, 163)
TRACK: Shade = (58, 64, 75)
BLUE: Shade = (92, 160, 255)
GREEN: Shade = (76, 195, 118)
RED: Shade = (242, 80, 74)
AMBER: Shade = (255, 184, 64)

PAD = 16


@dataclass(frozen=True)
class Dashboard:
    """What the panel shows; SI units."""

    picture: NDArray[np.uint8]
    """(H, W, 3) of the front camera."""
    speed: float
    limit: float
    steering: float
    """Command, -1 (right) to 1 (left)."""
    acceleration: float
    """Command, -1 (brake) to 1 (throttle)."""
    title: str
    """Who drives what."""
    status: str
    """What is happening, such as the last event."""
    alarm: bool
    """Whether the status is bad news."""
    progress: float
    """Share of the route driven, 0..1."""
    time: float
    """Episode time [s]."""
    recording: float | None
    """Seconds recorded; None when nothing is being recorded."""
    help: tuple[tuple[str, str], ...]
    """(key, what it does)"""


class Panel:
    """Draws dashboards on a surface of (width, height) [px]."""

    def __init__(self, size: tuple[int, int]) -> None:
        pygame.font.init()
        self.size = size
        self._fonts = {points: pygame.font.Font(None, points) for points in (20, 24, 30, 92)}

    def draw(self, surface: pygame.Surface, board: Dashboard) -> None:
        """Draw everything."""
        surface.fill(BACK)
        width = self.size[0] - 2 * PAD
        bottom = self._picture(surface, board, width)
        bottom = self._gauges(surface, board, pygame.Rect(PAD, bottom + PAD, width, 196))
        bottom = self._journey(surface, board, pygame.Rect(PAD, bottom + PAD, width, 96))
        self._help(surface, board, pygame.Rect(PAD, bottom + PAD, width, self.size[1] - bottom - 2 * PAD))

    def _text(
        self, surface: pygame.Surface, text: str, points: int, shade: Shade, x: int, y: int, right: bool = False
    ) -> pygame.Rect:
        image = self._fonts[points].render(text, True, shade)
        return surface.blit(image, (x - image.get_width() if right else x, y))

    def _picture(self, surface: pygame.Surface, board: Dashboard, width: int) -> int:
        rows, columns, _ = board.picture.shape
        image = pygame.image.frombuffer(np.ascontiguousarray(board.picture).tobytes(), (columns, rows), "RGB")
        height = round(width * rows / columns)
        self._text(surface, "front camera", 20, FAINT, PAD, PAD)
        self._text(surface, f"{columns} × {rows}", 20, FAINT, PAD + width, PAD, right=True)
        top = PAD + 22
        surface.blit(pygame.transform.smoothscale(image, (width, height)), (PAD, top))
        if board.recording is not None:
            self._light(surface, board.recording, PAD + width - 12, top + 12)
        return top + height

    def _light(self, surface: pygame.Surface, seconds: float, right: int, top: int) -> None:
        text = f"{int(seconds // 60)}:{seconds % 60:04.1f}"
        label = self._fonts[24].render(f"REC {text}", True, INK)
        box = pygame.Rect(0, 0, label.get_width() + 40, 30)
        box.topright = (right, top)
        pygame.draw.rect(surface, BACK, box, border_radius=15)
        # The light blinks with the recording's own time, not with a clock.
        shade = RED if seconds % 1.0 < 0.6 else TRACK
        pygame.draw.aacircle(surface, shade, (box.left + 17, box.centery), 7)
        surface.blit(label, (box.left + 30, box.top + 7))

    def _gauges(self, surface: pygame.Surface, board: Dashboard, box: pygame.Rect) -> int:
        pygame.draw.rect(surface, CARD, box, border_radius=10)
        fast = board.speed > board.limit * 1.05
        number = self._fonts[92].render(f"{board.speed * 3.6:.0f}", True, AMBER if fast else INK)
        surface.blit(number, (box.left + 150 - number.get_width(), box.top + 22))
        self._text(surface, "km/h", 24, FAINT, box.left + 162, box.top + 62)
        sign = (box.right - 58, box.top + 56)
        pygame.draw.aacircle(surface, RED, sign, 36)
        pygame.draw.aacircle(surface, (250, 250, 250), sign, 28)
        limit = self._fonts[30].render(f"{board.limit * 3.6:.0f}", True, (20, 20, 20))
        surface.blit(limit, limit.get_rect(center=sign))
        bars = (
            ("steering", -board.steering, True, BLUE),
            ("throttle", max(board.acceleration, 0.0), False, GREEN),
            ("brake", max(-board.acceleration, 0.0), False, RED),
        )
        for row, (name, value, centred, shade) in enumerate(bars):
            y = box.top + 112 + 26 * row
            self._text(surface, name, 20, FAINT, box.left + 16, y)
            track = pygame.Rect(box.left + 100, y + 2, box.width - 120, 10)
            pygame.draw.rect(surface, TRACK, track, border_radius=5)
            self._bar(surface, track, value, centred, shade)
        return box.bottom

    @staticmethod
    def _bar(surface: pygame.Surface, track: pygame.Rect, value: float, centred: bool, shade: Shade) -> None:
        value = min(max(value, -1.0), 1.0)
        if centred:
            start, end = sorted((track.centerx, track.centerx + round(value * track.width / 2)))
            pygame.draw.line(surface, FAINT, (track.centerx, track.top - 3), (track.centerx, track.bottom + 2))
        else:
            start, end = track.left, track.left + round(value * track.width)
        if end > start:
            pygame.draw.rect(surface, shade, (start, track.top, end - start, track.height), border_radius=5)

    def _journey(self, surface: pygame.Surface, board: Dashboard, box: pygame.Rect) -> int:
        pygame.draw.rect(surface, CARD, box, border_radius=10)
        self._text(surface, board.title, 24, INK, box.left + 16, box.top + 14)
        shown = f"{int(board.time // 60)}:{board.time % 60:04.1f}"
        self._text(surface, shown, 24, FAINT, box.right - 16, box.top + 14, right=True)
        self._text(surface, board.status, 20, RED if board.alarm else FAINT, box.left + 16, box.top + 42)
        track = pygame.Rect(box.left + 16, box.top + 70, box.width - 32, 8)
        pygame.draw.rect(surface, TRACK, track, border_radius=4)
        self._bar(surface, track, board.progress, False, GREEN)
        return box.bottom

    def _help(self, surface: pygame.Surface, board: Dashboard, box: pygame.Rect) -> None:
        column = box.width // 2
        for index, (key, meaning) in enumerate(board.help):
            x, y = box.left + (index % 2) * column, box.top + (index // 2) * 28
            label = self._fonts[20].render(key, True, INK)
            cap = pygame.Rect(x, y, label.get_width() + 16, 22)
            pygame.draw.rect(surface, TRACK, cap, border_radius=5)
            surface.blit(label, (x + 8, y + 4))
            self._text(surface, meaning, 20, FAINT, cap.right + 8, y + 4)
