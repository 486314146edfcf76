"""What an image from above is read by: its scale and where north is."""

from __future__ import annotations

import math

import numpy as np
import pygame

BAR_LENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
"""Scale bars to choose from [m]."""
COMPASS_SMOOTHING = 2
"""Times that the compass is drawn larger than it is shown."""


def bar_length(width: int, scale: float) -> float:
    """Length [m] of the scale bar of an image ``width`` [px] wide with ``scale`` pixels a metre."""
    return max((bar for bar in BAR_LENGTHS if bar * scale <= 0.22 * width), default=BAR_LENGTHS[0])


def scale_label(width: int, scale: float) -> pygame.Surface:
    """The words beside the scale bar. Once drawn they outlast a ``pygame.quit()``; a font does not."""
    pygame.font.init()
    return pygame.font.Font(None, 19).render(f"{bar_length(width, scale):g} m", True, (255, 255, 255))


def draw_scale(surface: pygame.Surface, label: pygame.Surface, scale: float) -> None:
    """A scale bar with its ``label`` in the lower right corner of an image with ``scale`` pixels a metre."""
    width, height = surface.get_size()
    length = bar_length(width, scale)
    right, bottom = width - 18, height - 18
    left = round(right - length * scale)
    panel = pygame.Surface((right - left + 24, 38), pygame.SRCALPHA)
    pygame.draw.rect(panel, (16, 18, 22, 150), panel.get_rect(), border_radius=8)
    surface.blit(panel, (left - 12, bottom - 24))
    for part in range(4):
        edges = [round(left + (right - left) * k / 4) for k in (part, part + 1)]
        shade = (250, 250, 250) if part % 2 == 0 else (120, 124, 130)
        pygame.draw.rect(surface, shade, (edges[0], bottom - 2, edges[1] - edges[0], 5))
    surface.blit(label, ((left + right - label.get_width()) // 2, bottom - 19))


def draw_compass(surface: pygame.Surface, up: float) -> None:
    """Where north is, in the upper right corner; ``up`` [rad] is what points upwards."""
    size, radius = 46, 20.0
    panel = pygame.Surface((size * COMPASS_SMOOTHING, size * COMPASS_SMOOTHING), pygame.SRCALPHA)
    middle = np.full(2, size * COMPASS_SMOOTHING / 2)
    pygame.draw.circle(panel, (16, 18, 22, 150), middle, radius * COMPASS_SMOOTHING)
    # North is at pi / 2 - up from the image's upward direction, counter-clockwise.
    turn = math.pi / 2 - up
    north = np.array([-math.sin(turn), -math.cos(turn)]) * radius * COMPASS_SMOOTHING
    side = np.array([-north[1], north[0]])
    for tip, shade in ((north, (236, 84, 66)), (-north, (214, 217, 222))):
        corners = [middle + 0.8 * tip, middle + 0.22 * side, middle - 0.22 * side]
        pygame.draw.polygon(panel, shade, [corner.tolist() for corner in corners])
    surface.blit(pygame.transform.smoothscale(panel, (size, size)), (surface.get_width() - size - 8, 8))
