"""The right side of the window: what the camera sees, and what a driver wants to know at a glance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pygame
from numpy.typing import NDArray

from drive_sim.window.lettering import (
    AMBER,
    BACK,
    BLUE,
    CARD,
    FAINT,
    GREEN,
    INK,
    RED,
    TRACK,
    Shade,
    fitted,
    mix,
    plate,
    text,
)
from drive_sim.world.ego.single_track import GRAVITY

PAD = 16
HELP_ROW, BAR_ROW = 30, 27
"""Heights [px]."""
LEAST_GAUGES = 4 * BAR_ROW + 12 + 96
"""Height that the gauges keep, however high the camera's image is [px]."""
METER_REACH = 8.0
"""Acceleration at the rim of the g-meter [m/s²]: about what tyres hold on a dry road."""


@dataclass(frozen=True)
class Dashboard:
    """What the panel shows; SI units."""

    image: NDArray[np.uint8]
    """(H, W, 3) of the camera."""
    speed: float
    limit: float
    steering: float
    """Command, -1 (right) to 1 (left)."""
    acceleration: float
    """Command, -1 (brake) to 1 (throttle)."""
    force: tuple[float, float]
    """Acceleration of the car forward and to the left [m/s²]."""
    lane_offset: float
    """Left of the middle of its lane [m]."""
    lane_width: float
    car_width: float
    title: str
    """The driver and what it drives."""
    progress: float
    """Share of the route driven, 0..1."""
    time: float
    """Episode time [s]."""
    help: tuple[tuple[str, str], ...]
    """(key, what it does)"""
    status: str = ""
    """What is happening, such as the last event."""
    alarm: bool = False
    """Whether the status is bad news."""
    freshness: float = 1.0
    """Of the status: 1 new, 0 faded away."""
    recording: float | None = None
    """Seconds recorded; None when nothing is being recorded."""


