"""Road users seen from above: a sprite for every look, drawn large and reduced once, then turned at every frame.

A sprite points to the right of the screen. Lengths in it are metres from its middle, x forward, y left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pygame

from drive_sim.top_down.ground import Shade, display
from drive_sim.top_down.scene import SceneActor
from drive_sim.world.state import (
    ACTOR_BUS,
    ACTOR_CAR,
    ACTOR_CONE,
    ACTOR_CYCLIST,
    ACTOR_DEBRIS,
    ACTOR_LORRY,
    ACTOR_MOTORCYCLE,
    ACTOR_PEDESTRIAN,
)

ENLARGED = 4
"""Times that a sprite is drawn larger than it is shown."""
MARGIN = 0.5
"""Empty space around a road user in its sprite [m]."""
STEERING_STEP = math.radians(3.0)
"""Front wheels are drawn at multiples of this angle [rad]."""
GLASS, DARK_GLASS, TYRE = (46, 58, 72), (28, 35, 44), (22, 22, 24)
LAMP, TAIL, BRAKE = (255, 246, 205), (150, 18, 18), (255, 48, 36)
SKIN, TROUSERS, STEEL = (206, 158, 128), (44, 48, 62), (60, 62, 66)

Point = tuple[float, float]


class Look(NamedTuple):
    """What a sprite depends on."""

    kind: int
    length: float
    width: float
    shade: Shade
    braking: bool
    steering: int


def look_of(actor: SceneActor) -> Look:
    """The look of a road user now."""
    steering = round(actor.steering / STEERING_STEP)
    return Look(actor.kind, actor.length, actor.width, display(actor.colour), actor.braking, steering)


class Sheet:
    """A transparent surface with metres for coordinates."""

    def __init__(self, length: float, width: float, scale: float) -> None:
        self.scale = scale * ENLARGED
        size = [max(4, round((extent + 2 * MARGIN) * scale)) for extent in (length, width)]
        self.size = (size[0], size[1])
        self.surface = pygame.Surface((size[0] * ENLARGED, size[1] * ENLARGED), pygame.SRCALPHA)

    def _pixel(self, x: float, y: float) -> Point:
        return (
            self.surface.get_width() / 2 + x * self.scale,
            self.surface.get_height() / 2 - y * self.scale,
        )

    def polygon(self, shade: Shade, points: Sequence[Point], mirror: bool = False) -> None:
        """A filled polygon; with ``mirror`` also its image on the other side."""
        pygame.draw.polygon(self.surface, shade, [self._pixel(x, y) for x, y in points])
        if mirror:
            pygame.draw.polygon(self.surface, shade, [self._pixel(x, -y) for x, y in points])

    def box(
        self, shade: Shade, front: float, rear: float, half: float, corner: float = 0.0, middle: float = 0.0
    ) -> None:
        """A rectangle from ``rear`` to ``front``, ``half`` to both sides of y = ``middle``; round corners."""
        left, top = self._pixel(rear, middle + half)
        width, height = (front - rear) * self.scale, 2 * half * self.scale
        rectangle = pygame.Rect(round(left), round(top), max(1, round(width)), max(1, round(height)))
        pygame.draw.rect(self.surface, shade, rectangle, border_radius=max(0, round(corner * self.scale)))

    def disc(self, shade: Shade, x: float, y: float, radius: float) -> None:
        """A filled circle."""
        pygame.draw.circle(self.surface, shade, self._pixel(x, y), radius * self.scale)

    def bar(self, shade: Shade, start: Point, end: Point, width: float) -> None:
        """A thick line."""
        pygame.draw.line(self.surface, shade, self._pixel(*start), self._pixel(*end), max(1, round(width * self.scale)))

    def wheel(self, x: float, y: float, angle: float) -> None:
        """A tyre, turned by ``angle`` [rad]."""
        c, s = math.cos(angle), math.sin(angle)
        corners = ((0.32, 0.11), (0.32, -0.11), (-0.32, -0.11), (-0.32, 0.11))
        self.polygon(TYRE, [(x + c * a - s * b, y + s * a + c * b) for a, b in corners])

    def reduced(self) -> pygame.Surface:
        """The sprite at the size it is shown, its edges smooth."""
        return pygame.transform.smoothscale(self.surface, self.size)


def shaded(shade: Shade, factor: float) -> Shade:
    """Darker (below 1) or lighter (above 1), towards white."""
    if factor <= 1.0:
        red, green, blue = (round(channel * factor) for channel in shade)
    else:
        red, green, blue = (round(255 - (255 - channel) * (2.0 - factor)) for channel in shade)
    return red, green, blue


def _car(sheet: Sheet, look: Look) -> None:
    a, b = look.length / 2, look.width / 2
    for x, angle in ((0.62 * a, look.steering * STEERING_STEP), (-0.62 * a, 0.0)):
        for side in (-1, 1):
            sheet.wheel(x, side * (b - 0.06), angle)
    outline = [(a, 0.42 * b), (a - 0.1, 0.72 * b), (a - 0.4, 0.95 * b), (0.35 * a, b), (-0.75 * a, b),
               (-a + 0.2, 0.93 * b), (-a, 0.7 * b)]  # fmt: skip
    full = outline + [(x, -y) for x, y in reversed(outline)]
    sheet.polygon(shaded(look.shade, 0.62), full)
    sheet.polygon(look.shade, [(0.975 * x, 0.93 * y) for x, y in full])
    # Crease lines of the bonnet, then the glass house: screen, side windows, rear window, roof.
    sheet.polygon(shaded(look.shade, 1.14), [(0.93 * a, 0.5 * b), (0.42 * a, 0.6 * b), (0.42 * a, -0.6 * b),
                                              (0.93 * a, -0.5 * b)])  # fmt: skip
    sheet.polygon(DARK_GLASS, [(0.4 * a, 0.8 * b), (0.47 * a, 0), (0.4 * a, -0.8 * b), (-0.62 * a, -0.82 * b),
                               (-0.7 * a, 0), (-0.62 * a, 0.82 * b)])  # fmt: skip
    sheet.polygon(GLASS, [(0.4 * a, 0.76 * b), (0.46 * a, 0), (0.4 * a, -0.76 * b), (0.16 * a, -0.62 * b),
                          (0.16 * a, 0.62 * b)])  # fmt: skip
    sheet.box(shaded(look.shade, 1.07), 0.15 * a, -0.47 * a, 0.63 * b, 0.12)
    sheet.box(shaded(look.shade, 1.2), 0.11 * a, -0.43 * a, 0.45 * b, 0.1)
    sheet.polygon(look.shade, [(0.22 * a, b - 0.02), (0.34 * a, b - 0.02), (0.27 * a, b + 0.17), (0.2 * a, b + 0.17)],
                  mirror=True)  # fmt: skip
    _lamps(sheet, look, a, b)


def _lamps(sheet: Sheet, look: Look, a: float, b: float) -> None:
    """Headlights, and tail lights that tell whether it brakes."""
    sheet.polygon(LAMP, [(a - 0.04, 0.5 * b), (a - 0.1, 0.74 * b), (a - 0.42, 0.86 * b), (a - 0.3, 0.55 * b)],
                  mirror=True)  # fmt: skip
    depth = 0.26 if look.braking else 0.17
    sheet.polygon(BRAKE if look.braking else TAIL, [(-a + 0.03, 0.42 * b), (-a + 0.03, 0.7 * b), (-a + 0.2, 0.88 * b),
                                                    (-a + depth, 0.45 * b)], mirror=True)  # fmt: skip
    if look.braking:
        sheet.box(BRAKE, -0.64 * a, -0.69 * a, 0.2 * b)


def _lorry(sheet: Sheet, look: Look) -> None:
    a, b = look.length / 2, look.width / 2
    cab = a - 2.2
    for x in (a - 1.1, -a + 1.2, -a + 2.4):
        for side in (-1, 1):
            sheet.wheel(x, side * (b - 0.05), 0.0)
    sheet.box(STEEL, a - 0.5, -a + 0.1, 0.5 * b)
    sheet.box(shaded(look.shade, 0.7), a, cab, b, 0.25)
    sheet.box(look.shade, a - 0.05, cab + 0.05, b - 0.07, 0.22)
    sheet.box(GLASS, a - 0.14, a - 0.62, 0.82 * b, 0.12)
    cargo = cab - 0.25
    sheet.box((150, 152, 152), cargo, -a, b, 0.06)
    sheet.box((214, 215, 211), cargo - 0.07, -a + 0.07, b - 0.07, 0.04)
    for k in range(1, int(cargo + a)):
        sheet.bar((192, 194, 191), (-a + k, b - 0.1), (-a + k, -b + 0.1), 0.05)
    _lamps(sheet, look, a, b)
    sheet.box(BRAKE if look.braking else TAIL, -a + 0.12, -a, 0.18, middle=b - 0.25)
    sheet.box(BRAKE if look.braking else TAIL, -a + 0.12, -a, 0.18, middle=-b + 0.25)


def _bus(sheet: Sheet, look: Look) -> None:
    a, b = look.length / 2, look.width / 2
    sheet.box(shaded(look.shade, 0.62), a, -a, b, 0.35)
    sheet.box(DARK_GLASS, a - 0.04, -a + 0.05, b - 0.05, 0.32)
    sheet.box(GLASS, a - 0.08, a - 0.5, 0.86 * b, 0.2)
    sheet.box(look.shade, a - 0.45, -a + 0.25, b - 0.18, 0.2)
    sheet.box(shaded(look.shade, 1.16), a - 0.6, -a + 0.4, 0.5 * b, 0.15)
    for x in (0.55 * a, -0.45 * a):
        sheet.box(shaded(look.shade, 0.72), x + 0.45, x - 0.45, 0.42, 0.1)
        sheet.box(shaded(look.shade, 1.1), x + 0.36, x - 0.36, 0.33, 0.08)
    sheet.box((96, 100, 104), 0.32 * a, -0.12 * a, 0.55, 0.1)
    _lamps(sheet, look, a, b)


def _rider(sheet: Sheet, look: Look, back: float, helmet: Shade) -> None:
    """Arms to the handlebar, shoulders, head."""
    reach = 0.45 * look.length / 2
    shoulder = 0.42 * look.width
    for side in (-1, 1):
        sheet.bar(shaded(look.shade, 0.85), (back, side * shoulder), (reach, side * 0.9 * shoulder), 0.12)
    sheet.box(look.shade, back + 0.17, back - 0.17, shoulder + 0.06, 0.15)
    sheet.disc(helmet, back + 0.08, 0.0, 0.15)


def _motorcycle(sheet: Sheet, look: Look) -> None:
    a = look.length / 2
    sheet.box(TYRE, a, a - 0.65, 0.08, 0.06)
    sheet.box(TYRE, -a + 0.65, -a, 0.1, 0.06)
    sheet.box(shaded(look.shade, 0.8), 0.62 * a, -0.75 * a, 0.17, 0.12)
    sheet.bar(STEEL, (0.42 * a, 0.42 * look.width), (0.42 * a, -0.42 * look.width), 0.06)
    sheet.disc(LAMP, 0.64 * a, 0.0, 0.09)
    sheet.box(BRAKE if look.braking else TAIL, -0.72 * a, -0.82 * a, 0.09, 0.03)
    _rider(sheet, look, -0.1, (30, 32, 38))


def _cyclist(sheet: Sheet, look: Look) -> None:
    a = look.length / 2
    sheet.box(TYRE, a, a - 0.66, 0.03, 0.03)
    sheet.box(TYRE, -a + 0.66, -a, 0.03, 0.03)
    sheet.bar(STEEL, (a - 0.4, 0.0), (-a + 0.4, 0.0), 0.05)
    sheet.bar(STEEL, (0.45 * a, 0.38 * look.width), (0.45 * a, -0.38 * look.width), 0.04)
    for side in (-1, 1):
        sheet.bar(TROUSERS, (-0.2, side * 0.1), (side * 0.12, side * 0.13), 0.13)
    _rider(sheet, look, -0.05, (236, 232, 220))


def _pedestrian(sheet: Sheet, look: Look) -> None:
    shoulder = look.width / 2
    for side in (-1, 1):  # in mid-stride: a foot forward, the other arm forward
        sheet.box(TROUSERS, side * 0.2 + 0.16, side * 0.2 - 0.14, 0.065, 0.06, middle=side * 0.1)
        sheet.bar(
            shaded(look.shade, 0.8), (0.0, side * (shoulder - 0.07)), (-side * 0.22, side * (shoulder - 0.05)), 0.11
        )
    sheet.box(look.shade, 0.14, -0.14, shoulder, 0.14)
    sheet.disc((66, 46, 32), 0.0, 0.0, 0.13)
    sheet.disc(SKIN, 0.06, 0.0, 0.085)


def _cone(sheet: Sheet, look: Look) -> None:
    half = look.length / 2
    sheet.box((150, 44, 8), half, -half, half, 0.04)
    sheet.disc((245, 98, 20), 0.0, 0.0, 0.78 * half)
    sheet.disc((250, 246, 236), 0.0, 0.0, 0.56 * half)
    sheet.disc((245, 98, 20), 0.0, 0.0, 0.34 * half)


def _debris(sheet: Sheet, look: Look) -> None:
    a, b = look.length / 2, look.width / 2
    sheet.polygon(shaded(look.shade, 0.6), [(a, 0.2 * b), (0.5 * a, b), (-0.3 * a, 0.8 * b), (-a, 0.5 * b),
                                            (-0.8 * a, -0.6 * b), (0.0, -b), (0.8 * a, -0.7 * b)])  # fmt: skip
    sheet.polygon(look.shade, [(0.8 * a, 0.1 * b), (0.4 * a, 0.8 * b), (-0.7 * a, 0.35 * b), (-0.5 * a, -0.5 * b),
                               (0.6 * a, -0.5 * b)])  # fmt: skip
    sheet.bar(shaded(look.shade, 0.7), (-0.6 * a, 0.3 * b), (0.7 * a, -0.4 * b), 0.05)


_ARTISTS: dict[int, Callable[[Sheet, Look], None]] = {
    ACTOR_CAR: _car,
    ACTOR_LORRY: _lorry,
    ACTOR_BUS: _bus,
    ACTOR_MOTORCYCLE: _motorcycle,
    ACTOR_CYCLIST: _cyclist,
    ACTOR_PEDESTRIAN: _pedestrian,
    ACTOR_CONE: _cone,
    ACTOR_DEBRIS: _debris,
}


class Wardrobe:
    """Sprites by look, and their soft shadows, for one scale [px/m]."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self._sprites: dict[Look, pygame.Surface] = {}
        self._glows: dict[tuple[Shade, float], pygame.Surface] = {}
        self._shadows: dict[tuple[float, float], pygame.Surface] = {}

    def sprite(self, look: Look) -> pygame.Surface:
        """The sprite of a look; pointing right."""
        if look not in self._sprites:
            sheet = Sheet(look.length, look.width, self.scale)
            _ARTISTS[look.kind](sheet, look)
            self._sprites[look] = sheet.reduced()
        return self._sprites[look]

    def shadow(self, length: float, width: float) -> pygame.Surface:
        """A soft dark patch of that size."""
        if (length, width) not in self._shadows:
            sheet = Sheet(length, width, self.scale)
            sheet.box((0, 0, 0), length / 2, -length / 2, width / 2, 0.25 * width)
            soft = pygame.transform.gaussian_blur(sheet.reduced(), max(1, round(0.18 * self.scale)))
            soft.fill((255, 255, 255, 120), special_flags=pygame.BLEND_RGBA_MULT)
            self._shadows[length, width] = soft
        return self._shadows[length, width]

    def glow(self, colour: Shade, radius: float) -> pygame.Surface:
        """Light to be added around a lamp, of ``radius`` pixels."""
        if (colour, radius) not in self._glows:
            across = np.arange(-math.ceil(radius), math.ceil(radius) + 1)
            distance = np.hypot(across[:, None], across[None, :]) / radius
            power = np.clip(1.0 - distance, 0.0, 1.0) ** 2
            self._glows[colour, radius] = pygame.surfarray.make_surface((power[..., None] * colour).astype(np.uint8))
        return self._glows[colour, radius]