class Panel:
    """Draws dashboards on a surface of (width, height) [px]."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def draw(self, surface: pygame.Surface, board: Dashboard) -> None:
        """Draw everything: the image at the top, the keys at the bottom, the gauges in the room between."""
        surface.fill(BACK)
        width = self.size[0] - 2 * PAD
        rows = (len(board.help) + 1) // 2
        keys = pygame.Rect(PAD, self.size[1] - PAD - rows * HELP_ROW, width, rows * HELP_ROW)
        journey = pygame.Rect(PAD, keys.top - PAD - 104, width, 104)
        top = self._image(surface, board, width, journey.top - 2 * PAD - LEAST_GAUGES) + PAD
        self._gauges(surface, board, pygame.Rect(PAD, top, width, journey.top - PAD - top))
        self._journey(surface, board, journey)
        self._help(surface, board, keys)

    def _image(self, surface: pygame.Surface, board: Dashboard, width: int, lowest: int) -> int:
        """Draw the image as large as ``width`` and the row ``lowest`` allow; the row below it."""
        rows, columns, _ = board.image.shape
        image = pygame.image.frombuffer(np.ascontiguousarray(board.image).tobytes(), (columns, rows), "RGB")
        top = PAD + 20
        scale = min(width / columns, (lowest - top) / rows)
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        surface.blit(text("camera", 20, FAINT), (PAD, PAD))
        label = text(f"{columns} × {rows}", 20, FAINT)
        surface.blit(label, (PAD + width - label.get_width(), PAD))
        surface.blit(pygame.transform.smoothscale(image, size), (PAD + (width - size[0]) // 2, top))
        if board.recording is not None:
            self._light(surface, board.recording, PAD + width - 12, top + 12)
        return top + size[1]

    def _light(self, surface: pygame.Surface, seconds: float, right: int, top: int) -> None:
        label = text(f"REC {_clock(seconds)}", 24, INK)
        box = pygame.Rect(0, 0, label.get_width() + 46, 32)
        box.topright = (right, top)
        surface.blit(plate(*box.size, 16, BACK), box)
        # The light blinks with the recording's own time, not with a clock.
        shade = RED if seconds % 1.0 < 0.6 else mix(RED, BACK, 0.3)
        surface.blit(plate(14, 14, 7, shade), (box.left + 12, box.centery - 7))
        surface.blit(label, label.get_rect(midleft=(box.left + 34, box.centery)))

    def _gauges(self, surface: pygame.Surface, board: Dashboard, box: pygame.Rect) -> None:
        surface.blit(plate(*box.size, 10, CARD), box)
        bars = box.bottom - 12 - 4 * BAR_ROW
        middle = (box.top + bars) // 2 + 2
        self._speed(surface, board, box.left + 150, middle)
        radius = min(56, (bars - box.top) // 2 - 8)
        self._meter(surface, board.force, (box.centerx + 36, middle), radius)
        self._sign(surface, board.limit, (box.right - 66, middle))
        rows = (
            ("steering", -board.steering, True, BLUE),
            ("throttle", max(board.acceleration, 0.0), False, GREEN),
            ("brake", max(-board.acceleration, 0.0), False, RED),
        )
        for row, (name, value, centred, shade) in enumerate(rows):
            track = self._track(surface, name, box, bars + BAR_ROW * row)
            self._bar(surface, track, value, centred, shade)
        self._lane(surface, board, self._track(surface, "in lane", box, bars + BAR_ROW * len(rows)))

    @staticmethod
    def _speed(surface: pygame.Surface, board: Dashboard, right: int, middle: int) -> None:
        fast = board.speed > board.limit * 1.05
        number = text(f"{board.speed * 3.6:.0f}", 108, AMBER if fast else INK)
        surface.blit(number, number.get_rect(midright=(right, middle + 4)))
        surface.blit(text("km/h", 26, FAINT), (right + 12, middle + 12))

    @staticmethod
    def _sign(surface: pygame.Surface, limit: float, centre: tuple[int, int]) -> None:
        for radius, shade in ((40, RED), (31, (250, 250, 250))):
            surface.blit(plate(2 * radius, 2 * radius, radius, shade), (centre[0] - radius, centre[1] - radius))
        number = text(f"{limit * 3.6:.0f}", 36, (20, 20, 20))
        surface.blit(number, number.get_rect(center=(centre[0], centre[1] + 1)))

    @staticmethod
    def _meter(surface: pygame.Surface, force: tuple[float, float], centre: tuple[int, int], radius: int) -> None:
        """Where the car is being pushed: up is faster, left is left."""
        for share, shade in ((1.0, TRACK), (0.97, BACK), (0.5, TRACK), (0.47, BACK)):
            r = round(share * radius)
            surface.blit(plate(2 * r, 2 * r, r, shade), (centre[0] - r, centre[1] - r))
        for along, across in ((radius - 2, 0), (0, radius - 2)):
            x, y = centre[0] - 0.5, centre[1] - 0.5
            pygame.draw.line(surface, TRACK, (x - along, y - across), (x + along, y + across))
        forward, left = force
        total = math.hypot(forward, left)
        scale = radius * min(1.0 / METER_REACH, 0.94 / max(total, 1e-9))
        place = (round(centre[0] - left * scale) - 7, round(centre[1] - forward * scale) - 7)
        surface.blit(plate(14, 14, 7, AMBER if total > 0.8 * METER_REACH else BLUE), place)
        label = text(f"{total / GRAVITY:.2f} g", 20, FAINT)
        surface.blit(label, (centre[0] + radius + 8, centre[1] + radius - label.get_height()))

    @staticmethod
    def _track(surface: pygame.Surface, name: str, box: pygame.Rect, top: int) -> pygame.Rect:
        """A bar's label and its empty track."""
        track = pygame.Rect(box.left + 104, top + 3, box.width - 124, 10)
        label = text(name, 21, FAINT)
        surface.blit(label, label.get_rect(midleft=(box.left + 18, track.centery)))
        surface.blit(plate(*track.size, 5, TRACK), track)
        return track

    @staticmethod
    def _bar(surface: pygame.Surface, track: pygame.Rect, value: float, centred: bool, shade: Shade) -> None:
        value = min(max(value, -1.0), 1.0)
        if centred:
            start, end = sorted((track.centerx, track.centerx + round(value * track.width / 2)))
        else:
            start, end = track.left, track.left + round(value * track.width)
        if end > start:
            surface.blit(plate(end - start, track.height, min(5, (end - start) // 2), shade), (start, track.top))
        if centred:
            pygame.draw.line(surface, FAINT, (track.centerx, track.top - 4), (track.centerx, track.bottom + 3))

    @staticmethod
    def _lane(surface: pygame.Surface, board: Dashboard, track: pygame.Rect) -> None:
        """The car between its lane's markings, which are the ticks; beyond them there is half a lane's room."""
        scale = track.width / (2.0 * board.lane_width)
        for side in (-0.5, 0.5):
            x = round(track.centerx + side * board.lane_width * scale)
            pygame.draw.line(surface, INK, (x, track.top - 4), (x, track.bottom + 3), 2)
        over = abs(board.lane_offset) + 0.5 * board.car_width > 0.5 * board.lane_width
        car = pygame.Rect(0, track.top, round(board.car_width * scale), track.height)
        car.centerx = round(track.centerx - board.lane_offset * scale)
        surface.blit(plate(*car.size, 4, AMBER if over else GREEN), car.clamp(track))

    def _journey(self, surface: pygame.Surface, board: Dashboard, box: pygame.Rect) -> None:
        surface.blit(plate(*box.size, 10, CARD), box)
        shown = text(_clock(board.time), 24, FAINT)
        surface.blit(shown, (box.right - 18 - shown.get_width(), box.top + 16))
        room = box.width - 52 - shown.get_width()
        surface.blit(fitted(board.title, 24, INK, room), (box.left + 18, box.top + 16))
        # In steps, so that a fading text is kept and not drawn anew for every image.
        share = math.ceil(max(board.freshness, 0.0) * 8.0) / 8.0
        if board.status and share > 0.0:
            shade = mix(RED if board.alarm else FAINT, CARD, share)
            surface.blit(fitted(board.status, 21, shade, box.width - 36), (box.left + 18, box.top + 45))
        track = pygame.Rect(box.left + 18, box.bottom - 26, box.width - 36, 8)
        surface.blit(plate(*track.size, 4, TRACK), track)
        self._bar(surface, track, board.progress, False, GREEN)

    @staticmethod
    def _help(surface: pygame.Surface, board: Dashboard, box: pygame.Rect) -> None:
        column = box.width // 2
        for index, (key, meaning) in enumerate(board.help):
            x, y = box.left + (index % 2) * column, box.top + (index // 2) * HELP_ROW
            label = text(key, 21, INK)
            cap = pygame.Rect(x, y, label.get_width() + 18, 24)
            surface.blit(plate(*cap.size, 5, TRACK), cap)
            surface.blit(label, label.get_rect(center=cap.center))
            words = text(meaning, 21, FAINT)
            surface.blit(words, words.get_rect(midleft=(cap.right + 9, cap.centery)))


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
